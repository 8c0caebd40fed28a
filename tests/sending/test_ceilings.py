"""Nobody gets more emails than their owner allows for one person: the list is written with that reason, and adds up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.delivery import Delivery
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.start import start_due
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.conftest import Browser
from tests.factories import make_client, make_mailing

START = datetime(2026, 11, 30, 9, tzinfo=UTC)
DAY = timedelta(days=1)


def sent(owner: User, now: datetime, *mailings: int) -> Run:
    """Let the tick and a worker do what is due; the last run."""
    with time_machine.travel(now, tick=True):
        for run_id in start_due(now):
            while work_on_run(run_id, 20):
                pass
    db.session.expire_all()
    return db.session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()


def test_whoever_had_two_in_a_week_is_left_out_as_too_many(owner: User, lab: Lab) -> None:
    owner.person_weekly_ceiling = 2
    early, late = make_client(owner, "early@example.test"), make_client(owner, "late@example.test", tags=["late"])
    daily = make_mailing(owner, starts_local=START.replace(tzinfo=None))
    late.deleted_at = START
    set_next_run(daily, START - DAY)
    db.session.commit()
    first, second = sent(owner, START, daily.id), sent(owner, START + DAY)
    assert (first.accepted_count, second.accepted_count) == (1, 1)
    late.deleted_at = None
    db.session.commit()
    third = sent(owner, START + 2 * DAY)
    assert (third.state, third.planned_count, third.accepted_count, third.excluded_count) == (
        RunState.COMPLETE,
        2,
        1,
        1,
    )
    (left_out,) = db.session.scalars(select(Delivery).where(Delivery.run_id == third.id, Delivery.state == "excluded"))
    assert (left_out.email, left_out.reason) == (early.email, "too_many")
    assert len(lab.accepted) == 3
    for day in range(3, 7):
        sent(owner, START + day * DAY)
    week_later = sent(owner, START + 7 * DAY)
    assert week_later.accepted_count == 1, "seven days after the first there is room for one again"


@pytest.mark.parametrize(
    ("typed", "status"), [("0", 422), ("101", 422), ("²", 422), ("9" * 4000, 422), ("2", 303), ("", 303)]
)
def test_the_owner_sets_it(as_owner: Browser, owner: User, typed: str, status: int) -> None:
    data = {"person_daily_ceiling": "", "person_weekly_ceiling": typed}
    answer = as_owner.post("/calendar/ceiling", data=data)
    assert answer.status_code == status
    db.session.refresh(owner)
    assert owner.person_weekly_ceiling == (2 if typed == "2" else None)
