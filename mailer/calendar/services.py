"""What an owner sets on the calendar."""

from __future__ import annotations

from mailer.extensions import db
from mailer.models.user import User


def set_ceilings(owner: User, daily: int | None, weekly: int | None) -> None:
    """Let nobody get more than so many emails of `owner` in a day and in seven; None: any number. Commits."""
    owner.person_daily_ceiling, owner.person_weekly_ceiling = daily, weekly
    db.session.commit()
