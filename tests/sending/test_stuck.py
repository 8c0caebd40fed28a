"""An open run that nothing would move is found, whatever made it so, and ends as any other."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import delete, func, select, text, update

from mailer.extensions import db
from mailer.jobs import ticking
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.run import Run, RunState, StopReason
from mailer.models.slice import Slice
from mailer.sending.runs import control, stuck
from mailer.sending.runs.closing import close_what_is_done, retry_refused, stop_what_must
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.sending.conftest import assert_adds_up, finish

MakeRun = Callable[..., Run]
PEOPLE = ("a@example.test", "b@example.test", "c@example.test")


@pytest.fixture
def planned(make_run: MakeRun, lab: Lab) -> Run:
    """A run whose list is made, and of which nothing was sent yet."""
    run = make_run(*PEOPLE)
    write_recipient_list(run.id)
    return db.session.get_one(Run, run.id, populate_existing=True)


def no_slices() -> None:
    """What the first sample data looked like."""
    db.session.execute(delete(Slice))


def a_slice_too_short() -> None:
    db.session.execute(update(Slice).values(last_position=1, ready_at=None))


def nothing_due() -> None:
    db.session.execute(update(Slice).values(ready_at=None))


def paused_by_nobody() -> None:
    db.session.execute(update(Run).values(state=RunState.PAUSED))


def waiting_for_hours_that_are_not_there() -> None:
    db.session.execute(update(Run).values(state=RunState.WAITING_FOR_WINDOW))


def leased_by_a_clock_that_was_wrong() -> None:
    db.session.execute(
        update(Slice).values(lease_token=func.gen_random_uuid(), leased_until=func.now() + text("interval '2 days'"))
    )


def marked_and_not_leased() -> None:
    db.session.execute(update(Slice).values(marked="000", ready_at=None))


KINDS = [
    no_slices,
    a_slice_too_short,
    nothing_due,
    paused_by_nobody,
    waiting_for_hours_that_are_not_there,
    leased_by_a_clock_that_was_wrong,
    marked_and_not_leased,
]


@pytest.mark.parametrize("make_stuck", KINDS)
def test_what_stands_still_is_moved(planned: Run, lab: Lab, make_stuck: Callable[[], None]) -> None:
    make_stuck()
    db.session.commit()
    assert finish(planned).closed_at is None

    assert stuck.heal() == [planned.id]

    run = finish(planned)
    assert (run.state, run.accepted_count) == (RunState.COMPLETE, len(PEOPLE))
    assert sorted(mail.recipient for mail in lab.accepted) == sorted(PEOPLE)
    assert_adds_up(run)
    assert stuck.heal() == []


@pytest.mark.parametrize("make_stuck", KINDS)
def test_what_stands_still_can_be_stopped(planned: Run, lab: Lab, make_stuck: Callable[[], None]) -> None:
    run_id = planned.id
    make_stuck()
    control.stop(planned.mailing, StopReason.OWNER)
    db.session.commit()

    for step in (ticking.move_what_stands, partial(work_on_run, run_id, 5), stop_what_must):
        step()

    run = db.session.get_one(Run, run_id, populate_existing=True)
    assert (run.state, run.stopped_count, lab.accepted) == (RunState.STOPPED, len(PEOPLE), [])
    assert_adds_up(run)


@pytest.mark.usefixtures("by_the_owner")
def test_figures_that_lie_are_counted_anew(planned: Run, lab: Lab) -> None:
    """As after a restore without the triggers."""
    db.session.execute(text("SET LOCAL session_replication_role = replica"))
    db.session.execute(update(Delivery).values(state=DeliveryState.ACCEPTED))
    db.session.execute(update(Slice).values(ready_at=None))
    db.session.commit()
    assert stuck.heal() == [planned.id]
    assert finish(planned).counts == {
        "accepted": 3,
        "refused": 0,
        "excluded": 0,
        "stopped": 0,
        "uncertain": 0,
        "waiting": 0,
    }
    close_what_is_done()
    assert db.session.get_one(Run, planned.id, populate_existing=True).state is RunState.COMPLETE


def test_a_run_in_order_is_left_alone(planned: Run) -> None:
    control.pause(planned.mailing)
    db.session.commit()
    assert stuck.heal() == []
    control.resume(planned.mailing)
    db.session.commit()
    assert stuck.heal() == []


def test_the_tick_looks_by_itself(planned: Run, lab: Lab) -> None:
    no_slices()
    db.session.commit()
    ticking.run_tick()
    assert db.session.scalar(select(func.count()).select_from(Slice)) == 1


def test_those_refused_can_be_tried_again_in_a_run_without_slices(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("RCPT b@* x1 -> 550 5.1.1 No such user here")
    run = finish(make_run(*PEOPLE))
    no_slices()
    db.session.commit()
    assert retry_refused(run) == 1
    db.session.commit()
    assert finish(run).state is RunState.COMPLETE
    assert retry_refused(run) == 0  # a second click
    db.session.commit()
    assert db.session.get_one(Run, run.id, populate_existing=True).closed_at is not None


@pytest.mark.parametrize(("reason", "may_go"), [(Reason.STOPPED_ENDED, True), (Reason.STOPPED_BY_OWNER, False)])
def test_only_those_stopped_by_an_end_may_wait_again(planned: Run, reason: Reason, may_go: bool) -> None:
    db.session.execute(update(Delivery).values(state=DeliveryState.STOPPED, reason=reason))
    db.session.commit()
    again = update(Delivery).values(state=DeliveryState.WAITING, reason=None)
    if may_go:
        db.session.execute(again)
    else:
        with pytest.raises(Exception, match="illegal move"):
            db.session.execute(again)
    db.session.rollback()
