"""Loading mailings to work on."""

from __future__ import annotations

from flask import abort
from flask_login import current_user

from mailer.access import Permission, get_own
from mailer.models.mailing import Mailing


def own_mailing(mailing_id: int) -> Mailing:
    """A mailing to work on: 404 for strangers, 403 for those who may only look."""
    mailing: Mailing = get_own(Mailing, mailing_id, current_user)
    if not current_user.can(Permission.SEND):
        abort(403)
    return mailing


def per_user() -> str:
    """Whom a rate limit counts."""
    return f"user-{current_user.get_id()}"
