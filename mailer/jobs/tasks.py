"""What RQ calls: every job turns an id into one call, and may run twice."""

from __future__ import annotations

import time
from functools import partial

from flask import current_app

from mailer.account_mail import outbox
from mailer.clients.importing.job import run_import
from mailer.extensions import db
from mailer.jobs.waking import wake_others
from mailer.queue import ADVANCE_SERIES, EXAMINE, SEND_RUN, enqueue, others_wait, take
from mailer.sending import instance_guard
from mailer.sending.series.advancing import advance
from mailer.sending.worker.run_worker import Terminated, work_on_run


def tick() -> None:
    """Start what is due and heal what was lost."""
    from mailer.jobs.ticking import tick_in_turn  # it sweeps all rooms; who only sends need not carry them

    tick_in_turn()


def send_run(run_id: int) -> None:
    """Send a run for a turn; if it needs less, then those that wait behind it: to begin anew takes longer than to send
    ten mails.
    """
    turn_ends = time.monotonic() + current_app.config["JOB_SECONDS"]
    while _send_for_a_turn(run_id) and time.monotonic() < turn_ends and (next_id := take(SEND_RUN)):
        run_id = next_id


def _send_for_a_turn(run_id: int) -> bool:
    """What is left of the run goes to the end of the queue, behind what else waits there. False: this worker ends."""
    db.session.remove()
    others = partial(others_wait, SEND_RUN, run_id)
    is_told_to_go = False
    try:
        has_more = work_on_run(run_id, current_app.config["JOB_SECONDS"], others, partial(wake_others, run_id))
    except Terminated:
        has_more = is_told_to_go = True  # another one goes on
    if has_more:
        enqueue(SEND_RUN, run_id)
    return not is_told_to_go


def advance_series(series_id: int) -> None:
    """Take the people who are due in a series, for a turn; the rest goes to the end of the queue."""
    db.session.remove()
    if advance(series_id, current_app.config["JOB_SECONDS"]):
        enqueue(ADVANCE_SERIES, series_id)


def send_account_email(email_id: int) -> None:
    """Send one mail of the outbox."""
    db.session.remove()
    if instance_guard.sending_is_blocked():
        return
    outbox.send_account_email(email_id)


def read_mailbox(_number: int) -> None:
    """Take what came back to the mailbox; there is but one."""
    from mailer.returns.mailbox_job import read_now  # and the readers of reports with it

    db.session.remove()
    read_now()


def fold_hits(_number: int) -> None:
    """Judge who followed links, and count."""
    from mailer.tracking.folding import fold_due

    db.session.remove()
    fold_due()


def send_probe(number: int) -> None:
    """Send a probe of the way back."""
    from mailer.returns.probe import send

    db.session.remove()
    send(number)


def look_at_domain(domain_id: int) -> None:
    """Look at one owner's domain."""
    from mailer.domains.looking import look_when_due  # and what asks the DNS with it

    db.session.remove()
    look_when_due(domain_id)


def look_at_exchangers(_number: int) -> None:
    """See who takes the mail of some of the clients' domains."""
    from mailer.sending.mx_looks import look_at_some  # and what asks the DNS with it

    db.session.remove()
    look_at_some()


def examine(examination_id: int) -> None:
    """Look a message over for a turn; the rest goes to the end of the queue."""
    from mailer.messages.examining import examine as look  # and what asks links and composes for all with it

    db.session.remove()
    if look(examination_id, current_app.config["JOB_SECONDS"]):
        enqueue(EXAMINE, examination_id)


def import_clients(import_id: int) -> None:
    """Carry out one import."""
    db.session.remove()
    run_import(import_id)
