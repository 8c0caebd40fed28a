"""The commit took place and its answer was lost: the second time does no harm."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from random import Random

import psycopg2
import pytest
from flask import Flask
from psycopg2.extensions import connection as Connection  # noqa: N812
from sqlalchemy import select, text

from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.mailing import InDoubtRule
from mailer.models.run import Run
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.worker.claims import AttemptEntry, Claim, LeaseLost
from mailer.sending.worker.delivery_rules import RunRules
from mailer.sending.worker.group_commit import Writer
from mailer.sending.worker.ledger import Ledger
from mailer.smtp.results import Outcome, Phase, Result
from mailer.smtp.testserver import Lab
from tests.conftest import owner_engine
from tests.faults.conftest import outcomes

MakeRun = Callable[..., Run]


class Forgetful(Connection):
    """A connection that breaks right after it has committed, once it is told to."""

    breaks = False

    def commit(self) -> None:
        """Commit, and lose the answer."""
        super().commit()
        if Forgetful.breaks:
            Forgetful.breaks = False
            self.close()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")


@pytest.fixture
def ledger(app: Flask, lab: Lab, make_run: MakeRun) -> Iterator[Ledger]:
    """A ledger on such connections, of a planned run to three people."""
    run = make_run(3)
    write_recipient_list(run.id)
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    found = Ledger(lambda: psycopg2.connect(url, connection_factory=Forgetful), Writer(run.id, "test", None, 10))
    yield found
    found.close()
    db.session.rollback()
    with owner_engine().begin() as connection:
        connection.exec_driver_sql("UPDATE slices SET marked = NULL")  # no mail has left here
        connection.exec_driver_sql("DELETE FROM attempts")
        connection.exec_driver_sql("DELETE FROM deliveries")
        connection.exec_driver_sql("UPDATE runs SET state = 'planned', successful_attempt_count = 0")


def accepted(claim: Claim, position: int) -> AttemptEntry:
    """An attempt that the server accepted."""
    now = datetime.now(UTC)
    result = Result(position, Outcome.ACCEPTED, Phase.CONTENT, 250, "2.0.0", "2.0.0 Ok", now, now, None)
    return AttemptEntry(claim, position, claim.people[position].progress.attempt_count + 1, result)


def test_a_lost_claim_is_found_again(ledger: Ledger) -> None:
    Forgetful.breaks = True
    found = ledger.claim()
    assert found is not None
    assert len(found[0].people) == 3
    assert db.session.scalar(text("SELECT lease_token::text FROM slices")) == found[0].token
    assert ledger.claim() is None


def test_a_lost_record_is_written_once(ledger: Ledger) -> None:
    claim, _doubts = ledger.claim() or pytest.fail("nothing to claim")
    ledger.mark_and_record([claim], {claim.slice_id: [1, 2]}, [])
    Forgetful.breaks = True
    allowed = ledger.mark_and_record([claim], {claim.slice_id: [3]}, [accepted(claim, 1), accepted(claim, 2)])
    assert allowed == {claim.slice_id}
    assert db.session.scalars(select(Attempt.position).order_by(Attempt.position)).all() == [1, 2]
    assert db.session.scalar(text("SELECT marked FROM slices")) == "001"


@pytest.mark.parametrize("release", [False, True])
def test_a_lost_settlement_counts_once(ledger: Ledger, release: bool) -> None:
    claim, _doubts = ledger.claim() or pytest.fail("nothing to claim")
    entry = accepted(claim, 1)
    ledger.mark_and_record([claim], {}, [entry])
    progress = claim.people[1].progress
    progress.apply(entry.result, RunRules(datetime.max.replace(tzinfo=UTC), InDoubtRule.HOLD), Random(1))
    Forgetful.breaks = True
    ledger.settle(claim, [progress], release=release)
    run = db.session.scalars(select(Run)).one()
    assert outcomes(run) == {"accepted": 1, "waiting": 2}
    assert run.accepted_count == run.successful_attempt_count == 1


def test_a_lease_taken_over_meanwhile_is_lost_all_the_same(ledger: Ledger) -> None:
    claim, _doubts = ledger.claim() or pytest.fail("nothing to claim")
    db.session.execute(text("UPDATE slices SET lease_token = gen_random_uuid()"))
    db.session.commit()
    with pytest.raises(LeaseLost):
        ledger.settle(claim, [], release=False)
    with pytest.raises(LeaseLost):
        ledger.mark_and_record([claim], {claim.slice_id: [1]}, [])
