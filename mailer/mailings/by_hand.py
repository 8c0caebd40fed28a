"""One run changed by hand: left out, earlier or later. The occurrence stays the same one, and the calendar as it is."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from mailer.clock import utcnow
from mailer.errors import Conflict, Refusal
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.locks import FOR_CHANGE, lock_row
from mailer.mailings.agenda_labels import format_instant
from mailer.models.journal_entry import Action
from mailer.models.mailing import Mailing
from mailer.models.run import StopReason
from mailer.queue import TICK, enqueue
from mailer.recurrence.moments import Moment, next_moment, resolve
from mailer.recurrence.rule import zone_named
from mailer.sending.runs.next_run import (
    end_of,
    has_open_run,
    next_promised,
    occurrence_of,
    point_at,
    promised_at,
    waited_for,
)
from mailer.sending.runs.run_rows import insert_skipped
from mailer.sending.runs.wave_plan import begins_at, look
from mailer.sending.runs.waves import would_overlap


class BeginsNow(Refusal):
    """Where the run would begin has passed already for some of its people: they would get it at once."""


def leave_out(mailing: Mailing, occurrence: str, now: datetime | None = None) -> datetime:
    """Leave the coming run out, with a row that says so; its local time. Commits.

    Raises Conflict when the mailing waits for another run than `occurrence` by now.
    """
    now = now or utcnow()
    _take(mailing, occurrence, now)
    moment = waited_for(mailing)
    assert moment is not None
    insert_skipped(mailing, [moment], now, StopReason.OWNER)
    mailing.skipped_count += 1
    point_at(mailing, next_promised(mailing.rule, promised_at(mailing) or now, mailing.id))
    if mailing.next_run_at is None and not has_open_run(mailing):
        mailing.completed_at = now
    _commit(mailing, "run left out", moment.local)
    return moment.local


def move(
    mailing: Mailing, occurrence: str, to: datetime, now: datetime | None = None, *, is_confirmed: bool = False
) -> None:
    """Let the coming run begin at `to`, a wall-clock time of its zone, instead; the run after it stays. Commits.

    Raises Conflict as `leave_out` does, and Refusal when `to` has passed, does not lie before the next run and the end,
    or an earlier run in waves is in the way; BeginsNow, unless it `is_confirmed`, when waves leave as soon as it moves.
    """
    now = now or utcnow()
    _take(mailing, occurrence, now)
    moment, original, at = waited_for(mailing), promised_at(mailing), resolve(to, zone_named(mailing.timezone)).at
    assert moment is not None and original is not None
    following, ends_at = next_moment(mailing.rule, original), end_of(mailing)
    if at <= now:
        raise Refusal(_("That time has passed. Choose a later one, or send it now."))
    if following is not None and at >= following.at:
        raise Refusal(
            _(
                "The next run begins on %(moment)s. Choose an earlier time.",
                moment=format_instant(following.at, mailing.timezone, now),
            )
        )
    if ends_at is not None and at >= ends_at:
        raise Refusal(_("The mailing ends before that. Choose an earlier time."))
    mailing.moved_from_at = original if at != original else None
    mailing.next_run_at, mailing.first_wave_at = at, None
    if mailing.in_waves:
        _settle_waves(mailing, moment, now, is_confirmed=is_confirmed)
    _commit(mailing, "run moved", moment.local, after=_written(to))


def _settle_waves(mailing: Mailing, moment: Moment, now: datetime, *, is_confirmed: bool) -> None:
    """Find out when the run that was moved begins now. Raises BeginsNow and Refusal."""
    assert mailing.next_run_at is not None
    mailing.first_wave_at = look(mailing, now)
    comes_at = begins_at(mailing) or now
    if would_overlap(mailing, Moment(moment.local, mailing.next_run_at), comes_at, now):
        db.session.rollback()
        raise Refusal(
            _("The previous run would still be in progress, and this one would be left out. Choose a later time.")
        )
    if comes_at > now or not mailing.may_send:
        return
    if not is_confirmed:
        db.session.rollback()
        raise BeginsNow(_("That time has passed already where some of the clients live."))
    mailing.calendar_since = now  # who asked for a time that has passed is not late with it


def _take(mailing: Mailing, occurrence: str, now: datetime) -> None:
    """Keep the tick away until the commit; what is asked must be about the run that the mailing waits for."""
    lock_row(mailing, FOR_CHANGE)
    moment = waited_for(mailing)
    comes_at = begins_at(mailing)
    is_due = comes_at is not None and comes_at <= now
    if moment is None or occurrence_of(mailing, moment) != occurrence or is_due:
        db.session.rollback()
        raise Conflict(_("This run has already begun, or is no longer the next one. Check what comes next."))


def _commit(mailing: Mailing, what: str, before: datetime, after: str = "") -> None:
    """Commit with an entry in the journal; times are the mailing's local ones."""
    mailing.version += 1
    add_entry(Action.CHANGED, f"mailing {mailing.id}", what=what, before=_written(before), after=after)
    db.session.commit()
    enqueue(TICK)


def _written(local: datetime) -> str:
    return f"{local:%Y-%m-%d %H:%M}"
