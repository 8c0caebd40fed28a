"""What RQ calls: every job turns an id into one call, and may run twice."""

from __future__ import annotations

from functools import partial

from flask import current_app

from mailer.auth import outbox
from mailer.clients.importing.job import run_import
from mailer.extensions import db
from mailer.jobs.waking import wake_others
from mailer.queue import SEND_RUN, enqueue, others_wait
from mailer.sending import fence
from mailer.sending.stretch import ToldToGo
from mailer.sending.stretch import send_run as send_stretch


def tick() -> None:
    """Start what is due and heal what was lost."""
    from mailer.jobs.ticking import take_turn  # it sweeps all rooms; who only sends need not carry them

    take_turn()


def send_run(run_id: int) -> None:
    """Send a run for a turn; more to do goes to the end of the queue, behind what else waits there."""
    db.session.remove()
    others = partial(others_wait, SEND_RUN, run_id)
    try:
        has_more = send_stretch(run_id, current_app.config["JOB_SECONDS"], others, partial(wake_others, run_id))
    except ToldToGo:  # this worker ends; another one goes on
        has_more = True
    if has_more:
        enqueue(SEND_RUN, run_id)


def send_account_email(email_id: int) -> None:
    """Send one mail of the outbox."""
    db.session.remove()
    if fence.is_held():
        return
    outbox.send_account_email(email_id)


def import_clients(import_id: int) -> None:
    """Carry out one import."""
    db.session.remove()
    run_import(import_id)
