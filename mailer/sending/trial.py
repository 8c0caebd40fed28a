"""A test mail: the very mail one client would get, to the author's own confirmed address."""

from __future__ import annotations

import uuid

from flask_babel import gettext as _

from mailer.clock import utcnow
from mailer.composing.dkim import signed
from mailer.composing.email import Content, Recipient, compile_email
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.client import Client
from mailer.models.message import Message
from mailer.models.user import User
from mailer.queue import SEND_ACCOUNT_EMAIL, enqueue
from mailer.sending import dkim_keys
from mailer.sending.letterhead import (
    TRIAL_TOKEN,
    letterhead_for,
    message_id,
    sender_of,
    unsubscribe_url,
    values_of,
)

TEMPLATE = "trial"  # of its row in the outbox


def send_trial(message: Message, author: User, client: Client | None, *, marks_subject: bool = False) -> AccountEmail:
    """Put the mail into the outbox of account mails, which never waits behind mailings, and commit.

    Without a client the placeholders show their defaults. The unsubscribe link explains itself and unsubscribes nobody.
    """
    row = AccountEmail(
        user_id=author.id,
        template=TEMPLATE,
        to_email=author.email,
        language=author.language,
        context={
            "subject": f"{_('[Test]')} {message.subject}" if marks_subject else message.subject,
            "text": message.text_body,
            "html": message.html_body,
            "values": values_of(client) if client is not None else {},
            "token": uuid.uuid4().hex,
            **sender_of(author),
        },
    )
    db.session.add(row)
    db.session.commit()
    enqueue(SEND_ACCOUNT_EMAIL, row.id)
    return row


def compose_trial(row: AccountEmail) -> bytes:
    """The mail of such a row for SMTP's DATA, made and signed as every mail of a run is."""
    about = row.context
    content = Content(about["subject"], about["text"], about["html"])
    letterhead = letterhead_for(db.session.get_one(User, row.user_id), about, is_trial=True)
    reader = Recipient(row.to_email, about["values"], message_id(about["token"], 0), unsubscribe_url(TRIAL_TOKEN))
    return signed(compile_email(content, letterhead, utcnow()).build(reader), dkim_keys.configured())
