"""A worker's turn at one run: some seconds of sending, then the next run gets its turn."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from random import Random

import structlog
import uvloop
from flask import current_app
from sqlalchemy import func, literal, or_, select

from mailer.bounces.providers.known import PROVIDERS
from mailer.clock import database_clock, database_now
from mailer.composing.email import compile_email
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.recipient_pace import RunHold
from mailer.models.run import Run, StopReason
from mailer.models.slice import Slice
from mailer.models.types import MAX_WORKER_NAME
from mailer.models.user import User
from mailer.models.wave import Wave
from mailer.sending import instance_guard, own_domains, picture_waits, return_path, server_faults, tracking
from mailer.sending.attachments import with_files
from mailer.sending.conditions import HELD_STATES, IS_FREE, IS_WAVE_OPEN, MAY_SEND
from mailer.sending.contents import content_of_copy
from mailer.sending.database_connections import connector
from mailer.sending.mail_headers import mail_headers_for, recipient_maker
from mailer.sending.runs import control
from mailer.sending.runs.closing import close_if_done
from mailer.sending.runs.recipient_list import WANTS_LIST, writing_recipient_list
from mailer.sending.servers import habits, health, mail_routes
from mailer.sending.servers.mail_routes import MailRoute, RouteChoice
from mailer.sending.servers.slots import NoSlot, SharedConnections
from mailer.sending.worker.delivery_rules import RunRules, deadline
from mailer.sending.worker.group_commit import Writer
from mailer.sending.worker.group_committer import GroupCommitter
from mailer.sending.worker.ledger import Ledger
from mailer.sending.worker.recovery import settle_abandoned
from mailer.sending.worker.sender import Sender
from mailer.sending.worker.warm_up_gate import WarmUpGate
from mailer.sending.worker.work import TimeBudget, TurnReport, Work
from mailer.smtp.transport import Transport

log = structlog.get_logger()

MAX_EXTENSION = 12


class Terminated(SystemExit):
    """SIGTERM came, and everything was let go in order: nothing is in doubt, the rest waits for another worker."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


def work_on_run(
    run_id: int,
    seconds: float,
    others_wait: Callable[[], bool] = lambda: True,
    planned: Callable[[], None] = lambda: None,
) -> bool:
    """Make the run's list if it has none, send for a turn, close it if done; whether there is more to do now.

    The turn lasts `seconds`, and goes on, `MAX_EXTENSION` times as long at most, until the list is made and
    `others_wait` says that somebody waits for the worker: beginning anew costs the connections their speed.
    `planned` is called when it was this call that began the list.

    Harmless at any time and any number of times: everything is decided by claims in the database. Raises Terminated
    after a SIGTERM.
    """
    if instance_guard.sending_is_blocked():
        return False
    with writing_recipient_list(run_id, planned) as is_listed:
        turn = TimeBudget(seconds, MAX_EXTENSION * seconds, lambda: is_listed() and others_wait())
        may_go_on = _take_turn(run_id, turn)
    if _close_if_done(run_id):
        return False
    return may_go_on and has_work(run_id)


def _take_turn(run_id: int, turn: TimeBudget) -> bool:
    """Send what there is; whether it makes sense to go on at once if there is more."""
    run = db.session.get(Run, run_id, populate_existing=True)
    if run is None or run.closed_at is not None:
        db.session.rollback()
        return False
    rules = _rules(run)
    if not run.state.is_sending or run.stop_reason is not None:
        _settle_crashes(run_id, rules)
        return False
    if not has_work(run_id):  # no connection without a mail in hand
        if run.wave_local is not None:  # of a wave whose sending hours are over
            _settle_crashes(run_id, rules)
        return True
    routes = mail_routes.routes_of(db.session.get_one(User, run.owner_id))
    if not routes:
        control.stop_run(run_id, StopReason.NO_CATCHER)
        return False
    choice = mail_routes.choose(routes)
    if choice is None:
        health.let_run_wait(run_id, routes[0].transport)
        return False
    report = _send(run_id, choice, rules, turn)
    if report is None:  # other workers have all the connections there may be
        return False
    _note_health(choice, routes, run_id, report)
    if report.is_told_to_go:
        _close_if_done(run_id)
        raise Terminated
    return not report.is_lease_lost and not (report.fault and mail_routes.all_rest(routes))


def _close_if_done(run_id: int) -> bool:
    is_closed = close_if_done(run_id)
    if is_closed:
        log.info("run closed", run=run_id)
    return is_closed


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open run with due work: how many slices nobody holds, and how many workers are at others."""

    run_id: int
    slice_count: int
    worker_count: int
    wants_list: bool  # its list is still to be made, or to be finished


def runs_with_work(limit: int = 100) -> list[Waiting]:
    """Open runs in which something is due and free, the longest waiting first."""
    due = (
        select(
            Run.id,
            func.min(Slice.ready_at).filter(IS_FREE).label("since"),
            func.count().filter(IS_FREE).label("slices"),
            func.count(Slice.leased_by.distinct()).filter(~IS_FREE).label("workers"),
            literal(False).label("wants_list"),
        )
        .join(Slice, Slice.run_id == Run.id)
        .where(Run.closed_at.is_(None), Slice.ready_at <= func.now())
        .where(or_(Run.state.not_in(sorted(HELD_STATES)), Slice.leased_until < func.now()))
        .where(or_(IS_WAVE_OPEN, Slice.leased_until < func.now()))
        .group_by(Run.id)
        .having(func.count().filter(IS_FREE) > 0)
    )
    unlisted = select(Run.id, Run.planned_at, literal(1), literal(0), literal(True)).where(*WANTS_LIST)
    both = due.union_all(unlisted).subquery()
    rows = db.session.execute(select(both).order_by(both.c.since).limit(limit)).all()
    db.session.rollback()
    return [Waiting(row.id, row.slices, row.workers, row.wants_list) for row in rows]


def has_work(run_id: int) -> bool:
    """Whether a slice of the run is due and free, and the run may send."""
    found = db.session.scalar(
        select(Slice.id)
        .join(Run, Run.id == Slice.run_id)
        .where(Slice.run_id == run_id, Slice.ready_at <= func.now(), IS_FREE, MAY_SEND, IS_WAVE_OPEN)
        .limit(1)
    )
    db.session.rollback()
    return found is not None


def _rules(run: Run) -> RunRules:
    # A run that catches up with a moment long past has its 72 hours from now on; one that waits for the days of a
    # warm-up, from the latest of them on: who is tried first on the fifth day has as many tries as all others.
    latest_day = db.session.scalar(
        select(func.max(RunHold.until)).where(RunHold.run_id == run.id, RunHold.warm_up_id.is_not(None))
    )
    moments = (run.planned_at, run.created_at, run.reopened_at, run.window_opens_at, latest_day)
    since = max(moment for moment in moments if moment is not None)
    if run.wave_local is not None:
        since = max(since, db.session.scalar(select(func.max(Wave.opens_at)).where(Wave.run_id == run.id)) or since)
    in_doubt_rule = db.session.scalar(select(Mailing.in_doubt_rule).where(Mailing.id == run.mailing_id))
    assert in_doubt_rule is not None
    return RunRules(deadline(since, run.ends_at), in_doubt_rule)


def _send(run_id: int, choice: RouteChoice, rules: RunRules, turn: TimeBudget) -> TurnReport | None:
    """Send until the turn is over or a better server is to be tried again; None without a free connection, or without
    the pictures that travel inside."""
    now = database_clock()
    if choice.until is not None:
        turn = turn.not_beyond(max(0.0, (choice.until - now()).total_seconds()))
    connect = connector()
    shared = SharedConnections(choice.route, current_app.config["SENDERS_PER_RUN"], partial(connect, async_=True))
    with suppress(NoSlot), picture_waits.letting_run_wait(run_id), ExitStack() as stack:
        committer = GroupCommitter(shared.connect, _writer(run_id, health.name_of(choice.route.transport)))
        stack.callback(committer.close)
        stack.callback(shared.give_back)
        run = db.session.get_one(Run, run_id)
        work = _work(run, rules, choice.route.transport, now())
        gate = WarmUpGate(work.from_domain, current_app.config["BABEL_DEFAULT_TIMEZONE"])
        ledger = stack.enter_context(closing(Ledger(connect, _writer(run_id), gate)))
        transport, pace = habits.accustomed(shared.transport)
        run.started_at = run.started_at or db.func.now()
        db.session.commit()  # nothing of ours is open while the network is
        random = Random()  # noqa: S311 - spreads retries, no secret
        sender = Sender(
            work, transport, committer, ledger, turn=turn, random=random, now=now, is_probe=choice.is_probe, pace=pace
        )
        return uvloop.run(_run_until_terminated(sender))
    return None


async def _run_until_terminated(sender: Sender) -> TurnReport:
    """Run the sender; SIGTERM makes it let go in order, leaving nothing in doubt."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    try:
        loop.add_signal_handler(signal.SIGTERM, stop.set)
    except (ValueError, RuntimeError):  # not the main thread
        return await sender.run(stop)
    try:
        return await sender.run(stop)
    finally:
        loop.remove_signal_handler(signal.SIGTERM)


def _work(run: Run, rules: RunRules, transport: Transport, now: datetime) -> Work:
    if run.snapshot.get("inline"):
        picture_waits.require_storage()
    snapshot, signers = own_domains.as_it_may_leave(run.owner_id, run.snapshot)
    content = with_files(content_of_copy(snapshot), run.owner_id, snapshot)
    headers = replace(mail_headers_for(run.owner_id, snapshot, run.mailing_id), tracking=tracking.of_run(run))
    return Work(
        run.id,
        compile_email(content, headers, now),
        rules,
        recipient_maker(run.token, tracking.link_tokens(run)),
        signers,
        health.was_sound_lately(transport),
        health.name_of(transport),
        return_path.configured(),
        PROVIDERS[transport.provider].header if transport.provider else None,
        from_domain=own_domains.from_domain(snapshot),
        nobody_has_it=not run.accepted_count and not run.tolerates_refusals,
    )


def _writer(run_id: int, transport: str | None = None) -> Writer:
    worker = f"{socket.gethostname()}:{os.getpid()}"
    return Writer(run_id, worker[:MAX_WORKER_NAME], transport, current_app.config["LEASE_SECONDS"])


def _settle_crashes(run_id: int, rules: RunRules) -> None:
    now = database_now()
    db.session.rollback()
    with closing(Ledger(connector(), _writer(run_id))) as ledger:
        settle_abandoned(ledger, rules, Random(), now)  # noqa: S311


def _note_health(choice: RouteChoice, routes: list[MailRoute], run_id: int, report: TurnReport) -> None:
    transport = choice.route.transport
    habits.note(transport, report.learned)
    if report.is_server_sound:
        health.note_success(transport)
        health.let_run_go_on(run_id)
    if report.fault is not None:
        fault, name = report.fault, health.name_of(transport)
        log.warning("mail server at fault", run=run_id, server=name, phase=fault.phase, said=fault.text)
        server_faults.note(run_id, name, fault.phase, fault.code, fault.text, database_now())
        health.note_fault(transport, report.fault, was_probe=choice.is_probe)
        if mail_routes.all_rest(routes):
            health.let_run_wait(run_id, transport)
