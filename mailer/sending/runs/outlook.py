"""What is to come of a mailing: as it stands, or as it would be if another calendar were saved now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import load_only

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.recurrence.moments import Moment, end_at, moments, next_moment
from mailer.recurrence.outlook import Fate, Prospect, outlook
from mailer.recurrence.rule import Rule
from mailer.recurrence.window import Window
from mailer.sending import instance_guard
from mailer.sending.runs.lateness import due_moments, is_too_late, was_held
from mailer.sending.runs.next_run import counted, due_moment, promised_at, waited_for


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a mailing's runs bears on those to come: moments that have their rows already with what became of them,
    and when the run that waits for its sending hours will be let go."""

    taken: Mapping[str, Fate] = field(default_factory=dict)
    moved: Mapping[str, datetime] = field(default_factory=dict)  # when those that were moved began instead
    busy_until: datetime | None = None


NOTHING = Standing()
NAMED_BY_INSTANT = "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}Z$"  # not those on demand, nor those named long ago
READ = Run.mailing_id, Run.occurrence, Run.planned_at, Run.state, Run.stop_reason, Run.window_opens_at
FATES: dict[StopReason | None, Fate] = {
    StopReason.OVERLAP: Fate.OVERLAP,
    StopReason.MISSED: Fate.MISSED,
    StopReason.HELD: Fate.HELD,
}
MOST_CHANGES = 500  # of single runs that a calendar file tells of
A_YEAR = timedelta(days=400)  # nobody moves a run farther
RUN_UP = timedelta(days=45)  # runs that waited longer for their sending hours do not bear on a far page


def outlook_if_saved(rule: Rule, window: Window | None, mailing_id: int | None, now: datetime) -> Iterator[Prospect]:
    """What would come if a mailing (new, or that one) got this calendar now; a moment that is due comes first."""
    due = due_moment(rule, end_at(rule.until, rule.zone), mailing_id, now)
    rule = counted(rule, mailing_id, now, is_due=due is not None)
    first = (due, now) if due is not None else None
    standing = standings([mailing_id] if mailing_id is not None else [], now).get(mailing_id or 0, NOTHING)
    return outlook(rule, window, now, first, taken=standing.taken)


def outlook_of(
    mailing: Mailing,
    now: datetime,
    rule: Rule | None = None,
    window: Window | None = None,
    standing: Standing | None = None,
    since: datetime | None = None,
) -> Iterator[Prospect]:
    """What is to come of a mailing that nobody changes. `rule` and `window`: its own, with names for a reader;
    `standing`: of `standings`, for those who ask for many mailings; `since`: only what comes after it is wanted."""
    present = waited_for(mailing)
    if present is None:
        return
    rule, window = (rule, window) if rule is not None else (mailing.rule, mailing.window)
    rule = replace(rule, skipped_count=mailing.skipped_count)
    present = _with_notes(present, rule)
    standing = standing or standings([mailing.id], now).get(mailing.id, NOTHING)
    if since is not None and since - RUN_UP > max(present.at, now) and rule.run_limit is None:
        yield from outlook(rule, window, since - RUN_UP)
        return
    promised = promised_at(mailing) or present.at
    if standing.taken:  # those between were left out by hand, or are runs in waves that have begun
        between = takewhile(lambda moment: moment.at < promised, moments(rule, now))
        yield from (
            Prospect(moment, standing.taken[moment.occurrence])
            for moment in between
            if moment.occurrence in standing.taken
        )
    if present.at > now:
        yield from outlook(rule, window, promised, (present, present.at), standing.busy_until, standing.taken)
        return
    *passed, latest = due_moments(mailing, now)
    confirmed_at = instance_guard.confirmed_at()
    is_gone = is_too_late(mailing, latest, now) or was_held(mailing, latest, confirmed_at)
    gone = [*passed, latest] if is_gone else passed
    rule = replace(rule, skipped_count=rule.skipped_count + len(gone))
    for moment in gone:
        yield Prospect(moment, Fate.HELD if was_held(mailing, moment, confirmed_at) else Fate.MISSED)
    yield from outlook(rule, window, now, None if is_gone else (latest, now), standing.busy_until, standing.taken)


def _with_notes(present: Moment, rule: Rule) -> Moment:
    """The moment with what the calendar says of it: a mailing remembers only when it is."""
    found = next_moment(replace(rule, run_limit=None), present.at - timedelta(seconds=1))
    return found if found is not None and (found.at, found.local) == (present.at, present.local) else present


def standings(mailing_ids: Sequence[int], now: datetime) -> dict[int, Standing]:
    """Those of the mailings that have anything of the kind."""
    found: dict[int, Standing] = {}
    is_to_come = Run.occurrence.collate("C") > f"{now:%Y-%m-%dT%H:%MZ}"
    has_row = and_(is_to_come, Run.occurrence.regexp_match(NAMED_BY_INSTANT), Run.planned_at > now - A_YEAR)
    waits = and_(Run.closed_at.is_(None), Run.state == RunState.WAITING_FOR_WINDOW)
    query = select(Run, has_row, waits).options(load_only(*READ))
    for run, is_taken, is_waiting in db.session.execute(
        query.where(Run.mailing_id.in_(mailing_ids), or_(has_row, waits))
    ):
        before = found.get(run.mailing_id, NOTHING)
        fate = _fate_of(run)
        taken = {**before.taken, run.occurrence: fate} if is_taken else before.taken
        is_moved = is_taken and fate is Fate.MOVED
        moved = {**before.moved, run.occurrence: run.planned_at} if is_moved else before.moved
        found[run.mailing_id] = Standing(taken, moved, run.window_opens_at if is_waiting else before.busy_until)
    return found


def _fate_of(run: Run) -> Fate:
    """What became of a moment to come that has its run already."""
    if run.state is RunState.SKIPPED:
        return FATES.get(run.stop_reason, Fate.BY_HAND)
    is_moved = Moment(run.planned_at, run.planned_at).occurrence != run.occurrence
    return Fate.MOVED if is_moved else Fate.BEGUN


def changes_by_hand(mailing: Mailing, now: datetime) -> dict[datetime, datetime | None]:
    """The moments that were changed one by one: when they were planned, and to when, or None: left out. Those that have
    passed too (the last 500), or a calendar program would have them back at their old time."""
    found = _changed_before(mailing)
    standing = standings([mailing.id], now).get(mailing.id, NOTHING)
    for occurrence, fate in standing.taken.items():
        if fate in (Fate.BY_HAND, Fate.MOVED):
            found[datetime.fromisoformat(occurrence)] = standing.moved.get(occurrence)
    if mailing.moved_from_at is not None:
        found[mailing.moved_from_at] = mailing.next_run_at
    return found


def _changed_before(mailing: Mailing) -> dict[datetime, datetime | None]:
    """Those that have their row."""
    planned = func.to_char(func.timezone("UTC", Run.planned_at), 'YYYY-MM-DD"T"HH24:MI"Z"')
    is_left_out = and_(Run.state == RunState.SKIPPED, Run.stop_reason == StopReason.OWNER)
    is_moved = and_(Run.state != RunState.SKIPPED, Run.occurrence != planned)
    query = (
        select(Run.occurrence, Run.planned_at, is_moved)
        .where(Run.mailing_id == mailing.id, Run.occurrence.regexp_match(NAMED_BY_INSTANT), or_(is_left_out, is_moved))
        .order_by(Run.planned_at.desc())
        .limit(MOST_CHANGES)
    )
    rows = db.session.execute(query).tuples()
    return {datetime.fromisoformat(occurrence): at if moved else None for occurrence, at, moved in rows}
