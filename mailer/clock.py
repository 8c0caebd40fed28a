"""The one place where the service reads the time."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from mailer.extensions import db

SAME = timedelta(seconds=1)


def utcnow() -> datetime:
    """Now, aware, in UTC, as this host has it."""
    return datetime.now(UTC)


def today_in(zone: str) -> date:
    """The day that it is now in an IANA zone."""
    return utcnow().astimezone(ZoneInfo(zone)).date()


def database_now() -> datetime:
    """Now, aware, as PostgreSQL has it: the same for all hosts. Opens a transaction where none is open."""
    now: datetime = db.session.execute(select(func.clock_timestamp())).scalar_one()
    return now


def database_clock() -> Callable[[], datetime]:
    """`database_now` for some minutes without a question each time: this host's clock, set right by PostgreSQL's.

    What differs by less than a second is left as it is. Opens a transaction where none is open.
    """
    ahead = database_now() - utcnow()
    return utcnow if abs(ahead) < SAME else lambda: utcnow() + ahead
