"""How much a person may send, and whether a manager looks at it first."""

from __future__ import annotations

from mailer.extensions import db
from mailer.journal import note
from mailer.models.journal_entry import Action
from mailer.models.user import User


def set_limits(user: User, daily_limit: int | None, needs_approval: bool) -> None:
    """Keep the limit (mails in 24 hours, None for none) and the rule; they hold from the next run on."""
    user.daily_limit, user.needs_approval = daily_limit, needs_approval
    note(Action.LIMIT_CHANGED, f"user {user.id}", daily_limit=daily_limit, needs_approval=needs_approval)
    db.session.commit()
