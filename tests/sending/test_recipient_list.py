"""The list of a run, made in parts while the first get their mail."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text

from mailer.extensions import db
from mailer.models.client import Client, Suppression
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mailing import mailing_clients
from mailer.models.run import Run, RunState, StopReason
from mailer.models.slice import Slice
from mailer.models.user import User
from mailer.sending.runs import control, recipient_list
from mailer.sending.runs.closing import close_if_done, stop_what_must
from mailer.sending.runs.recipient_list import RecipientListWriter, write_recipient_list
from mailer.sending.worker import run_worker
from mailer.sending.worker.run_worker import runs_with_work, work_on_run
from mailer.sending.worker.work import TimeBudget
from mailer.smtp.testserver import Lab
from tests.factories import make_client, save
from tests.faults.worker_processes import SOON
from tests.sending.conftest import finish, states
from tests.waiting import wait_until

MakeRun = Callable[..., Run]
TEN = [f"c{number}@example.test" for number in range(10)]


@pytest.fixture(autouse=True)
def small_parts(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four people, then three at a time, in slices of two."""
    monkeypatch.setattr(recipient_list, "FIRST_PART", 4)
    monkeypatch.setattr(recipient_list, "LONGEST_PART", 3)
    monkeypatch.setitem(app.config, "SLICE_SIZE", 2)


def figures(run: Run) -> tuple[int, int]:
    """How many are on the list, and how many are to come."""
    db.session.rollback()
    found = db.session.get_one(Run, run.id, populate_existing=True)
    return found.planned_count, found.unlisted_count


def begin_only(run: Run) -> None:
    """Write the first part, and die."""
    with closing(RecipientListWriter(run.id)) as begun:
        assert begun.begin()


def test_the_parts_make_a_whole(make_run: MakeRun) -> None:
    run = make_run(*TEN)
    assert write_recipient_list(run.id)
    assert figures(run) == (10, 0)
    listed = db.session.execute(select(Delivery.position, Delivery.email).order_by(Delivery.position)).all()
    assert [tuple(row) for row in listed] == list(enumerate(TEN, start=1))
    bounds = db.session.execute(select(Slice.first_position, Slice.last_position).order_by(Slice.id)).all()
    assert [tuple(row) for row in bounds] == [(1, 2), (3, 4), (5, 6), (7, 7), (8, 9), (10, 10)]


@pytest.mark.parametrize("count", [1, 3, 4, 5, 7, 8])
def test_lists_that_end_with_a_part_or_beside_it(make_run: MakeRun, lab: Lab, count: int) -> None:
    run = finish(make_run(*TEN[:count]))
    assert (run.state, run.accepted_count, run.unlisted_count) == (RunState.COMPLETE, count, 0)


def test_those_not_to_be_written_to_are_left_out_in_every_part(make_run: MakeRun, owner: User) -> None:
    for number, reason in ((1, "unsubscribed"), (6, "manual"), (9, "unsubscribed")):
        save(Suppression(owner_id=owner.id, email_key=TEN[number], reason=reason))
    run = make_run(*TEN)
    write_recipient_list(run.id)
    found = db.session.get_one(Run, run.id, populate_existing=True)
    assert (found.waiting_count, found.excluded_count) == (7, 3)
    rows = db.session.execute(select(Delivery.email, Delivery.reason).where(Delivery.reason.is_not(None)))
    assert {email: reason.value for email, reason in rows} == {
        TEN[1]: "unsubscribed", TEN[6]: "suppressed", TEN[9]: "unsubscribed",
    }  # fmt: skip


def test_the_first_get_their_mail_while_the_list_is_being_made(
    make_run: MakeRun, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_part = RecipientListWriter.write_part

    def write_later(self: RecipientListWriter) -> None:
        wait_until(lambda: len(lab.accepted) > 0, SOON)
        write_part(self)

    monkeypatch.setattr(RecipientListWriter, "write_part", write_later)
    run = finish(make_run(*TEN))
    assert (run.state, run.accepted_count) == (RunState.COMPLETE, 10)


def test_a_list_left_unfinished_is_found_and_finished(make_run: MakeRun, lab: Lab) -> None:
    run = make_run(*TEN)
    begin_only(run)
    assert figures(run) == (4, 6)
    assert [waiting.run_id for waiting in runs_with_work() if waiting.wants_list] == [run.id]
    found = finish(run)
    assert (found.state, found.accepted_count, found.planned_count) == (RunState.COMPLETE, 10, 10)
    assert sorted(states(run)) == TEN


def test_a_run_is_not_done_before_its_list_is(make_run: MakeRun) -> None:
    run = make_run(*TEN)
    begin_only(run)
    db.session.execute(text("UPDATE deliveries SET state = 'accepted', attempt_count = 1"))
    db.session.commit()
    assert not close_if_done(run.id)
    with pytest.raises(Exception, match="closed_leaves_nobody_unlisted"):
        db.session.execute(text("UPDATE runs SET state = 'complete', closed_at = now()"))


def test_an_address_that_came_back_meanwhile_is_not_listed_twice(make_run: MakeRun, owner: User, lab: Lab) -> None:
    run = make_run(*TEN)
    begin_only(run)
    db.session.execute(delete(Client).where(Client.email == TEN[0]))
    again = make_client(owner, email=TEN[0])
    db.session.execute(insert(mailing_clients).values(owner_id=owner.id, mailing_id=run.mailing_id, client_id=again.id))
    db.session.commit()
    found = finish(run)
    assert (found.planned_count, found.unlisted_count) == (10, 0)
    assert sorted(states(run)) == TEN


def test_only_one_makes_a_list_at_a_time(make_run: MakeRun) -> None:
    run = make_run(*TEN)
    with closing(RecipientListWriter(run.id)) as one:
        assert one.begin()
        with closing(RecipientListWriter(run.id)) as other:
            assert not other.begin()
        assert not write_recipient_list(run.id)
    assert write_recipient_list(run.id)
    assert figures(run) == (10, 0)


def test_nothing_is_held_open_once_the_list_is_made(
    make_run: MakeRun, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []
    take_turn = run_worker._take_turn

    def look_around(run_id: int, turn: TimeBudget) -> bool:
        wait_until(lambda: figures(run) == (10, 0) and count_of_lists() == 0, SOON)
        held.append(run_id)
        return take_turn(run_id, turn)

    monkeypatch.setattr(run_worker, "_take_turn", look_around)
    run = make_run(*TEN)
    finish(run)
    assert held


def count_of_lists() -> int:
    """How many advisory locks are held in this database."""
    here = "database = (SELECT oid FROM pg_database WHERE datname = current_database())"
    found = db.session.scalar(text(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND {here}"))
    db.session.rollback()
    return found or 0


@pytest.mark.parametrize("kind", ["pause", "stop"])
def test_a_hold_amid_the_list_holds_for_all_of_it(make_run: MakeRun, lab: Lab, kind: str) -> None:
    run = make_run(*TEN)
    begin_only(run)
    if kind == "pause":
        control.pause(run.mailing)
    else:
        control.stop(run.mailing, StopReason.OWNER)
    db.session.commit()
    assert not work_on_run(run.id, 5)
    assert figures(run) == (10, 0)
    stop_what_must()
    assert lab.accepted == []
    wanted = DeliveryState.WAITING if kind == "pause" else DeliveryState.STOPPED
    assert set(states(run).values()) == {wanted.value}
    assert db.session.get_one(Run, run.id).state is (RunState.PAUSED if kind == "pause" else RunState.STOPPED)


def test_a_part_that_fails_is_made_good_by_the_next_worker(
    make_run: MakeRun, lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(*TEN)

    def fail(self: RecipientListWriter) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(RecipientListWriter, "write_part", fail)
        work_on_run(run.id, 5)
    assert figures(run) == (4, 6)
    assert len(lab.accepted) == 4
    assert (found := finish(run)).state is RunState.COMPLETE
    assert (found.accepted_count, len(lab.accepted)) == (10, 10)


def test_a_client_deleted_altogether_meanwhile_leaves_no_gap(make_run: MakeRun, lab: Lab) -> None:
    run = make_run(*TEN)
    with closing(RecipientListWriter(run.id)) as being_made:
        assert being_made.begin()
        db.session.execute(delete(Client).where(Client.email == TEN[5]))
        db.session.commit()
        while not being_made.is_complete:
            being_made.write_part()
    assert figures(run) == (9, 0)
    assert list(db.session.scalars(select(Delivery.position).order_by(Delivery.position))) == list(range(1, 10))
