"""Warm-ups of sending domains in the database: what goes on, a day's row, and what is noted in it.

Functions that take a `cursor` (psycopg2) commit nothing; they lock rows of one warm-up, by name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Any, NamedTuple

from sqlalchemy import select

from mailer.extensions import db
from mailer.models.warm_up import WarmUp, WarmUpDay
from mailer.recipient_domains import GROUPS, NOTHING_KEPT, OTHERS, domain_of, group_of
from mailer.sending.mx_groups import kept_groups
from mailer.sending.warm_up_plan import DayPassed, Plan, next_day

NAMES: tuple[str, ...] = (*GROUPS, OTHERS)  # each great provider, and all other domains together
UNLIMITED = 1 << 31

GOING = """
    SELECT id, start_count, growth_percent, target_count, paused_at IS NOT NULL FROM warm_ups
    WHERE domain = %s AND ended_at IS NULL
"""
TODAY = """
    SELECT (now() AT TIME ZONE %(zone)s)::date,
        ((now() AT TIME ZONE %(zone)s)::date + 1)::timestamp AT TIME ZONE %(zone)s
"""
BEHIND = """
    SELECT name, max(day) FROM warm_up_days WHERE warm_up_id = %s AND name = ANY(%s)
    GROUP BY name HAVING max(day) < %s ORDER BY name
"""
_PASSED = "ceiling, used_count, refused_count, bounced_count, complained_count, heard_at IS NOT NULL"
LAST = f"SELECT {_PASSED} FROM warm_up_days WHERE warm_up_id = %s AND name = %s AND day = %s FOR NO KEY UPDATE"
OPEN = """
    INSERT INTO warm_up_days (warm_up_id, name, day, ceiling, step) VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
# Of a later day than today there is a row where the service's zone was changed: it is the one.
LOCK = """
    SELECT name, day, ceiling, used_count FROM warm_up_days WHERE warm_up_id = %s AND name = ANY(%s) AND day >= %s
    ORDER BY name, day FOR NO KEY UPDATE
"""
GIVE_BACK = """
    UPDATE warm_up_days SET used_count = greatest(0, used_count - %s), refused_count = refused_count + %s
    WHERE warm_up_id = %s AND name = %s AND day = %s
"""
NOTE = """
    UPDATE warm_up_days d SET {change} FROM warm_ups w
    WHERE w.domain = %s AND w.ended_at IS NULL AND d.warm_up_id = w.id AND d.name = %s AND d.day = (
        SELECT max(l.day) FROM warm_up_days l WHERE l.warm_up_id = w.id AND l.name = d.name
    )
"""


class Noted(Enum):
    """What counts against a day."""

    BOUNCED = "bounced_count = bounced_count + 1"
    COMPLAINED = "complained_count = complained_count + 1"
    TOLD = "heard_at = coalesce(heard_at, now())"  # that it is too much


class Room(NamedTuple):
    """How many more a provider gets that day."""

    name: str
    day: date
    left: int


def group_name(address: str, kept: Mapping[str, str] = NOTHING_KEPT) -> str:
    """Whose ceiling counts for this address; `kept`: the groups of domains by their MX."""
    name = group_of(domain_of(address), kept)
    return name if name in GROUPS else OTHERS


def going(cursor: Any, domain: str) -> tuple[int, Plan] | None:
    """The warm-up of this domain of From, if one goes on."""
    cursor.execute(GOING, (domain,))
    row = cursor.fetchone()
    return (row[0], Plan(*row[1:])) if row is not None else None


def lock_days(cursor: Any, id_: int, plan: Plan, names: Sequence[str], zone: str) -> tuple[datetime, list[Room]]:
    """When the next day begins, and the room of today for those of the sorted names that the plan has, locked; a day
    that nobody has opened yet is made of the latest one."""
    cursor.execute(TODAY, {"zone": zone})
    today, opens_at = cursor.fetchone()
    cursor.execute(BEHIND, (id_, list(names), today))
    for name, last in cursor.fetchall():
        cursor.execute(LAST, (id_, name, last))
        ceiling, step = next_day(plan, DayPassed(*cursor.fetchone()))
        cursor.execute(OPEN, (id_, name, today, ceiling, step.value))
    cursor.execute(LOCK, (id_, list(names), today))
    rooms = [
        Room(name, day, UNLIMITED if ceiling is None else max(0, ceiling - used))
        for name, day, ceiling, used in cursor.fetchall()
    ]
    return opens_at, rooms


def give_back(cursor: Any, places: Mapping[str, Any], back: Mapping[str, int], refused: Mapping[str, int]) -> None:
    """Give places of `slices.places` back to their days, and count those whose mail was refused."""
    for name in sorted(places["of"]):
        count, refused_count = max(0, back.get(name, 0)), refused.get(name, 0)
        if count or refused_count:
            cursor.execute(GIVE_BACK, (count, refused_count, places["warm_up"], name, places["days"][name]))


def note(cursor: Any, domain: str, address: str, what: Noted) -> None:
    """Note it against the latest day of the address's provider, where the domain of From is warmed up."""
    cursor.execute(NOTE.format(change=what.value), (domain, group_name(address, kept_groups(cursor, [address]))))


def of_domain(domain: str) -> WarmUp | None:
    """The warm-up that goes on for this domain."""
    found: WarmUp | None = db.session.scalar(select(WarmUp).where(WarmUp.domain == domain, WarmUp.ended_at.is_(None)))
    return found


def plan_of(warm_up: WarmUp) -> Plan:
    """Its plan for the arithmetic."""
    return Plan(warm_up.start_count, warm_up.growth_percent, warm_up.target_count, warm_up.paused_at is not None)


def passed(day: WarmUpDay) -> DayPassed:
    """A day for the arithmetic."""
    return DayPassed(
        day.ceiling, day.used_count, day.refused_count, day.bounced_count, day.complained_count,
        day.heard_at is not None,
    )  # fmt: skip
