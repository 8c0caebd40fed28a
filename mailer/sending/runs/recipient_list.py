"""A run's list: one delivery for each person chosen, written part by part while the first get their mail already.

Who is on it is decided at one moment: the chosen are read within one transaction that stays open until the last part is
written, and that holds the lock by which only one makes a list at a time. Each part is a transaction of its own: killed
amid one, it is not there, and whoever comes next goes on behind the last one that is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import ExitStack, closing, contextmanager
from datetime import date
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import ColumnElement, func, literal, or_, select, true, update

from mailer.clock import today_in, utcnow
from mailer.extensions import db
from mailer.locks import AS_IT_IS, FOR_CHANGE, lock_row, trying_for
from mailer.models.client import Client
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.models.wave import Wave
from mailer.sending.runs import audience, audience_snapshot, bound_values, ceilings, limits, wave_list, windows
from mailer.sending.runs.approvals import content_of
from mailer.sending.runs.closing import complete_mailing
from mailer.sending.runs.list_rows import write_list
from mailer.sending.runs.listed_values import listed_values
from mailer.sending.runs.next_run import next_promised, point_at
from mailer.sending.runs.wave_list import WaveList

Listed = tuple[int, str | None, int]  # a client, the values that an approval holds for, as JSON, and the wave, else 0
log = structlog.get_logger()
FIRST_PART = 2_500  # people: soon written, and enough for the first workers; the next parts are as long as all before
LONGEST_PART = 20_000

WANTS_LIST = (Run.closed_at.is_(None), or_(Run.state == RunState.PLANNED, Run.unlisted_count > 0))


def write_recipient_list(run_id: int) -> bool:
    """Write the run's list, or what is missing of it; whether this call did any of that."""
    listing = _begun(run_id)
    if listing is None:
        return False
    with closing(listing):
        while not listing.is_complete:
            listing.write_part()
    return True


@contextmanager
def writing_recipient_list(run_id: int, begun: Callable[[], None]) -> Iterator[Callable[[], bool]]:
    """Write the first part of a list that is wanted, call `begun`, and write the rest in a thread meanwhile.

    Yields a function that says whether the list is whole. On leaving the `with` it is, unless an exception leaves it:
    then the next worker writes what is missing. Nothing is written when no list is wanted or another worker makes it.
    """
    listing = _begun(run_id)
    if listing is None:
        yield lambda: True
        return
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    hurry = threading.Event()
    thread = threading.Thread(target=_write_rest, args=(app, listing, hurry), name="list", daemon=True)
    thread.start()
    try:
        begun()
        yield lambda: not thread.is_alive()
    except BaseException:
        hurry.set()
        raise
    finally:
        thread.join()


def _begun(run_id: int) -> RecipientListWriter | None:
    """A list begun, to be closed by the caller; None when there is nothing to do."""
    is_wanted = db.session.scalar(select(Run.id).where(Run.id == run_id, *WANTS_LIST)) is not None
    db.session.rollback()
    if not is_wanted:
        return None
    with ExitStack() as stack:
        listing = stack.enter_context(closing(RecipientListWriter(run_id)))
        if not listing.begin():
            return None
        stack.pop_all()
        return listing


def _write_rest(app: Flask, listing: RecipientListWriter, hurry: threading.Event) -> None:
    with app.app_context(), closing(listing):  # the reading ends with the list: a long one keeps dead rows alive
        try:
            while not (listing.is_complete or hurry.is_set()):
                listing.write_part()
        except Exception:  # what is written stays, and the tick finds what is missing
            log.exception("a list is left unfinished", run=listing.run_id)


class RecipientListWriter:
    """The making of one run's list, by one worker. `close` it in the end."""

    def __init__(self, run_id: int) -> None:
        self.run_id = run_id
        self.is_complete = False  # everybody chosen is written, or nobody is to be
        # One moment for all that is read: what an approval was found to hold for is what gets onto the list.
        self._reading = db.engine.connect().execution_options(
            isolation_level="REPEATABLE READ", stream_results=True, max_row_buffer=1000
        )
        self._owner_id = 0
        self._people: Iterator[Listed]
        self._next: Sequence[Listed] = ()  # one read and not written, if there is one
        self._listed_count = self._total = 0  # the last position, and that of the list as far as known
        self._parts: Mapping[str, Any] | None = None  # of the letter, for some only
        self._waves: WaveList | None = None
        self._today: date | None = None  # what dates relative to today are counted from

    def close(self) -> None:
        """End the reading."""
        self._reading.close()

    def begin(self) -> bool:
        """Write the first part, or prepare to go on with a list left unfinished; False when there is nothing to do.

        A run that must not begin, or has nobody, is closed as skipped.
        """
        if not self._reading.execute(trying_for(f"list of run {self.run_id}")).scalar_one():
            return False
        run = db.session.scalar(select(Run).where(Run.id == self.run_id, *WANTS_LIST))
        if run is None:
            db.session.rollback()
            return False
        mailing, self._parts = db.session.get_one(Mailing, run.mailing_id), run.snapshot.get("conditions")
        if run.state is not RunState.PLANNED:
            self._take_up(run, mailing)
            return True
        is_begun = self._begin(run, mailing)
        db.session.commit()
        return is_begun

    def write_part(self) -> None:
        """Write the next part and commit it. A run that is gone has no list."""
        is_there = select(Run.id).where(Run.id == self.run_id).with_for_update(read=True, key_share=True)
        if db.session.scalar(is_there) is None:
            self.is_complete = True
        else:
            self._write(min(max(FIRST_PART, self._listed_count), LONGEST_PART))
        db.session.commit()

    def _begin(self, run: Run, mailing: Mailing) -> bool:
        self._today = today_in(mailing.owner.timezone)
        counts = audience.summary(mailing, self._today)
        ask = self._ask
        obstacle = limits.reason_not_to_send(mailing, counts.will_get, utcnow(), run, ask)
        needs_approval = limits.needs_approval(mailing, counts.will_get, utcnow(), run)
        self._total = counts.total
        bound = bound_values.taken_names(content_of(run)) if needs_approval else []
        rows = self._lay_out(run, mailing)
        self._read(mailing, bound=bound)
        _lock(run, mailing)
        if run.closed_at is not None:  # stopped meanwhile
            return False
        if obstacle is None and not self._next:
            obstacle = StopReason.NOBODY
        if obstacle is None and self._waves is not None and self._waves.is_all_too_late:
            obstacle = StopReason.MISSED
        if obstacle is not None:
            self._skip(run, mailing, obstacle)
            return True
        _obey_pause_and_stop(run, mailing)
        run.is_approved = needs_approval
        run.audience = audience_snapshot.taken(mailing, self._today, counts.total)
        if self._waves is not None:
            run.due_at, run.ends_at = wave_list.bounds_of(run, mailing, self._waves)
        db.session.add_all(rows)
        db.session.flush()
        self._write(FIRST_PART)
        # A list made anew after a crash would be of another moment; and no other run counts half of this one's people.
        while (bound or ceilings.has_ceiling(mailing.owner)) and not self.is_complete:
            self._write(LONGEST_PART)
        return True

    def _lay_out(self, run: Run, mailing: Mailing) -> list[Wave]:
        """The rows of the run's waves, if it has any."""
        if run.wave_local is None:
            return []
        chosen = audience.chosen(mailing, self._today)
        self._waves, rows = wave_list.laid_out(run, mailing, chosen, utcnow(), self._reading.execute)
        return rows

    def _ask(self, question: Any) -> Any:
        return self._reading.execute(question).scalar()

    def _take_up(self, run: Run, mailing: Mailing) -> None:
        """Read those behind the last one written; nobody twice, whose address meanwhile belongs to somebody else."""
        listed = select(func.max(Delivery.position), func.max(Delivery.client_id)).where(Delivery.run_id == run.id)
        last_position, last_id = db.session.execute(listed).one()
        self._listed_count, self._total = last_position or 0, run.planned_count + run.unlisted_count
        self._today = audience_snapshot.today_in(run)
        behind = Client.id > (last_id or 0)
        if run.wave_local is not None:  # whoever is on the list may have moved to another zone since
            self._waves, behind = wave_list.taken_up(run, mailing, audience.chosen(mailing, self._today)), true()
        # Asked for once: asked of each client, a planner without statistics reads the whole list for each.
        have_it = select(Client.id).join(Delivery, Delivery.email_key == Client.email_key)
        have_it = have_it.where(Delivery.run_id == run.id, Client.owner_id == mailing.owner_id, behind)
        self._read(mailing, behind, left_out=frozenset(db.session.scalars(have_it)))
        db.session.rollback()

    def _skip(self, run: Run, mailing: Mailing, reason: StopReason) -> None:
        """Close the run before anything left. It is none of the runs that the calendar's number promises."""
        self.is_complete = True
        run.state, run.stop_reason, run.closed_at = RunState.SKIPPED, reason, utcnow()
        if not run.occurrence.startswith(windows.ON_DEMAND):
            mailing.skipped_count += 1
            if mailing.next_run_at is None and mailing.run_limit is not None:
                point_at(mailing, next_promised(mailing.rule, run.planned_at, mailing.id))
        db.session.flush()
        complete_mailing(run.mailing_id, utcnow())

    def _read(
        self,
        mailing: Mailing,
        *conditions: ColumnElement[bool],
        left_out: Set[int] = frozenset(),
        bound: Sequence[str] = (),
    ) -> None:
        """Choose the people, now and for the whole list, and read the first: with the values that stand beside them."""
        values = listed_values(mailing, bound, self._parts, self._ask, self._today)
        wave = self._waves.number_of_client() if self._waves is not None else literal(0)
        query = select(Client.id, values, wave).where(*audience.chosen(mailing, self._today), *conditions)
        query = query.order_by(*([] if self._waves is None else [wave]), Client.id)
        self._owner_id = mailing.owner_id
        self._people = (row for row in self._reading.execute(query).tuples() if row[0] not in left_out)
        self._next = [*islice(self._people, 1)]

    def _write(self, most: int) -> None:
        """Write so many at most, and see whether there are more; no commit."""
        if self._next:
            listed = [*self._next, *islice(self._people, most - 1)]
            self._next = [*islice(self._people, 1)]
            before = self._listed_count
            for number, group in groupby(listed, key=itemgetter(2)):
                people, bound, _numbers = zip(*group, strict=True)
                wave = self._waves.times[number] if self._waves is not None else None
                self._listed_count += write_list(self.run_id, self._owner_id, people, self._listed_count, bound, wave)
            ceilings.exclude_who_got_enough(self.run_id, self._owner_id, before, utcnow())
        self.is_complete = not self._next
        unlisted = 0 if self.is_complete else max(1, self._total - self._listed_count)
        db.session.execute(
            update(Run)
            .where(Run.id == self.run_id)
            .values(unlisted_count=unlisted)
            .execution_options(synchronize_session=False)
        )


def _lock(run: Run, mailing: Mailing) -> None:
    """Until the commit, whoever pauses, switches off or blocks waits, and then finds a run to hold."""
    lock_row(mailing.owner, AS_IT_IS)
    lock_row(mailing, FOR_CHANGE)  # `_skip` changes it
    lock_row(run, FOR_CHANGE)


def _obey_pause_and_stop(run: Run, mailing: Mailing) -> None:
    """Send, or not, as things stand now: a pause before found no run to hold."""
    windows.enter_window(run, mailing, utcnow())
    if mailing.paused_at is not None:
        run.state = RunState.PAUSED
    if run.stop_reason is None:
        run.stop_reason = _stop_reason_of(mailing, mailing.owner)


def _stop_reason_of(mailing: Mailing, owner: User) -> StopReason | None:
    """Why none of the mailing's runs may go on; None while they may (be it after a pause)."""
    if owner.blocked_at is not None:
        return StopReason.BLOCKED
    if mailing.disabled_at is not None:
        return StopReason.DISABLED
    return StopReason.DELETED if mailing.deleted_at is not None else None
