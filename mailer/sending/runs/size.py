"""Whether a mail is larger than the mail servers take, as far as they have said so (SIZE, RFC 1870)."""

from __future__ import annotations

from mailer.clock import utcnow
from mailer.composing.email import Recipient, compile_email
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.user import User
from mailer.sending.contents import whole_content_of
from mailer.sending.mail_headers import TRIAL_TOKEN, about_sender, mail_headers_for, message_id, unsubscribe_url
from mailer.sending.senders import sender_of
from mailer.sending.servers import habits, mail_routes


def too_large(message: Message, owner: User, mailing: Mailing | None = None) -> tuple[int, int] | None:
    """(bytes of one mail, bytes that are taken) when no server of the owner's would take it; else None."""
    limit = habits.size_limit(route.transport for route in mail_routes.routes_of(owner))
    if limit is None:
        return None
    about = about_sender(sender_of(owner, mailing), message.language)
    content = whole_content_of(message)
    everything = dict.fromkeys(message.conditions or (), "1")
    reader = Recipient(owner.email, everything, message_id(TRIAL_TOKEN.hex, 0), unsubscribe_url(TRIAL_TOKEN))
    size = len(compile_email(content, mail_headers_for(owner.id, about), utcnow()).build(reader))
    return (size, limit) if size > limit else None
