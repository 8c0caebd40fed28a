"""What was put on between the opening of a page and its button is obeyed: services lock first, and read then."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import text

from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.mailings import services
from mailer.mailings.runs import services as run_services
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.run import Run, RunState
from mailer.models.user import User
from tests.conftest import owner_engine
from tests.factories import make_client, make_mailing
from tests.mailings.builders import make_deliveries, make_run

HOLDS = (
    "UPDATE runs SET stop_reason = 'manager', stop_note = 'No'",
    "UPDATE mailings SET disabled_at = now(), disabled_reason = 'No'",
    "UPDATE mailings SET paused_at = now()",
    "UPDATE users SET blocked_at = now(), block_reason = 'No'",
)
DECISIONS = (run_services.resend_uncertain, run_services.retry_refused, run_services.send_to_stopped)


def meanwhile(statement: str) -> None:
    """Somebody else does that, and is done."""
    with owner_engine().begin() as connection:
        connection.execute(text(statement))


@pytest.fixture
def mailing(owner: User) -> Mailing:
    return make_mailing(owner, [make_client(owner)])


@pytest.mark.parametrize("hold", HOLDS)
@pytest.mark.parametrize("decide", DECISIONS)
def test_a_run_is_not_taken_up_on_hold(mailing: Mailing, decide: Callable[[Run], int], hold: str) -> None:
    run = make_run(mailing)
    make_deliveries(run, refused=1, uncertain=1)
    make_deliveries(run, stopped=1, reason="ended")
    run.state, run.closed_at = RunState.INCOMPLETE, utcnow()
    db.session.commit()
    assert run.mailing.owner.blocked_at is None, "as the page has read them"
    assert (run.stop_reason, run.mailing.disabled_at, run.mailing.paused_at) == (None, None, None)
    meanwhile(hold)
    with pytest.raises(Refusal):
        decide(run)
    db.session.rollback()
    assert db.session.scalar(text("SELECT count(*) FROM deliveries WHERE state = 'waiting'")) == 0


@pytest.mark.parametrize("hold", [*HOLDS[1:3], "UPDATE messages SET deleted_at = now()"])
def test_no_run_is_begun_on_hold(mailing: Mailing, hold: str) -> None:
    assert (mailing.disabled_at, mailing.paused_at, mailing.message.deleted_at) == (None, None, None)
    meanwhile(hold)
    with pytest.raises(Refusal):
        services.send_now(mailing, "form")
    db.session.rollback()
    assert db.session.query(Run).count() == 0


def test_a_mailing_does_not_come_back_without_its_message(mailing: Mailing) -> None:
    mailing.deleted_at = utcnow()
    db.session.commit()
    assert db.session.get_one(Message, mailing.message_id).deleted_at is None
    meanwhile("UPDATE messages SET deleted_at = now()")
    with pytest.raises(Refusal):
        services.restore_mailing(mailing)
    db.session.rollback()
    assert mailing.deleted_at is not None
