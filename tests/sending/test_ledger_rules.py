"""What the database itself refuses."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.delivery import MOVES, Delivery, DeliveryState, Reason
from mailer.models.run import Run, RunState
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.smtp.testserver import Lab
from tests.sending.conftest import finish

MakeRun = Callable[..., Run]


def move(state: DeliveryState) -> None:
    """Put the one delivery there is into `state`."""
    values = {"state": state, "retry_at": utcnow(), "reason": Reason.UNSUBSCRIBED}
    db.session.execute(update(Delivery).values(**values))


@pytest.mark.parametrize(("old", "new"), product(DeliveryState, DeliveryState))
def test_a_delivery_moves_only_as_the_table_says(make_run: MakeRun, old: DeliveryState, new: DeliveryState) -> None:
    write_recipient_list(make_run("a@example.test").id)
    if old is not DeliveryState.WAITING:
        move(old)
    db.session.commit()
    if new is old or new in MOVES[old]:
        move(new)
        db.session.commit()
    else:
        with pytest.raises(IntegrityError, match="illegal move"):
            move(new)
        db.session.rollback()


def test_an_attempt_is_never_changed(make_run: MakeRun, lab: Lab) -> None:
    finish(make_run("a@example.test"))
    with pytest.raises(IntegrityError, match="never changed"):
        db.session.execute(text("UPDATE attempts SET response = 'other'"))
    db.session.rollback()


def test_a_run_cannot_close_over_people_who_wait(make_run: MakeRun) -> None:
    run = make_run("a@example.test")
    write_recipient_list(run.id)
    for state in (RunState.COMPLETE, RunState.INCOMPLETE, RunState.STOPPED):
        with pytest.raises(IntegrityError, match="closed_leaves_nobody_waiting"):
            db.session.execute(update(Run).values(state=state, closed_at=utcnow()))
        db.session.rollback()


def test_complete_cannot_stand_over_a_refusal(make_run: MakeRun) -> None:
    write_recipient_list(make_run("a@example.test").id)
    move(DeliveryState.REFUSED)
    with pytest.raises(IntegrityError, match="complete_hides_nothing"):
        db.session.execute(update(Run).values(state=RunState.COMPLETE, closed_at=utcnow()))
    db.session.rollback()


def test_the_figures_of_a_run_cannot_be_falsified(make_run: MakeRun) -> None:
    write_recipient_list(make_run("a@example.test").id)
    with pytest.raises(IntegrityError, match="it_adds_up"):
        db.session.execute(update(Run).values(accepted_count=5))
    db.session.rollback()
