"""How many emails one person gets: an owner's wish over all mailings, obeyed when a run's list is written.

Counted are those that left or may still leave, of runs made on the same day of the owner's zone, or in the six before
it and that: whole days, so that a daily mailing is not in its own way for being a second early.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from sqlalchemy import text

from mailer.extensions import db
from mailer.models.delivery import DeliveryState, Reason
from mailer.models.user import User
from mailer.recurrence.moments import resolve
from mailer.recurrence.rule import zone_named

WEEK = timedelta(days=6)  # and today
_COUNTED = ", ".join(f"'{state}'" for state in DeliveryState if state not in ("refused", "excluded", "stopped"))
EXCLUDE = text(
    f"UPDATE deliveries d SET state = '{DeliveryState.EXCLUDED}', reason = '{Reason.TOO_MANY}' FROM ("
    "SELECT o.email_key FROM deliveries o JOIN runs r ON r.id = o.run_id "
    f"WHERE r.owner_id = :owner AND r.id <> :run AND r.created_at >= :week AND o.state IN ({_COUNTED}) "
    "GROUP BY o.email_key HAVING count(*) >= :weekly OR count(*) FILTER (WHERE r.created_at >= :day) >= :daily"
    f") AS often WHERE d.run_id = :run AND d.position > :listed AND d.state = '{DeliveryState.WAITING}' "
    "AND d.email_key = often.email_key"
)


def has_ceiling(owner: User) -> bool:
    """Whether the owner wants any person to get no more than so many."""
    return owner.person_daily_ceiling is not None or owner.person_weekly_ceiling is not None


def exclude_who_got_enough(run_id: int, owner_id: int, listed_count: int, now: datetime) -> None:
    """Exclude those listed behind `listed_count` who got as many as the owner allows; no commit."""
    owner = db.session.get_one(User, owner_id)
    if not has_ceiling(owner):
        return
    today = now.astimezone(zone_named(owner.timezone)).date()
    midnight, before = (
        resolve(datetime.combine(day, time.min), zone_named(owner.timezone)).at for day in (today, today - WEEK)
    )
    db.session.execute(
        EXCLUDE,
        {
            "run": run_id,
            "owner": owner.id,
            "listed": listed_count,
            "day": midnight,
            "week": before,
            "daily": owner.person_daily_ceiling,
            "weekly": owner.person_weekly_ceiling,
        },
    )
