"""How people enter a series: once, or once more where it allows that; whatever calls this, however often."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import BigInteger, ColumnElement, Select, Subquery, and_, cast, exists, func, literal, select
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from mailer.clock import database_now
from mailer.extensions import db
from mailer.models.client import Client, Suppression
from mailer.models.series import Enrolment, EnrolmentState, Entry, Series, SeriesState, SeriesStep
from mailer.queue import ADVANCE_SERIES, enqueue
from mailer.sending.runs.confirmed_only import may_be_written_to
from mailer.sending.series import own_zones
from mailer.sending.series.delays import due_after
from mailer.sending.series.places import hold, point

IS_SUPPRESSED = exists().where(Suppression.owner_id == Client.owner_id, Suppression.email_key == Client.email_key)


def enter(series: Series, client_ids: Sequence[int], by: Entry, now: datetime | None = None) -> int:
    """Let these clients of the owner's enter; how many did. No commit: `wake` afterwards.

    Nobody enters a series that is not active, nobody twice unless it allows that, and nobody who must not be written
    to. A series that is paused takes them in, and they wait.
    """
    return enter_those(series, [Client.id.in_(list(client_ids))], by, now) if client_ids else 0


def wake(series: Series) -> None:
    """Call it after the commit: whoever is due at once need not wait for the tick."""
    enqueue(ADVANCE_SERIES, series.id)


def enter_those(
    series: Series,
    who: Sequence[ColumnElement[bool]],
    by: Entry,
    now: datetime | None = None,
    *,
    counts_from: Callable[[str], datetime] | None = None,
    round_: int | None = None,
    limit: int | None = None,
) -> int:
    """The same for the clients who meet these conditions.

    `counts_from`: what the first step counts from in a zone, if not now. `round_`: the one round that this entering
    belongs to, as a birthday's year; such a one is gone once, whatever the series allows. `limit`: so many at most.
    """
    now = now or database_now()
    hold(series)
    if series.state is not SeriesState.ACTIVE or series.deleted_at is not None or not series.steps:
        return 0
    first = series.steps[0]
    days_off = first.mailing.days_off()

    def due_in(zone: str) -> datetime:
        return due_after(first, series, counts_from(zone) if counts_from else now, days_off, zone)

    people = newcomers(series, who, round_).limit(limit)
    chosen = people.add_columns(_round(series, round_).label("round")).subquery()
    entered = _written(series, first, chosen, due_in(series.timezone), by, now)
    if own_zones.matter(series, first) or (series.in_own_zones and counts_from is not None):
        rows = db.session.execute(entered.returning(Enrolment.id, Enrolment.client_id)).tuples().all()
        own_zones.put_right(series, dict(rows), due_in)
        count = len(rows)
    else:
        count = int(db.session.execute(entered).rowcount)  # type: ignore[attr-defined]
    point(series)
    return count


def _written(series: Series, first: SeriesStep, chosen: Subquery, due: datetime, by: Entry, now: datetime) -> Insert:
    values = select(
        literal(series.owner_id, BigInteger), literal(series.id, BigInteger), chosen.c.id, chosen.c.round,
        literal(EnrolmentState.WAITING.value), literal(first.id, BigInteger), literal(due), literal(by.value),
        literal(now), literal(now),
    )  # fmt: skip
    columns = [
        "owner_id", "series_id", "client_id", "round", "state", "step_id", "due_at", "entered_by", "entered_at",
        "moved_at",
    ]  # fmt: skip
    return upsert(Enrolment.__table__).from_select(columns, values).on_conflict_do_nothing()


def newcomers(series: Series, who: Sequence[ColumnElement[bool]], round_: int | None = None) -> Select[tuple[int]]:
    """The clients among these who would enter now."""
    had = and_(Enrolment.series_id == series.id, Enrolment.client_id == Client.id)
    if round_ is not None:
        bars = had & ((Enrolment.round == round_) | (Enrolment.state == EnrolmentState.WAITING))
    elif series.allows_again:
        bars = had & (Enrolment.state == EnrolmentState.WAITING)
    else:
        bars = had & (Enrolment.state != EnrolmentState.PASSED_BY)
    return select(Client.id).where(
        Client.owner_id == series.owner_id,
        Client.deleted_at.is_(None),
        ~IS_SUPPRESSED,
        ~exists().where(bars),
        *may_be_written_to(series.owner_id),
        *who,
    )


def _round(series: Series, round_: int | None) -> ColumnElement[int]:
    if round_ is not None:
        return literal(round_)
    former = aliased(Enrolment)
    last = select(func.max(former.round)).where(former.series_id == series.id, former.client_id == Client.id)
    return cast(func.coalesce(last.correlate(Client).scalar_subquery() + 1, 0), former.round.type)
