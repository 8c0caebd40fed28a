"""A test mail: the very mail one client would get, to an address that its author has confirmed."""

from __future__ import annotations

import uuid

from flask_babel import gettext as _

from mailer.clock import utcnow
from mailer.composing.dkim import signed
from mailer.composing.email import Recipient, compile_email
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.own_address import OwnAddress
from mailer.models.user import User
from mailer.queue import SEND_ACCOUNT_EMAIL, enqueue
from mailer.sending import own_domains
from mailer.sending.attachments import with_files
from mailer.sending.contents import as_copy, content_of_copy
from mailer.sending.mail_headers import (
    TRIAL_TOKEN,
    about_sender,
    mail_headers_for,
    message_id,
    unsubscribe_url,
    values_of,
)
from mailer.sending.parts_for_some import values_for
from mailer.sending.senders import sender_of
from mailer.sending.tracking import asked_for

TEMPLATE = "trial"  # of its row in the outbox


def send_trial(
    message: Message,
    author: User,
    client: Client | None,
    *,
    mailing: Mailing | None = None,
    to: OwnAddress | None = None,
    marks_subject: bool = False,
) -> AccountEmail:
    """Put the mail into the outbox of account mails, which never waits behind mailings, and commit.

    The sender is that of `mailing`. Without a client the placeholders show their defaults. The unsubscribe link
    explains itself and unsubscribes nobody.
    """
    copy = as_copy(message)
    row = AccountEmail(
        user_id=author.id,
        template=TEMPLATE,
        to_email=to.email if to is not None else author.email,
        language=author.language,
        context={
            **copy,
            "subject": _("[Test]") + f" {message.subject}" if marks_subject else message.subject,
            "values": {
                **(values_of(client) if client is not None else {}),
                **values_for(client, message.owner_id, message.conditions or {}),
            },
            "owner_id": author.id,
            "mailing_id": mailing.id if mailing is not None else None,
            "token": uuid.uuid4().hex,
            **about_sender(sender_of(author, mailing), message.language),
            **(asked_for(mailing) if mailing is not None else {}),
        },
    )
    db.session.add(row)
    db.session.commit()
    enqueue(SEND_ACCOUNT_EMAIL, row.id)
    return row


def compose_trial(row: AccountEmail) -> bytes:
    """The mail of such a row for SMTP's DATA, made and signed as every mail of a run is."""
    about, signers = own_domains.as_it_may_leave(row.context["owner_id"], row.context)
    content = with_files(content_of_copy(about), row.context["owner_id"], about)
    headers = mail_headers_for(about["owner_id"], about, about.get("mailing_id"), is_trial=True)
    reader = Recipient(row.to_email, about["values"], message_id(about["token"], 0), unsubscribe_url(TRIAL_TOKEN))
    return signed(compile_email(content, headers, utcnow()).build(reader), signers)
