"""People who pause, stop, delete, unsubscribe, edit and press twice, amid a run."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.sending.runs import control
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import AlreadyRunning, start_now
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.conftest import Browser
from tests.factories import add_clients, make_mailing
from tests.faults.conftest import carry_on, outcomes, waiting_count
from tests.faults.worker_processes import SOON, WorkerProcess
from tests.waiting import wait_until

MakeRun = Callable[..., Run]
StartWorker = Callable[..., WorkerProcess]
CONNECTIONS = 4


def hold(run: Run, kind: str) -> None:
    """What a person does, as one transaction."""
    mailing = db.session.get_one(Mailing, run.mailing_id)
    if kind == "paused":
        control.pause(mailing)
    elif kind == "blocked":
        mailing.owner.blocked_at, mailing.owner.block_reason = utcnow(), "spam"
        control.stop_owner(mailing.owner_id)
    elif kind == "disabled":
        mailing.disabled_at, mailing.disabled_reason = utcnow(), "spam"
        control.stop(mailing, StopReason.DISABLED)
    else:
        control.stop(mailing, StopReason(kind))
    db.session.commit()


def has_ticked_to_the_end(run: Run) -> bool:
    """One tick's part in stopping; whether the run is closed now."""
    stop_what_must()
    db.session.refresh(run)
    db.session.commit()
    return run.closed_at is not None


@pytest.mark.parametrize("kind", ["paused", "owner", "disabled", "blocked", "deleted"])
def test_a_hold_lets_only_the_open_transactions_out(
    app: Flask, lab: Lab, make_run: MakeRun, start_worker: StartWorker, kind: str
) -> None:
    lab.obey("DOT -> accept; delay 0.01; 250 2.0.0 Ok")
    count = 1000
    run = make_run(count)
    worker = start_worker(run, 1000.0)  # as long as `flask send-mailings` would
    wait_until(lambda: len(lab.accepted) >= count * 0.3)
    hold(run, kind)
    at_commit = len(lab.accepted)
    if kind == "paused":
        wait_until(lambda: not worker.is_alive, SOON)
        db.session.refresh(run)
        assert (run.state, run.closed_at) == (RunState.PAUSED, None)
    else:
        wait_until(lambda: has_ticked_to_the_end(run), SOON)
        db.session.refresh(run)
        assert run.state is RunState.STOPPED
        assert run.stopped_count == count - run.accepted_count
    assert len(lab.accepted) - at_commit <= CONNECTIONS + 1  # one a connection, and the count is read a moment later
    assert run.uncertain_count == 0
    assert run.accepted_count == len(lab.accepted)
    if kind == "paused":
        control.resume(db.session.get_one(Mailing, run.mailing_id))
        db.session.commit()
        assert carry_on(run).state is RunState.COMPLETE


def test_a_manager_blocks_the_owner_amid_a_run(
    app: Flask,
    lab: Lab,
    make_run: MakeRun,
    start_worker: StartWorker,
    as_manager: Browser,
    as_owner: Browser,
    owner: User,
) -> None:
    lab.obey("DOT -> accept; delay 0.01; 250 2.0.0 Ok")
    count = 1000
    run = make_run(count)
    worker = start_worker(run, 1000.0)
    wait_until(lambda: len(lab.accepted) >= count * 0.3)
    answer = as_manager.post(f"/manager/users/{owner.id}/block", data={"reason": "A bought list"})
    at_commit = len(lab.accepted)
    assert answer.status_code == 303
    assert as_owner.get("/mailings").status_code == 302
    wait_until(lambda: not worker.is_alive, SOON)
    assert len(lab.accepted) - at_commit <= CONNECTIONS + 1  # the transactions open at that moment
    wait_until(lambda: has_ticked_to_the_end(run), SOON)
    db.session.refresh(run)
    assert (run.state, run.stop_reason) == (RunState.STOPPED, StopReason.BLOCKED)
    assert run.accepted_count + run.stopped_count == count


def test_the_end_of_the_mailing_passes_at_40_percent(lab: Lab, make_run: MakeRun, start_worker: StartWorker) -> None:
    lab.obey("DOT -> accept; delay 0.01; 250 2.0.0 Ok")
    run = make_run(1000)
    worker = start_worker(run)
    wait_until(lambda: len(lab.accepted) >= 400)
    db.session.execute(update(Run).values(ends_at=text("now()")))
    db.session.commit()
    at_commit = len(lab.accepted)
    wait_until(lambda: not worker.is_alive, SOON)
    wait_until(lambda: has_ticked_to_the_end(run), SOON)
    db.session.refresh(run)
    assert (run.state, run.stop_reason) == (RunState.EXPIRED, StopReason.ENDED)
    assert len(lab.accepted) - at_commit <= CONNECTIONS + 1


@pytest.mark.parametrize("stage", ["clients", "slices"])
@pytest.mark.parametrize("kind", ["paused", "blocked"])
def test_a_hold_put_on_while_the_list_is_being_made_holds(
    app: Flask, lab: Lab, make_run: MakeRun, kind: str, stage: str
) -> None:
    run = make_run(10)
    run_id = run.id
    db.session.commit()
    with db.engine.connect() as other:
        other.execute(text(f"LOCK TABLE {stage} IN ACCESS EXCLUSIVE MODE"))  # the reading waits, or the writing
        planner = threading.Thread(target=in_context, args=(app, write_recipient_list, run_id))
        planner.start()
        wait_until(lambda: waiting_count() == 1)
        person = threading.Thread(target=in_context, args=(app, hold_by_id, run_id, kind))
        person.start()
        wait_until(lambda: not person.is_alive() or waiting_count() == 2)
    planner.join()
    person.join()
    assert not work_on_run(run_id, 5)
    stop_what_must()
    assert lab.accepted == []
    found = db.session.get_one(Run, run_id, populate_existing=True)
    assert found.state is (RunState.PAUSED if kind == "paused" else RunState.STOPPED)


def hold_by_id(run_id: int, kind: str) -> None:
    """The same in a session of its own."""
    hold(db.session.get_one(Run, run_id), kind)


def in_context(app: Flask, work: Callable[..., object], *arguments: object) -> None:
    """In a thread of its own."""
    with app.app_context():
        work(*arguments)
        db.session.remove()


def test_a_stopped_run_does_not_hide_who_may_have_the_mail(lab: Lab, make_run: MakeRun) -> None:
    lab.obey("DOT c2@* -> accept; drop\nRCPT c1@* -> 451 4.3.0 Later\nRCPT c3@* -> 451 4.3.0 Later")
    run = make_run(3, in_doubt_rule="resend")
    work_on_run(run.id, 5)
    hold(run, "owner")
    wait_until(lambda: has_ticked_to_the_end(run), SOON)
    assert outcomes(run) == {"stopped": 2, "uncertain": 1}


def test_those_who_unsubscribe_or_are_deleted_meanwhile_get_nothing_more(lab: Lab, make_run: MakeRun) -> None:
    lab.obey("RCPT 50% -> 450 4.2.0 Later")
    run = make_run(300, in_doubt_rule="resend")
    work_on_run(run.id, 5)
    deferred = set(db.session.scalars(text("SELECT email FROM deliveries WHERE state = 'deferred'")))
    gone, unsubscribed = set(sorted(deferred)[:20]), set(sorted(deferred)[20:40])
    db.session.execute(update(Client).where(Client.email.in_(gone)).values(deleted_at=utcnow()))
    for email in unsubscribed:
        db.session.add(Suppression(owner_id=run.owner_id, email_key=email, reason=SuppressionReason.UNSUBSCRIBED))
    db.session.commit()
    lab.obey("")
    run = carry_on(run)
    assert outcomes(run) == {"accepted": 260, "excluded": 40}
    assert not {record.recipient for record in lab.accepted} & (gone | unsubscribed)


def test_in_doubt_and_then_unsubscribed_is_uncertain(lab: Lab, make_run: MakeRun) -> None:
    lab.obey("DOT -> accept; drop")
    run = make_run(1, in_doubt_rule="resend")
    work_on_run(run.id, 5)
    db.session.add(Suppression(owner_id=run.owner_id, email_key="c1@example.test", reason="unsubscribed"))
    db.session.commit()
    assert outcomes(carry_on(run)) == {"uncertain": 1}
    assert len(lab.accepted) == 1


def test_an_edit_amid_the_run_changes_the_next_one_only(
    app: Flask, lab: Lab, make_run: MakeRun, start_worker: StartWorker
) -> None:
    lab.keeps_content = True
    lab.obey("DOT -> accept; delay 0.01; 250 2.0.0 Ok")
    run = make_run(400)
    worker = start_worker(run)
    wait_until(lambda: len(lab.accepted) >= 200)
    mailing = db.session.get_one(Mailing, run.mailing_id)
    mailing.message.subject = "Changed"
    db.session.commit()
    assert worker.wait() == 0
    run = carry_on(run)
    assert all(b"Subject: News" in (record.content or b"") for record in lab.accepted)
    again = carry_on(start_now(mailing, "again"))
    assert again.state is RunState.COMPLETE
    assert all(b"Subject: Changed" in (record.content or b"") for record in lab.accepted[400:])


def test_send_now_pressed_fifty_times_at_once_is_one_run(app: Flask, lab: Lab, owner: User) -> None:
    add_clients(owner, 10)
    mailing_id = make_mailing(owner).id
    db.session.commit()

    def press(number: int) -> None:
        try:
            start_now(db.session.get_one(Mailing, mailing_id), f"form-{number % 5}")  # five tabs, ten clicks each
        except AlreadyRunning:
            db.session.rollback()

    threads = [threading.Thread(target=in_context, args=(app, press, number)) for number in range(50)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    (run,) = db.session.scalars(select(Run)).all()
    assert carry_on(run).state is RunState.COMPLETE
    assert len(lab.accepted) == 10


def test_a_small_mailing_does_not_wait_for_a_huge_one(
    app: Flask, lab: Lab, make_run: MakeRun, start_worker: StartWorker, stranger: User
) -> None:
    lab.obey("DOT -> accept; delay 0.02; 250 2.0.0 Ok")
    huge, small = make_run(3000), make_run(50, whose=stranger)
    workers = [start_worker(huge, 0.5), start_worker(huge, 0.5)]  # turns, as the queue would have it
    carry_on(small, 20)
    assert any(worker.is_alive for worker in workers)
    db.session.refresh(huge)
    assert huge.waiting_count > 0
    control.stop(db.session.get_one(Mailing, huge.mailing_id), StopReason.OWNER)
    db.session.commit()
    wait_until(lambda: has_ticked_to_the_end(huge), SOON)


def test_pausing_while_the_run_closes_never_locks_up(app: Flask, lab: Lab, make_run: MakeRun) -> None:
    run = make_run(1, period="once")
    for number in range(5):
        closer = threading.Thread(target=in_context, args=(app, work_on_run, run.id, 5.0))
        mailing_id = run.mailing_id
        db.session.rollback()
        closer.start()
        while closer.is_alive():
            mailing = db.session.get_one(Mailing, mailing_id, populate_existing=True)
            control.pause(mailing)
            db.session.commit()
            control.resume(mailing)
            db.session.commit()
        closer.join()
        carry_on(run)
        run = start_now(db.session.get_one(Mailing, mailing_id), f"again {number}")
    control.stop(db.session.get_one(Mailing, mailing_id), StopReason.OWNER)
    db.session.commit()
    assert has_ticked_to_the_end(run)
