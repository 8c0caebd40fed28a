"""Mails to account holders from anywhere in the service: a row in the caller's transaction, sent after its commit."""

from __future__ import annotations

from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.user import User
from mailer.queue import SEND_ACCOUNT_EMAIL, enqueue


def write(user: User, template: str, **context: str | int) -> AccountEmail:
    """A mail of `templates/mail/<template>/` in the person's language; `send` it after the commit. No commit."""
    row = AccountEmail(template=template, to_email=user.email, language=user.language, context=context, user_id=user.id)
    db.session.add(row)
    db.session.flush()
    return row


def send(*rows: AccountEmail) -> None:
    """After the commit: let a worker send these now. A lost wake-up costs seconds: the tick finds them."""
    for row in rows:
        enqueue(SEND_ACCOUNT_EMAIL, row.id)
