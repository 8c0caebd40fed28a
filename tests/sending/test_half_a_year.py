"""Half a year on a clock that runs ahead: every last working day at nine in Moscow, with an outage."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.mailing import Mailing, MailingStatus
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.start import start_due
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.factories import make_client, make_mailing

SAVED = datetime(2026, 11, 21, 12, tzinfo=UTC)
NINE_IN_MOSCOW = [
    datetime.fromisoformat(f"{day}T06:00+00:00")
    for day in (
        "2026-11-30", "2026-12-30", "2027-01-29", "2027-02-26", "2027-03-31", "2027-04-30", "2027-05-31",
    )
]  # fmt: skip
SECOND, STEP = timedelta(seconds=1), timedelta(hours=6)


def ticks(start: datetime, end: datetime) -> Iterator[datetime]:
    """Every six hours, and a second before, at, and after each moment that should fire."""
    edges = [moment + offset * SECOND for moment in NINE_IN_MOSCOW for offset in (-1, 0, 1)]
    count = int((end - start) / STEP)
    yield from sorted({start + number * STEP for number in range(count)} | {at for at in edges if start <= at < end})


def live(start: datetime, end: datetime) -> dict[datetime, list[int]]:
    """Let the service tick and send from `start` to `end`; which runs began when."""
    began: dict[datetime, list[int]] = {}
    for now in ticks(start, end):
        with time_machine.travel(now, tick=True):
            for run_id in start_due(now):
                began.setdefault(now, []).append(run_id)
                while work_on_run(run_id, 20):
                    pass
    return began


@pytest.fixture
def mailing(owner: User, lab: Lab) -> Mailing:
    """Saved on the 21st of November, until June."""
    make_client(owner)
    made = make_mailing(
        owner, period="monthly", monthly_on="last_working_day", holiday_country="RU", timezone="Europe/Moscow",
        starts_local=datetime(2026, 11, 21, 9), ends_local=datetime(2027, 6, 1),
    )  # fmt: skip
    set_next_run(made, SAVED)
    db.session.commit()
    return made


def test_the_runs_happen_exactly_then(mailing: Mailing, lab: Lab) -> None:
    began = live(SAVED, datetime(2027, 7, 1, tzinfo=UTC))
    assert list(began) == NINE_IN_MOSCOW
    assert all(len(runs) == 1 for runs in began.values())
    assert len(lab.accepted) == 7
    assert db.session.get_one(Mailing, mailing.id, populate_existing=True).status is MailingStatus.COMPLETED


def test_two_days_of_silence_are_shown_and_obeyed(mailing: Mailing, lab: Lab) -> None:
    live(SAVED, NINE_IN_MOSCOW[1] - timedelta(days=1))
    began = live(NINE_IN_MOSCOW[1] + timedelta(days=1), datetime(2027, 2, 1, tzinfo=UTC))
    assert list(began) == NINE_IN_MOSCOW[2:3]
    runs = db.session.scalars(select(Run).order_by(Run.planned_at)).all()
    assert [(run.planned_at, run.state, run.stop_reason) for run in runs] == [
        (NINE_IN_MOSCOW[0], RunState.COMPLETE, None),
        (NINE_IN_MOSCOW[1], RunState.SKIPPED, StopReason.MISSED),
        (NINE_IN_MOSCOW[2], RunState.COMPLETE, None),
    ]
    assert len(lab.accepted) == 2


def test_a_longer_patience_makes_the_missed_one_good(mailing: Mailing, lab: Lab) -> None:
    mailing.late_limit_minutes = 7 * 24 * 60
    db.session.commit()
    live(SAVED, NINE_IN_MOSCOW[1] - timedelta(days=1))
    back = NINE_IN_MOSCOW[1] + timedelta(days=1)
    assert list(live(back, back + timedelta(days=1))) == [back]
    assert len(lab.accepted) == 2
