"""After an outage: at most one run late, everything older visible as skipped; what never was made is made good."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from mailer.extensions import db
from mailer.jobs.alarms import raise_alarms
from mailer.models.account_email import AccountEmail
from mailer.models.mailing import Mailing, MailingStatus
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import Role, User
from mailer.sending.runs.missing import make_good
from mailer.sending.runs.next_run import follow_zone_data, set_next_run
from mailer.sending.runs.start import start_due
from tests.factories import make_client, make_mailing, make_user
from tests.sending.test_planning import NOW, at

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def scheduled(owner: User, now: datetime = NOW - 10 * DAY, **values: Any) -> Mailing:
    """A mailing saved ten days before NOW."""
    mailing = make_mailing(owner, **{"starts_local": at(18), **values})
    set_next_run(mailing, now)
    db.session.commit()
    return mailing


def story() -> list[tuple[str, RunState, StopReason | None]]:
    """Occurrence, state and reason of each run, in order of the calendar."""
    runs = db.session.scalars(select(Run).order_by(Run.planned_at))
    return [(run.occurrence[5:16], run.state, run.stop_reason) for run in runs]


MISSED = (RunState.SKIPPED, StopReason.MISSED)
PLANNED = (RunState.PLANNED, None)


def test_three_days_down_and_back_within_the_limit(owner: User) -> None:
    mailing = scheduled(owner)
    start_due(NOW)  # the 20th at 12:00: three hours after its moment
    assert story() == [("11-18T09:00", *MISSED), ("11-19T09:00", *MISSED), ("11-20T09:00", *PLANNED)]
    assert mailing.next_run_at == at(21).replace(tzinfo=UTC)


def test_three_days_down_and_back_too_late(owner: User) -> None:
    mailing = scheduled(owner)
    start_due(NOW + 10 * HOUR)  # 13 hours after, with a day between: at most 12
    assert [state for _moment, state, _reason in story()] == [RunState.SKIPPED] * 3
    assert mailing.next_run_at == at(21).replace(tzinfo=UTC)
    assert mailing.last_run_at is None


@pytest.mark.parametrize(
    ("values", "late_by", "runs"),
    [
        ({"late_limit_minutes": 0}, 59, True),  # a restart is no outage
        ({"late_limit_minutes": 0}, 61, False),
        ({"late_limit_minutes": 15}, 900, True),
        ({"late_limit_minutes": 15}, 901, False),
        ({"late_limit_minutes": 10080}, 43300, True),
        ({"also_at": [time(11)]}, 3600, True),  # the next is two hours away: half of them
        ({"also_at": [time(11)]}, 3601, False),
        ({"period": "once"}, 43200, True),
        ({"period": "once"}, 43201, False),
        ({"period": "once", "ends_local": at(19)}, 86399, True),  # until its own end
        ({"period": "once", "ends_local": at(19)}, 86400, False),
        ({"period": "weekly"}, 43201, False),
    ],
)
def test_how_late_is_too_late(owner: User, values: dict[str, Any], late_by: int, runs: bool) -> None:
    scheduled(owner, **values)
    started = start_due(at(18).replace(tzinfo=UTC) + timedelta(seconds=late_by))
    assert bool(started) is runs
    assert story()[-1][1] is (RunState.PLANNED if runs else RunState.SKIPPED)


def test_a_single_run_that_is_too_late_completes_its_mailing(owner: User) -> None:
    mailing = scheduled(owner, period="once")
    start_due(NOW)
    assert story() == [("11-18T09:00", *MISSED)]
    assert mailing.status is MailingStatus.COMPLETED


def test_a_calendar_saved_late_owes_nothing_and_runs_at_once(owner: User) -> None:
    scheduled(owner, now=NOW, period="monthly", starts_local=datetime(2026, 10, 21, 9), late_limit_minutes=15)
    assert len(start_due(NOW)) == 1
    run = db.session.scalars(select(Run)).one()
    assert (run.planned_at, run.due_at) == (datetime(2026, 10, 21, 9, tzinfo=UTC), NOW)


def test_the_last_moment_passes_while_everything_is_down(owner: User) -> None:
    mailing = scheduled(owner, ends_local=at(20))
    start_due(NOW)
    assert story() == [("11-18T09:00", *MISSED), ("11-19T09:00", *MISSED)]
    assert mailing.status is MailingStatus.COMPLETED


def test_a_clock_that_jumps_ahead_and_back_repeats_nothing(owner: User) -> None:
    mailing = scheduled(owner, starts_local=at(20))
    start_due(NOW)
    start_due(NOW + 2 * DAY)
    db.session.execute(Run.__table__.update().values(state="complete", closed_at=NOW))
    db.session.commit()
    for hours in range(48):
        start_due(NOW + hours * HOUR)
    assert len({moment for moment, *_rest in story()}) == len(story()) == 3
    assert mailing.next_run_at == at(23).replace(tzinfo=UTC)


def test_two_hundred_due_in_one_second_with_three_schedulers_become_two_hundred_runs(app: Flask, owner: User) -> None:
    for _number in range(200):
        mailing = make_mailing(owner, starts_local=at(20))
        set_next_run(mailing, NOW - DAY)
    db.session.commit()

    def tick(_number: int) -> int:
        with app.app_context():
            return len(start_due(NOW))

    with ThreadPoolExecutor(3) as schedulers:
        counts = list(schedulers.map(tick, range(3)))
    assert sum(counts) == 200
    assert start_due(NOW) == []
    assert len({run.mailing_id for run in db.session.scalars(select(Run))}) == 200


def test_one_mailing_that_cannot_be_started_keeps_no_other_from_it(owner: User) -> None:
    sound = [scheduled(owner, starts_local=at(20)) for _number in range(2)]
    broken = scheduled(owner, starts_local=at(20), timezone="UTC")
    db.session.execute(Mailing.__table__.update().where(Mailing.id == broken.id).values(timezone="Mars/Olympus"))
    db.session.commit()
    assert len(start_due(NOW)) == 2
    assert {run.mailing_id for run in db.session.scalars(select(Run))} == {mailing.id for mailing in sound}
    assert start_due(NOW) == []


def test_new_rules_of_a_zone_move_what_mailings_wait_for(owner: User) -> None:
    """The wall-clock time is what was promised: stored moments follow the clocks, also those of held mailings."""
    moved, kept = scheduled(owner, starts_local=at(25)), scheduled(owner, starts_local=at(26))
    paused = scheduled(owner, starts_local=at(25), paused_at=NOW)
    for mailing in (moved, paused):  # as the old rules had it, an hour off
        mailing.next_run_at = at(25).replace(tzinfo=UTC) - timedelta(hours=1)
    db.session.commit()
    assert follow_zone_data(limit=2) == 2
    assert [mailing.next_run_at for mailing in (moved, kept, paused)] == [
        at(day).replace(tzinfo=UTC) for day in (25, 26, 25)
    ]
    assert follow_zone_data() == 0


def test_a_zone_that_is_none_keeps_no_other_mailing_from_following_new_rules(owner: User) -> None:
    broken, moved = scheduled(owner, starts_local=at(25)), scheduled(owner, starts_local=at(25))
    for mailing in (broken, moved):
        mailing.next_run_at = at(25).replace(tzinfo=UTC) - timedelta(hours=1)
    db.session.execute(Mailing.__table__.update().where(Mailing.id == broken.id).values(timezone="Mars/Olympus"))
    db.session.commit()
    assert follow_zone_data() == 1
    assert moved.next_run_at == at(25).replace(tzinfo=UTC)


class TestMissingRuns:
    def test_a_mailing_moved_on_without_its_run_is_pointed_back(self, owner: User) -> None:
        make_client(owner)
        mailing = scheduled(owner, starts_local=at(20))
        mailing.next_run_at, mailing.next_run_local = at(21).replace(tzinfo=UTC), at(21)  # a fault of ours, or by hand
        db.session.commit()
        assert make_good(0, NOW) == (0, [mailing.id])
        assert len(start_due(NOW)) == 1
        assert make_good(0, NOW) == (0, [])

    def test_a_mailing_that_lost_its_next_moment_gets_it_back(self, owner: User) -> None:
        mailing = scheduled(owner, starts_local=at(25))
        mailing.next_run_at = mailing.next_run_local = None
        db.session.commit()
        assert make_good(0, NOW)[1] == [mailing.id]
        assert mailing.next_run_at == at(25).replace(tzinfo=UTC)

    def test_nothing_is_missing_in_order(self, owner: User) -> None:
        scheduled(owner, starts_local=at(20))  # due, the tick is about to come
        scheduled(owner, starts_local=at(25))
        scheduled(owner, now=NOW, starts_local=at(10))  # saved late
        paused = scheduled(owner, starts_local=at(18), paused_at=NOW)
        assert make_good(0, NOW)[1] == []
        start_due(NOW)
        assert make_good(0, NOW)[1] == []
        assert paused.next_run_at == at(18).replace(tzinfo=UTC)

    def test_it_goes_round_in_batches(self, owner: User) -> None:
        ids = [scheduled(owner, starts_local=at(25)).id for _number in range(5)]
        assert make_good(0, NOW, limit=2)[0] == ids[1]
        assert make_good(ids[1], NOW, limit=2)[0] == ids[3]
        assert make_good(ids[3], NOW, limit=2)[0] == 0


class TestAlarms:
    def mails(self) -> list[tuple[str, str]]:
        rows = db.session.scalars(select(AccountEmail).order_by(AccountEmail.to_email))
        return [(row.to_email, row.context["lines"]) for row in rows]

    def test_a_late_run_is_told_to_owner_and_admins_once(self, owner: User) -> None:
        make_user(email="admin@golub.test", role=Role.ADMIN, language="en")
        make_user(email="gone@golub.test", role=Role.ADMIN, blocked_at=NOW, block_reason="x")
        owner.language = "en"
        scheduled(owner, starts_local=at(20, 12))
        start_due(NOW + MINUTE)
        assert raise_alarms(NOW + 4 * MINUTE) == 0
        assert raise_alarms(NOW + 6 * MINUTE) == 2
        assert raise_alarms(NOW + 7 * MINUTE) == 0
        assert [address for address, _lines in self.mails()] == ["admin@golub.test", "owner@golub.test"]
        assert "20 November" in self.mails()[0][1]

    def test_missed_runs_are_counted_by_mailing(self, owner: User) -> None:
        owner.language = "en"
        scheduled(owner, name="Morning")
        scheduled(owner, name="Evening", starts_local=at(19))
        start_due(NOW)
        db.session.execute(Run.__table__.update().where(Run.state == "planned").values(started_at=NOW))
        assert raise_alarms(NOW + MINUTE) == 1
        assert self.mails() == [("owner@golub.test", "Morning: 2 runs were missed\nEvening: 1 run was missed")]

    def test_what_waits_by_right_raises_no_alarm(self, owner: User) -> None:
        for state in ("paused", "waiting_for_window"):
            scheduled(owner, starts_local=at(20))
            start_due(NOW)
            db.session.execute(Run.__table__.update().where(Run.state == "planned").values(state=state))
        assert raise_alarms(NOW + HOUR) == 0
