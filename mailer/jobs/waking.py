"""As many workers for a run as it can use."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import func, select

from mailer import queue
from mailer.extensions import db
from mailer.models.run import Run
from mailer.models.slice import Slice
from mailer.models.user import User
from mailer.queue import SEND_RUN
from mailer.sending import instance_guard
from mailer.sending.servers import mail_routes
from mailer.sending.worker.run_worker import runs_with_work


def wake_senders() -> None:
    """Wake as many workers for each run as it can use, counting those at it and the wake-ups on their way.

    While all the mail servers that a run may take rest from faults, it needs one only to make its list.
    """
    if instance_guard.sending_is_blocked():
        return
    found = runs_with_work()
    if any(not waiting.wants_list for waiting in found):
        resting = _resting([waiting.run_id for waiting in found])
        found = [waiting for waiting in found if waiting.wants_list or waiting.run_id not in resting]
    if not found:
        return
    on_their_way = queue.waiting(SEND_RUN)
    for waiting in found:
        present = waiting.worker_count + on_their_way[waiting.run_id]
        useful = waiting.worker_count + waiting.slice_count
        on_their_way[waiting.run_id] += _wake(waiting.run_id, useful, present)


def _resting(run_ids: list[int]) -> set[int]:
    """Those among the runs whose mail servers all rest; that of sample accounts is the mail catcher."""
    rests, catcher_rests = mail_routes.all_rest(), mail_routes.all_rest(mail_routes.read_catcher(current_app.config))
    if rests is catcher_rests:
        return set(run_ids) if rests else set()
    query = (
        select(Run.id).join(User, User.id == Run.owner_id).where(Run.id.in_(run_ids), User.is_sample == catcher_rests)
    )
    found = set(db.session.scalars(query))
    db.session.rollback()
    return found


def wake_others(run_id: int) -> None:
    """Wake the other workers that this run can use, now that this one has begun its list: the tick is a second off."""
    slice_count = db.session.scalar(select(func.count()).where(Slice.run_id == run_id, Slice.ready_at <= func.now()))
    db.session.rollback()
    _wake(run_id, slice_count or 0, 1 + queue.waiting(SEND_RUN)[run_id])


def _wake(run_id: int, useful_count: int, present: int) -> int:
    """Wake workers until as many are at the run, or on their way, as it can use and there may be; how many."""
    missing = max(0, min(current_app.config["SENDERS_PER_RUN"], useful_count) - present)
    for _worker in range(missing):
        queue.enqueue(SEND_RUN, run_id)
    return missing
