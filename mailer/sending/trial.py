"""A trial mail: one message as one client would get it, to the author's own confirmed address."""

from __future__ import annotations

from mailer.clock import utcnow
from mailer.composing.email import Content, Recipient, compile_email
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.client import Client
from mailer.models.message import Message
from mailer.models.user import User
from mailer.queue import SEND_ACCOUNT_EMAIL, enqueue
from mailer.sending.letterhead import letterhead_for, message_id, unsubscribe_url, values_of


def send_trial(message: Message, author: User, client: Client | None) -> AccountEmail:
    """Put the mail into the outbox of account mails, which never waits behind mailings, and commit.

    Without a client the placeholders show their defaults. The unsubscribe link leads nowhere: nobody must be
    unsubscribed by a trial.
    """
    nobody = "00000000-0000-0000-0000-000000000000"
    content = Content(message.subject, message.text_body, message.html_body)
    compiled = compile_email(content, letterhead_for(author), utcnow())
    values = values_of(client) if client is not None else {}
    seen = compiled.preview(Recipient(author.email, values, message_id(nobody, 0), unsubscribe_url(nobody)))
    row = AccountEmail(
        user_id=author.id,
        template="trial",
        to_email=author.email,
        language=author.language,
        context={"subject": seen.subject, "text": seen.text, "html": seen.html},
    )
    db.session.add(row)
    db.session.commit()
    enqueue(SEND_ACCOUNT_EMAIL, row.id)
    return row
