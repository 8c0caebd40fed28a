"""Looking at the rules of a series: who has come to meet its entry rule, and who has reached its goal or dropped out.

A worker does it, now and then, and once a day where a date makes people enter: no door through which a client changes
has to think of series, and whoever is found twice enters once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial

from sqlalchemy import ColumnElement, extract, false, literal, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.client_field import ClientField
from mailer.models.series import Enrolment, EnrolmentState, Entry, LeftReason, Series
from mailer.recurrence.moments import resolve
from mailer.recurrence.rule import zone_named
from mailer.segments.fields import value_column
from mailer.sending.runs import audience
from mailer.sending.series import own_zones
from mailer.sending.series.delays import DAY, day_meant
from mailer.sending.series.entering import enter_those, newcomers
from mailer.sending.series.places import hold, leave_those, point

EVERY = {Entry.TAG: timedelta(minutes=1), Entry.SEGMENT: timedelta(minutes=10)}
OTHERWISE = timedelta(minutes=10)  # for goals alone
PART = 20_000  # people at once
CAUGHT_UP = 31  # days of a date rule that are made good after an outage; the late ones are left out by the step's rule


def look(series: Series, now: datetime) -> None:
    """Sort out who leaves and who enters, and say when to look again. Commits, in parts."""
    _let_leave(series)
    db.session.commit()
    if series.entry is Entry.DATE:
        _enter_by_date(series, now)
    elif (meets := meeting(series)) is not None:
        _enter_by_rule(series, meets, now)
    hold(series)
    series.looked_at, series.next_look_at = now, next_look(series, now)
    db.session.commit()


def next_look(series: Series, now: datetime) -> datetime | None:
    """When its rules are to be looked at after `now`; None for a series that has none, or does not go."""
    if not series.is_going:
        return None
    soon = [now + OTHERWISE] if series.goal_tag or series.leaves_with_segment else []
    if series.entry in EVERY:
        soon.append(now + EVERY[series.entry])
    elif series.entry is Entry.DATE:
        soon.append(_next_time_of_day(series, now))
    return min(soon, default=None)


def meeting(series: Series) -> list[ColumnElement[bool]] | None:
    """The condition by which clients enter by themselves, but for dates; None where there is none."""
    if series.entry is Entry.TAG:
        return [Client.tags.contains([series.entry_tag])]
    if series.entry is Entry.SEGMENT:
        return in_segment(series)
    return None


def in_segment(series: Series) -> list[ColumnElement[bool]]:
    """The condition of the series' segment; nobody's while it cannot be used."""
    return audience.by_segments(series.owner_id, [series.entry_segment_id or 0], [])


def is_segment_broken(series: Series) -> bool:
    """Whether the segment names what is gone: then nobody enters by it, and nobody leaves by it."""
    return series.entry_segment_id is not None and bool(audience.are_broken(series.owner_id, [series.entry_segment_id]))


def reached(series: Series) -> list[tuple[LeftReason, ColumnElement[bool]]]:
    """Why somebody in the series, a `Client`, leaves now: the goal, or the segment."""
    found: list[tuple[LeftReason, ColumnElement[bool]]] = []
    if series.goal_tag:
        found.append((LeftReason.GOAL, Client.tags.contains([series.goal_tag])))
    if series.leaves_with_segment and not is_segment_broken(series):
        (condition,) = in_segment(series)
        found.append((LeftReason.SEGMENT, ~Client.id.in_(select(Client.id).where(_own(series), condition))))
    return found


def on_date(series: Series, day: date) -> list[ColumnElement[bool]]:
    """The clients whose date, moved by the offset, falls on `day`; yearly, 29 February is the 28th in other years."""
    field = db.session.get(ClientField, series.entry_field_id)
    if field is None or field.archived_at is not None or field.slot is None:
        return [false()]
    column, meant = value_column(field), day - series.entry_offset * DAY
    if not series.entry_is_yearly:
        return [column == meant]
    days = [(meant.month, meant.day)]
    if (meant.month, meant.day) == (2, 28) and day_meant(date(2024, 2, 29), meant.year) == meant:
        days.append((2, 29))
    return [
        column <= meant,
        or_(*(((extract("month", column) == month) & (extract("day", column) == at)) for month, at in days)),
    ]


def _own(series: Series) -> ColumnElement[bool]:
    return (Client.owner_id == series.owner_id) & Client.deleted_at.is_(None)


def _let_leave(series: Series) -> None:
    hold(series)
    for reason, condition in reached(series):
        leave_those(series, [Enrolment.client_id.in_(select(Client.id).where(_own(series), condition))], reason)
    point(series)


def _enter_by_rule(series: Series, meets: Sequence[ColumnElement[bool]], now: datetime) -> None:
    if series.entry is Entry.SEGMENT and is_segment_broken(series):
        return
    if series.looked_at is None and not series.takes_present:
        _pass_by(series, meets, now)
        return
    _note_who_is_out(series, meets)
    known = select(Enrolment.client_id).where(Enrolment.series_id == series.id, ~Enrolment.was_out)
    is_new = ~known.where(Enrolment.client_id == Client.id).correlate(Client).exists()
    while enter_those(series, [*meets, is_new], series.entry, now, limit=PART):
        db.session.commit()
    db.session.commit()


def _pass_by(series: Series, meets: Sequence[ColumnElement[bool]], now: datetime) -> None:
    """Note everybody who meets the rule already, so that they are told from those who come to meet it."""
    columns = ["owner_id", "series_id", "client_id", "state", "entered_by", "entered_at", "moved_at"]
    while True:
        people = newcomers(series, meets).where(
            ~select(Enrolment.id)
            .where(Enrolment.series_id == series.id, Enrolment.client_id == Client.id)
            .correlate(Client)
            .exists()
        )
        chosen = people.limit(PART).subquery()
        rows = select(
            literal(series.owner_id), literal(series.id), chosen.c.id, literal(EnrolmentState.PASSED_BY.value),
            literal(series.entry.value), literal(now), literal(now),
        )  # fmt: skip
        statement = upsert(Enrolment.__table__).from_select(columns, rows).on_conflict_do_nothing()
        count = db.session.execute(statement).rowcount  # type: ignore[attr-defined]
        db.session.commit()
        if not count:
            return


def _note_who_is_out(series: Series, meets: Sequence[ColumnElement[bool]]) -> None:
    """Of those whose round is over, and those passed by: who meets the rule no more may come to meet it again."""
    meet_it = select(Client.id).where(_own(series), *meets)
    over = Enrolment.state == EnrolmentState.PASSED_BY
    if series.allows_again:
        over = Enrolment.state != EnrolmentState.WAITING
    db.session.execute(
        update(Enrolment)
        .where(Enrolment.series_id == series.id, over, ~Enrolment.was_out)
        .where(not_(meet_it.where(Client.id == Enrolment.client_id).correlate(Enrolment).exists()))
        .values(was_out=True)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()


def _enter_by_date(series: Series, now: datetime) -> None:
    """Whoever's day has come, for each day since the last look: what is too late the step's rule leaves out.

    In the clients' own zones a day is looked at when it comes to the first of them on earth: each then waits for the
    moment of their own.
    """
    last = now.astimezone(zone_named(_first_zone(series))).date()
    if _moment_of(series, last, _first_zone(series)) > now:
        last -= DAY
    if series.looked_day is None:  # what was before the start is not made good
        started = series.started_at or now
        series.looked_day = started.date() - DAY - DAY if series.in_own_zones else last
    day = max(series.looked_day + DAY, last - CAUGHT_UP * DAY)
    while day <= last:
        meant = day - series.entry_offset * DAY
        round_ = meant.year if series.entry_is_yearly else meant.toordinal() if series.allows_again else None
        moment_in = partial(_moment_of, series, day)
        who = on_date(series, day)
        if series.in_own_zones and series.started_at is not None and day <= series.started_at.date() + DAY:
            who += own_zones.not_before_the_start(series, moment_in)
        enter_those(series, who, Entry.DATE, now, counts_from=moment_in, round_=round_)
        series.looked_day = day
        db.session.commit()
        day += DAY


def _next_time_of_day(series: Series, now: datetime) -> datetime:
    day = now.astimezone(zone_named(_first_zone(series))).date()
    while (moment := _moment_of(series, day, _first_zone(series))) <= now:
        day += DAY
    return moment


def _first_zone(series: Series) -> str:
    """The zone in which a day of the series begins first."""
    return own_zones.FIRST_ON_EARTH if series.in_own_zones else str(series.timezone)


def _moment_of(series: Series, day: date, zone: str) -> datetime:
    """When the people of a zone enter whose day it is."""
    assert series.entry_at is not None
    return resolve(datetime.combine(day, series.entry_at), zone_named(zone)).at.astimezone(UTC)
