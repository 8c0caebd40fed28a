"""Whose clocks come first and last: the time zones of a mailing's people, and when its run has to begin for them.

A mailing in waves waits for the moment of its own zone (`next_run_at`), as any other; `first_wave_at` says how much
earlier the run begins, for people farther east. See docs/adr/0048.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, func, or_, select, text, update

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.recurrence.moments import Moment
from mailer.recurrence.rule import zone_named
from mailer.recurrence.waves import FARTHEST, moment_in, usable
from mailer.sending.runs import audience

log = structlog.get_logger()
LOOKED_AHEAD = FARTHEST + timedelta(hours=1)
KEPT_BACK = timedelta(minutes=2)  # people of zones whose moment passed before that were looked for then
MOST = 1000  # mailings at one look
# One look into the index for each zone, however many people there are.
ZONES = text(
    "WITH RECURSIVE known AS ("
    "(SELECT timezone FROM clients WHERE owner_id = :owner AND timezone <> '' ORDER BY timezone LIMIT 1) UNION ALL "
    "SELECT (SELECT c.timezone FROM clients c WHERE c.owner_id = :owner AND c.timezone <> '' "
    "AND c.timezone > known.timezone ORDER BY c.timezone LIMIT 1) FROM known WHERE known.timezone IS NOT NULL) "
    "SELECT timezone FROM known WHERE timezone IS NOT NULL"
)


def counts_by_zone(among: Sequence[ColumnElement[bool]], ask: Callable[[Any], Any] | None = None) -> dict[str, int]:
    """How many clients meet the conditions, by time zone; empty: not known. `ask` runs the query."""
    query = select(Client.timezone, func.count()).where(*among).group_by(Client.timezone)
    return dict((ask or db.session.execute)(query).tuples().all())


def wave_local_of(mailing: Mailing, moment: Moment) -> datetime | None:
    """The wall-clock time of the run that begins at `moment`, in every zone; None for a mailing that has no waves."""
    if not mailing.in_waves:
        return None
    if mailing.moved_from_at is not None and moment.at == mailing.next_run_at:
        return moment_on_clock(moment.at, mailing.timezone)
    return moment.local


def moment_on_clock(at: datetime, zone: str) -> datetime:
    """What the clocks of a zone show at an aware moment."""
    return at.astimezone(zone_named(zone)).replace(tzinfo=None)


def begins_at(mailing: Mailing) -> datetime | None:
    """When the coming run begins: for the first of its people; None when none is to come."""
    at = mailing.next_run_at
    return min(at, mailing.first_wave_at) if at is not None and mailing.first_wave_at is not None else at


def first_wave(mailing: Mailing, moment: Moment, since: datetime | None = None) -> datetime:
    """When the easternmost of the mailing's people have the time of `moment`; at the latest the mailing's own moment.

    With `since`: zones where it was before that do not count, nobody was there.
    """
    local = wave_local_of(mailing, moment)
    assert local is not None
    own = mailing.timezone
    for at, zone in sorted((moment_in(local, usable(zone, own)), zone) for zone in _zones_of(mailing.owner_id)):
        if at >= moment.at:
            break
        if (since is None or at > since) and _is_anybody_in(mailing, zone):
            return at
    return moment.at


def last_wave(mailing: Mailing, moment: Moment) -> datetime:
    """When the westernmost of the owner's clients have the time of `moment`; the moment itself without waves."""
    local = wave_local_of(mailing, moment)
    if local is None:
        return moment.at
    own = mailing.timezone
    return max([moment.at, *(moment_in(local, usable(zone, own)) for zone in _zones_of(mailing.owner_id))])


def look(mailing: Mailing, now: datetime) -> datetime | None:
    """When the coming run begins, found anew; None for a mailing without waves or coming run. Writes nothing."""
    if not mailing.in_waves or mailing.next_run_at is None or mailing.next_run_local is None:
        return None
    since = now - KEPT_BACK if mailing.first_wave_at is not None else None
    return first_wave(mailing, Moment(mailing.next_run_local, mailing.next_run_at), since)


def look_ahead(now: datetime, *, anew: bool) -> int:
    """Find out for the mailings that may begin within a day when they do; how many changed. Commits each.

    Without `anew` only for those that nobody has looked at yet.
    """
    not_looked_at = Mailing.first_wave_at.is_(None)
    query = (
        select(Mailing)
        .join(User, User.id == Mailing.owner_id)
        .where(
            Mailing.in_waves,
            Mailing.next_run_at > now,
            Mailing.next_run_at <= now + LOOKED_AHEAD,
            *_may_start(),
            User.blocked_at.is_(None),
            or_(not_looked_at, Mailing.first_wave_at > now) if anew else not_looked_at,
        )
        .order_by(Mailing.next_run_at, Mailing.id)
        .limit(MOST)
    )
    return sum(_look_again(mailing, now) for mailing in db.session.scalars(query).all())


def _look_again(mailing: Mailing, now: datetime) -> bool:
    """Whether it begins at another time than was known. The tick may start it meanwhile, or a person change it."""
    seen = Mailing.id == mailing.id, Mailing.next_run_at == mailing.next_run_at
    try:
        at = look(mailing, now)
        if at == mailing.first_wave_at:
            return False
        db.session.execute(
            update(Mailing).where(*seen).values(first_wave_at=at).execution_options(synchronize_session=False)
        )
        db.session.commit()
    except Exception:
        db.session.rollback()
        log.exception("nobody knows when a mailing in waves begins", mailing=mailing.id)
        return False
    return True


def _may_start() -> tuple[ColumnElement[bool], ...]:
    return (
        Mailing.next_run_at.is_not(None),
        Mailing.paused_at.is_(None),
        Mailing.disabled_at.is_(None),
        Mailing.deleted_at.is_(None),
    )


def _zones_of(owner_id: int) -> list[str]:
    """The zones that the owner's clients are known to live in."""
    return list(db.session.scalars(ZONES, {"owner": owner_id}))


def _is_anybody_in(mailing: Mailing, zone: str) -> bool:
    query = select(Client.id).where(*audience.chosen(mailing), Client.timezone == zone).limit(1)
    return db.session.scalar(query) is not None
