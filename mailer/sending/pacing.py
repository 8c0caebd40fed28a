"""The pace of a provider's recipients: what holds now, what its words make of it, and who waits for it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import select

from mailer.clock import database_now
from mailer.extensions import db
from mailer.models.recipient_pace import MAX_HEARD, MOST_A_MINUTE, RecipientPace, RunHold
from mailer.models.warm_up import WarmUp
from mailer.recipient_domains import domain_of, group_of
from mailer.sending.mx_groups import kept_groups
from mailer.smtp.provider_pace import named_rate

FIRST_REST, LONGEST_REST = 5, 240  # minutes
REMEMBERED = timedelta(hours=24)  # without such words: then the next rest is a short one again, and the pace forgotten
QUIET = timedelta(minutes=15)  # after so much of it
GROWTH = 1.1  # the pace that was learned grows so much
SLOWEST = 1.0  # a minute


IS_PACED = (
    "(per_minute IS NOT NULL OR rests_until > now() OR learned_per_minute IS NOT NULL "
    f"AND heard_at > now() - interval '{REMEMBERED.total_seconds():.0f} seconds')"
)
IS_ITS_OWN = f"SELECT FROM recipient_paces WHERE name = %s AND {IS_PACED}"
KNOWN = """
    SELECT per_minute, learned_per_minute, rest_minutes, heard_at, rests_until, now()
    FROM recipient_paces WHERE name = %s FOR NO KEY UPDATE
"""
HEARD = """
    UPDATE recipient_paces SET learned_per_minute = %s, rest_minutes = %s, heard_at = %s, rests_until = %s, heard = %s
    WHERE name = %s
"""


class Known(NamedTuple):
    """What was known of a provider before."""

    per_minute: int | None
    learned_per_minute: float | None
    rest_minutes: int
    heard_at: datetime | None
    rests_until: datetime | None


class Hold(NamedTuple):
    """Until about when some people of a run wait, and why."""

    until: datetime
    pace: RecipientPace | None
    warm_up: WarmUp | None  # then for its next day


class Lesson(NamedTuple):
    """What is made of a provider's words."""

    learned_per_minute: float | None
    rest_minutes: int


def pace_now(per_minute: int | None, learned: float | None, heard_at: datetime | None, now: datetime) -> float | None:
    """Mails a minute: the slower of the rule and of what was learned, which creeps up; None for no limit."""
    paces = [] if per_minute is None else [float(per_minute)]
    if learned is not None and heard_at is not None and now - heard_at < REMEMBERED:
        paces.append(min(learned * GROWTH ** ((now - heard_at) // QUIET), MOST_A_MINUTE))
    return min(paces, default=None)


def after_words(known: Known, text: str, now: datetime) -> Lesson | None:
    """What words like "unusual rate" change; None while the provider rests for the words before, which these mails had
    left before."""
    if known.rests_until is not None and known.rests_until > now:
        return None
    is_again = known.heard_at is not None and now - known.heard_at < REMEMBERED
    pace = pace_now(known.per_minute, known.learned_per_minute, known.heard_at, now)
    learned = named_rate(text) or (max(pace / 2, SLOWEST) if pace is not None else None)
    return Lesson(learned, min(LONGEST_REST, 2 * known.rest_minutes) if is_again else FIRST_REST)


def hear(cursor: Any, address: str, text: str) -> bool:
    """Rest the provider of this address, which says that it gets too much; whether that is new. No commit; `cursor` is
    one of psycopg2."""
    name = _paced_name(cursor, address)
    cursor.execute("INSERT INTO recipient_paces (name) VALUES (%s) ON CONFLICT DO NOTHING", (name,))
    cursor.execute(KNOWN, (name,))
    *known, now = cursor.fetchone()
    lesson = after_words(Known(*known), text, now)
    if lesson is None:
        return False
    until, words = now + timedelta(minutes=lesson.rest_minutes), text.replace("\0", "")[:MAX_HEARD]
    cursor.execute(HEARD, (*lesson, now, until, words, name))
    return True


def _paced_name(cursor: Any, address: str) -> str:
    """Whose pace an address has: of its domain where that has one of its own, else of the group."""
    domain = domain_of(address)
    cursor.execute(IS_ITS_OWN, (domain,))
    return domain if cursor.fetchone() is not None else group_of(domain, kept_groups(cursor, [address]))


def holds_of(run_id: int) -> Mapping[str, Hold]:
    """Whose people of the run wait, for their provider's pace or the next day of a warm-up; by group or domain."""
    query = (
        select(RunHold.name, RunHold.until, RecipientPace, WarmUp)
        .outerjoin(RecipientPace, RecipientPace.name == RunHold.name)
        .outerjoin(WarmUp, WarmUp.id == RunHold.warm_up_id)
        .where(RunHold.run_id == run_id, RunHold.until > database_now())
        .order_by(RunHold.until.desc())
    )
    return {name: Hold(until, pace, warm_up) for name, until, pace, warm_up in db.session.execute(query)}
