"""What an owner decides about a run that is over."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.locks import AS_IT_IS, FOR_CHANGE, lock_row
from mailer.models.run import Run, StopReason
from mailer.queue import TICK, enqueue
from mailer.sending.runs import closing, limits


def resend_uncertain(run: Run) -> int:
    """Send to those uncertain once more, a second copy being possible; how many."""
    _hold(run)
    limits.require_room_again(run, run.uncertain_count, utcnow())
    count = closing.resend_uncertain(run)
    db.session.commit()
    enqueue(TICK)
    return count


def count_uncertain_as_accepted(run: Run) -> int:
    """Take the owner's word that those uncertain have the mail; how many."""
    count = closing.count_uncertain_as_accepted(run)
    db.session.commit()
    return count


def retry_refused(run: Run) -> int:
    """Send to those refused once more; how many."""
    _hold(run)
    limits.require_room_again(run, run.refused_count, utcnow())
    count = closing.retry_refused(run)
    db.session.commit()
    enqueue(TICK)
    return count


def send_to_stopped(run: Run) -> int:
    """Send to those whom the end of the mailing kept from getting it; how many. Neither end nor hours hold them now."""
    _hold(run)
    limits.require(run.mailing, closing.cut_off_count(run), utcnow(), run)
    count = closing.send_to_stopped(run)
    db.session.commit()
    enqueue(TICK)
    return count


def _hold(run: Run) -> None:
    """Nobody pauses, switches off or blocks until the commit, and nothing of that kind done meanwhile is missed.

    Locks are taken in everybody's order.
    """
    limits.take_turn(run.mailing.owner)
    lock_row(run.mailing.owner, AS_IT_IS)
    lock_row(run.mailing, FOR_CHANGE)
    lock_row(run, FOR_CHANGE)
    if run.mailing.owner.blocked_at is not None:
        raise Refusal(_("This account is blocked."))
    if run.stop_reason is StopReason.MANAGER:
        raise Refusal(_("A manager stopped this run: it cannot be resumed."))
    if run.mailing.disabled_at is not None:
        raise Refusal(_("This mailing is switched off by a manager."))
    if run.mailing.paused_at is not None:
        raise Refusal(_("This mailing is paused. Resume it first."))
    limits.require_way(run.mailing.owner)
