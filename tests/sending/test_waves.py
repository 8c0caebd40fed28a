"""Runs in waves: everybody gets one copy when it is the planned time where they live, whatever happens between."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select, text

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.jobs.alarms import raise_alarms
from mailer.mailings.agenda import agenda_of
from mailer.mailings.calendar_plan import Calendar
from mailer.mailings.plan import MailingPlan
from mailer.mailings.services import save_mailing
from mailer.models.account_email import AccountEmail
from mailer.models.client import Suppression, SuppressionReason
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.mailing import Audience, InDoubtRule, Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.slice import Slice
from mailer.models.user import User
from mailer.models.wave import Wave
from mailer.recurrence.rule import Period
from mailer.recurrence.waves import moment_in
from mailer.sending.runs import closing, control, stuck
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.recipient_list import RecipientListWriter, write_recipient_list
from mailer.sending.runs.start import seconds_to_next, start_due
from mailer.sending.runs.wave_plan import look_ahead
from mailer.sending.runs.waves import begin_and_hold_waves
from mailer.sending.worker.run_worker import runs_with_work
from mailer.smtp.testserver import Lab
from tests.factories import make_client, make_mailing, make_message
from tests.sending.conftest import assert_adds_up, finish, states

EAST, VLADIVOSTOK, MOSCOW, NEW_YORK = "Pacific/Kiritimati", "Asia/Vladivostok", "Europe/Moscow", "America/New_York"
PEOPLE = {"kiritimati": EAST, "vladivostok": VLADIVOSTOK, "moscow": MOSCOW, "newyork": NEW_YORK, "unknown": ""}


def clock(zone: str, at: datetime) -> datetime:
    """What the clocks of a zone show."""
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0)


def wave_mailing(owner: User, local: datetime, people: dict[str, str] | None = None, **values: Any) -> Mailing:
    """A single mailing at `local` in each client's own zone, that of the mailing being Moscow."""
    for name, zone in (PEOPLE if people is None else people).items():
        make_client(owner, email=f"{name}@example.test", timezone=zone)
    usual = {"period": Period.ONCE, "timezone": MOSCOW, "in_waves": True, "starts_local": local}
    mailing = make_mailing(owner, None, **(usual | values))
    set_next_run(mailing, utcnow() - timedelta(days=2))  # it stood so before the first wave
    db.session.commit()
    return mailing


def fly(**time: float) -> None:
    """As if so much time had passed: what is to come lies so much nearer, what has passed so much farther back."""
    about = {"by": timedelta(**time)}
    for change in (
        "slices SET ready_at = ready_at - :by, opens_at = opens_at - :by, closes_at = closes_at - :by",
        "waves SET planned_at = planned_at - :by, opens_at = opens_at - :by, closes_at = closes_at - :by, "
        "begun_at = begun_at - :by",
    ):
        db.session.execute(text(f"UPDATE {change}"), about)
    db.session.commit()
    db.session.expire_all()


def tick() -> list[int]:
    now = utcnow()
    look_ahead(now, anew=True)
    run_ids = start_due()
    for run_id in run_ids:
        write_recipient_list(run_id)
    begin_and_hold_waves()
    return run_ids


def begun(owner: User, **values: Any) -> Run:
    """A run whose first wave is now, in Kiritimati; its list is written."""
    mailing = wave_mailing(owner, clock(EAST, utcnow() - timedelta(seconds=30)), **values)
    (run_id,) = tick()
    assert db.session.get_one(Run, run_id).mailing_id == mailing.id
    return db.session.get_one(Run, run_id)


def got_it(lab: Lab) -> list[str]:
    return [mail.recipient.partition("@")[0] for mail in lab.accepted]


def waves(run: Run) -> list[Wave]:
    query = select(Wave).where(Wave.run_id == run.id).order_by(Wave.number).execution_options(populate_existing=True)
    return list(db.session.scalars(query))


def test_each_gets_one_copy_at_that_time_where_they_live(lab: Lab, owner: User) -> None:
    run = begun(owner)
    local = run.wave_local
    assert local is not None
    assert run.planned_at == moment_in(local, MOSCOW)
    assert [(wave.timezone, wave.planned_at, wave.client_count) for wave in waves(run)] == [
        (zone, moment_in(local, zone), count)
        for zone, count in ((EAST, 1), (VLADIVOSTOK, 1), (MOSCOW, 2), (NEW_YORK, 1))
    ]
    finish(run)
    assert got_it(lab) == ["kiritimati"]
    assert runs_with_work() == []  # nobody is woken before the next wave
    for zone, expected in (
        (VLADIVOSTOK, ["vladivostok"]), (MOSCOW, ["moscow", "unknown"]), (NEW_YORK, ["newyork"]),
    ):  # fmt: skip
        before = len(got_it(lab))
        gone = moment_in(local, zone) - utcnow() - sum_flown(run, zone)
        fly(seconds=gone.total_seconds() - 5)
        tick()
        assert finish(run).state is RunState.SENDING
        assert len(got_it(lab)) == before  # five seconds before
        fly(seconds=6)
        tick()
        finish(run)
        assert sorted(got_it(lab)[before:]) == expected
    assert db.session.get_one(Run, run.id, populate_existing=True).state is RunState.COMPLETE
    assert_adds_up(run)


def sum_flown(run: Run, zone: str) -> timedelta:
    """How far the clock of this test is ahead."""
    wave = next(one for one in waves(run) if one.timezone == zone)
    assert run.wave_local is not None
    return moment_in(run.wave_local, zone) - wave.planned_at


def test_without_anybody_farther_east_it_begins_at_its_own_time(lab: Lab, owner: User) -> None:
    local = clock(MOSCOW, utcnow() + timedelta(minutes=30))
    mailing = wave_mailing(owner, local, {"moscow": MOSCOW, "newyork": NEW_YORK})
    assert tick() == []
    assert mailing.first_wave_at == mailing.next_run_at


def test_only_those_whom_the_mailing_is_for_begin_its_run(owner: User) -> None:
    make_client(owner, email="far@example.test", timezone=EAST)
    near = make_client(owner, email="near@example.test", timezone=VLADIVOSTOK)
    local = clock(VLADIVOSTOK, utcnow() + timedelta(minutes=30))
    mailing = make_mailing(owner, [near], period=Period.ONCE, timezone=MOSCOW, in_waves=True, starts_local=local)
    set_next_run(mailing, utcnow())
    db.session.commit()
    assert tick() == []
    assert mailing.first_wave_at == moment_in(local, VLADIVOSTOK)


def test_a_tick_meets_the_first_wave_on_the_dot(owner: User) -> None:
    mailing = wave_mailing(owner, clock(EAST, utcnow() + timedelta(minutes=10)), {"east": EAST, "moscow": MOSCOW})
    assert tick() == []
    left = (moment_in(mailing.starts_local, EAST) - utcnow()).total_seconds()
    assert seconds_to_next(700) == pytest.approx(left, abs=5)


def test_one_who_comes_later_from_farther_east_does_not_begin_the_run(owner: User) -> None:
    local = clock(VLADIVOSTOK, utcnow() + timedelta(minutes=30))
    mailing = wave_mailing(owner, local, {"vladivostok": VLADIVOSTOK})
    assert tick() == []
    make_client(owner, email="new@example.test", timezone=EAST)  # whose moment passed hours ago
    assert tick() == []
    assert db.session.get_one(Mailing, mailing.id).first_wave_at == moment_in(local, VLADIVOSTOK)


def test_whoever_moves_between_list_and_wave_keeps_the_planned_wave(lab: Lab, owner: User) -> None:
    run = begun(owner)
    db.session.execute(text("UPDATE clients SET timezone = :zone WHERE email LIKE 'newyork%'"), {"zone": EAST})
    db.session.execute(text("UPDATE clients SET timezone = :zone WHERE email LIKE 'kiri%'"), {"zone": NEW_YORK})
    db.session.commit()
    finish(run)
    assert got_it(lab) == ["kiritimati"]
    fly(hours=26)
    tick_without_lateness()
    finish(run)
    assert sorted(got_it(lab)) == sorted(PEOPLE)


def tick_without_lateness() -> None:
    """As if the tick had been there at each wave."""
    db.session.execute(text("UPDATE waves SET begun_at = opens_at WHERE begun_at IS NULL"))
    db.session.commit()
    begin_and_hold_waves()


def test_a_list_left_unfinished_goes_on_with_the_same_waves(
    lab: Lab, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailer.sending.runs.recipient_list.FIRST_PART", 2)
    wave_mailing(owner, clock(EAST, utcnow() - timedelta(seconds=30)))
    look_ahead(utcnow(), anew=True)
    (run_id,) = start_due()
    listing = RecipientListWriter(run_id)
    assert listing.begin()
    listing.close()  # killed behind the first two
    moved = "UPDATE clients SET timezone = 'Asia/Tokyo' WHERE email LIKE 'kiri%' OR email LIKE 'newy%'"
    db.session.execute(text(moved))  # a zone that the run has no wave of
    db.session.commit()
    assert write_recipient_list(run_id)
    run = db.session.get_one(Run, run_id)
    assert (run.planned_count, run.unlisted_count) == (len(PEOPLE), 0)
    by_wave: dict[int | None, int] = {}
    for one in db.session.scalars(select(Slice)):
        by_wave[one.wave] = by_wave.get(one.wave, 0) + one.last_position - one.first_position + 1
    assert by_wave == {1: 1, 2: 1, 3: 3}
    finish(run)
    assert got_it(lab) == ["kiritimati"]


def test_a_pause_over_several_waves_lets_them_go_when_it_ends(lab: Lab, owner: User) -> None:
    run = begun(owner)
    finish(run)
    control.pause(db.session.get_one(Mailing, run.mailing_id))
    db.session.commit()
    for _hours in range(26):
        fly(hours=1)
        tick()
    finish(run)
    assert got_it(lab) == ["kiritimati"]
    control.resume(db.session.get_one(Mailing, run.mailing_id))
    db.session.commit()
    tick()
    assert finish(run).state is RunState.COMPLETE
    assert sorted(got_it(lab)) == sorted(PEOPLE)


def test_waves_that_the_service_was_away_for_are_left_out_each_by_its_own_lateness(lab: Lab, owner: User) -> None:
    run = begun(owner, late_limit_minutes=60)
    finish(run)
    assert run.wave_local is not None
    away_until = moment_in(run.wave_local, MOSCOW) + timedelta(minutes=30)
    fly(seconds=(away_until - utcnow()).total_seconds())
    tick()
    finish(run)
    assert sorted(got_it(lab)) == ["kiritimati", "moscow", "unknown"]
    reasons = dict(db.session.execute(select(Delivery.email, Delivery.reason)).tuples().all())
    assert reasons["vladivostok@example.test"] is Reason.TOO_LATE
    assert [wave.is_too_late for wave in waves(run)] == [False, True, False, False]
    fly(hours=10)
    tick()
    assert finish(run).state is RunState.COMPLETE
    assert_adds_up(run)


def test_waves_that_passed_before_the_run_began_are_left_out_by_the_same_rule(lab: Lab, owner: User) -> None:
    local = clock(MOSCOW, utcnow() - timedelta(minutes=20))
    wave_mailing(owner, local, late_limit_minutes=60)
    (run_id,) = tick()
    finish(db.session.get_one(Run, run_id))
    assert sorted(got_it(lab)) == ["moscow", "unknown"]
    assert states(db.session.get_one(Run, run_id)) == {
        "kiritimati@example.test": "excluded", "vladivostok@example.test": "excluded",
        "moscow@example.test": "accepted", "unknown@example.test": "accepted", "newyork@example.test": "waiting",
    }  # fmt: skip


def test_a_calendar_saved_after_a_wave_sends_it_at_once(lab: Lab, owner: User) -> None:
    local = clock(MOSCOW, utcnow() + timedelta(minutes=20))
    mailing = wave_mailing(owner, local, late_limit_minutes=15)
    mailing.calendar_since = utcnow()
    db.session.commit()
    (run_id,) = tick()
    finish(db.session.get_one(Run, run_id))
    assert sorted(got_it(lab)) == ["kiritimati", "vladivostok"]


def test_when_all_waves_are_too_late_the_run_was_missed(lab: Lab, owner: User) -> None:
    local = clock(MOSCOW, utcnow() - timedelta(hours=3))
    wave_mailing(owner, local, {"moscow": MOSCOW}, late_limit_minutes=60)
    assert tick() == []
    assert db.session.scalars(select(Run.stop_reason)).one() is StopReason.MISSED


def test_what_passed_while_the_mailing_was_paused_is_not_made_good(lab: Lab, owner: User) -> None:
    mailing = wave_mailing(owner, clock(MOSCOW, utcnow() - timedelta(minutes=5)))
    mailing.released_at = utcnow()
    db.session.commit()
    (run_id,) = tick()
    assert runs_with_work() == []
    found = states(db.session.get_one(Run, run_id))
    assert {address for address, state in found.items() if state == "waiting"} == {"newyork@example.test"}


def test_daily_runs_in_waves_do_not_overlap_by_their_waves(owner: User) -> None:
    mailing = wave_mailing(
        owner, clock(EAST, utcnow() - timedelta(seconds=30)) - timedelta(days=1), period=Period.DAILY,
        late_limit_minutes=26 * 60,
    )  # fmt: skip
    run_ids = tick()
    assert len(run_ids) == 1  # that of yesterday: New York still has it to come, or had it some hours ago
    first = db.session.get_one(Run, run_ids[0])
    leave_waiting(first, "newyork")
    (second_id,) = tick()
    assert [run.state for run in db.session.scalars(select(Run).order_by(Run.id))] == [RunState.SENDING] * 2
    assert db.session.get_one(Run, second_id).planned_at - first.planned_at == timedelta(days=1)
    assert mailing.skipped_count == 0


def test_a_run_whose_first_wave_is_not_done_a_day_later_is_overlapped(owner: User) -> None:
    mailing = wave_mailing(
        owner, clock(EAST, utcnow() - timedelta(seconds=30)) - timedelta(days=1), period=Period.DAILY,
        late_limit_minutes=26 * 60,
    )  # fmt: skip
    (run_id,) = tick()
    leave_waiting(db.session.get_one(Run, run_id), "kiritimati")
    assert tick() == []
    assert db.session.scalars(select(Run.stop_reason).where(Run.id != run_id)).one() is StopReason.OVERLAP
    assert mailing.skipped_count == 1


def leave_waiting(run: Run, name: str) -> None:
    """All others of the run have got it."""
    about = {"run": run.id, "who": f"{name}@%"}
    for change in (
        "deliveries SET state = 'accepted' WHERE run_id = :run AND email NOT LIKE :who AND state = 'waiting'",
        "slices SET ready_at = NULL WHERE run_id = :run AND NOT EXISTS (SELECT FROM deliveries d "
        "WHERE d.run_id = :run AND d.position BETWEEN first_position AND last_position AND d.state = 'waiting')",
    ):
        db.session.execute(text(f"UPDATE {change}"), about)
    db.session.commit()


def test_sending_hours_are_those_of_the_client(lab: Lab, owner: User) -> None:
    east_now = clock(EAST, utcnow())
    opens = (east_now - timedelta(hours=1)).time()
    closes = (east_now + timedelta(hours=1)).time()
    run = begun(owner, window_opens=opens, window_closes=closes)
    assert run.state is RunState.SENDING
    assert [(wave.opens_at - wave.planned_at, wave.closes_at is not None) for wave in waves(run)] == [
        (timedelta(0), True)
    ] * 4
    finish(run)
    assert got_it(lab) == ["kiritimati"]


def test_hours_that_end_amid_a_wave_carry_the_rest_over_to_the_next_day_there(lab: Lab, owner: User) -> None:
    east_now = clock(EAST, utcnow())
    opens, closes = ((east_now + timedelta(hours=by)).time() for by in (-1, 1))
    run = begun(owner, window_opens=opens, window_closes=closes)
    first = waves(run)[0]
    next_day = first.planned_at.replace(second=0) + timedelta(hours=22)  # about when they open there again
    assert begin_and_hold_waves(next_day - timedelta(hours=20)) == 1  # an hour behind their end
    (again,) = (one for one in waves(run) if one.number == 1)
    assert next_day < again.opens_at < next_day + timedelta(hours=2)
    assert db.session.scalars(select(Slice.opens_at).where(Slice.wave == 1)).one() == again.opens_at
    assert runs_with_work() == []
    finish(run)
    assert lab.accepted == []
    fly(hours=24)
    begin_and_hold_waves()
    finish(run)
    assert "kiritimati" in got_it(lab)


def test_the_ledger_itself_lets_nothing_out_when_the_hours_are_over(lab: Lab, owner: User) -> None:
    run = begun(owner)
    db.session.execute(text("UPDATE slices SET closes_at = now() WHERE wave = 1"))
    db.session.commit()
    assert runs_with_work() == []
    finish(run)
    assert lab.accepted == []


def test_nothing_that_wakes_slices_lets_a_wave_leave_early(lab: Lab, owner: User) -> None:
    run = begun(owner)
    finish(run)
    db.session.execute(text("UPDATE slices SET ready_at = NULL"))  # as if changed by hand
    db.session.commit()
    assert stuck.heal() == [run.id]
    assert runs_with_work() == []
    db.session.execute(text("UPDATE slices SET ready_at = now()"))
    db.session.commit()
    finish(run)
    assert got_it(lab) == ["kiritimati"]


def test_stopping_stops_the_waves_to_come(lab: Lab, owner: User) -> None:
    run = begun(owner)
    finish(run)
    control.stop(db.session.get_one(Mailing, run.mailing_id), StopReason.OWNER)
    db.session.commit()
    assert closing.stop_what_must() == [run.id]
    run = db.session.get_one(Run, run.id, populate_existing=True)
    assert (run.accepted_count, run.stopped_count) == (1, 4)
    fly(hours=26)
    tick()
    finish(run)
    assert got_it(lab) == ["kiritimati"]


def test_it_ends_when_the_end_has_come_for_the_last_of_its_people(owner: User) -> None:
    local = clock(EAST, utcnow() - timedelta(seconds=30))
    run = begun(owner, ends_local=local + timedelta(hours=3))
    assert run.ends_at == moment_in(local + timedelta(hours=3), NEW_YORK)


def test_a_worker_killed_between_waves_leaves_nobody_out(
    lab: Lab, owner: User, start_worker: Callable[[Run], object]
) -> None:
    run = begun(owner)
    worker = start_worker(run)
    worker.wait()  # type: ignore[attr-defined]
    assert got_it(lab) == ["kiritimati"]
    fly(hours=26)
    tick_without_lateness()
    # As a dead worker leaves it: held, and nothing marked.
    db.session.execute(
        text(
            "UPDATE slices SET lease_token = gen_random_uuid(), leased_by = 'dead', marked = '0', "
            "leased_until = now() - interval '1 second' WHERE ready_at IS NOT NULL"
        )
    )
    db.session.commit()
    assert finish(run).state is RunState.COMPLETE
    assert sorted(got_it(lab)) == sorted(PEOPLE)


def test_a_client_of_a_former_zone_name_goes_with_the_mailings_own(lab: Lab, owner: User) -> None:
    local = clock(MOSCOW, utcnow() - timedelta(seconds=30))
    wave_mailing(owner, local, {"former": "US/Pacific-New", "moscow": MOSCOW})
    (run_id,) = tick()
    run = db.session.get_one(Run, run_id)
    assert [(wave.timezone, wave.client_count) for wave in waves(run)] == [(MOSCOW, 2)]
    assert finish(run).state is RunState.COMPLETE
    assert sorted(got_it(lab)) == ["former", "moscow"]


def test_suppressed_people_are_excluded_in_their_waves(lab: Lab, owner: User) -> None:
    client = make_client(owner, email="gone@example.test", timezone=EAST)
    db.session.add(Suppression(owner_id=owner.id, email_key=client.email_key, reason=SuppressionReason.UNSUBSCRIBED))
    db.session.commit()
    run = begun(owner)
    found = {one.email: one.state for one in db.session.scalars(select(Delivery).where(Delivery.run_id == run.id))}
    assert found["gone@example.test"] is DeliveryState.EXCLUDED
    assert waves(run)[0].client_count == 2


def test_what_the_preview_names_is_what_the_tick_then_does(owner: User) -> None:
    """The moments are those of the mailing's own zone; each run begins when the first of its people have that time."""
    now = datetime(2026, 10, 30, 12, tzinfo=UTC)  # New York sets its clocks back on the first of November
    for name, zone in (("east", VLADIVOSTOK), ("west", NEW_YORK)):
        make_client(owner, email=f"{name}@example.test", timezone=zone)
    calendar = Calendar(Period.DAILY, datetime(2026, 10, 31, 10), None, MOSCOW, in_waves=True)
    with time_machine.travel(now, tick=False):
        shown = [line.at for line in agenda_of(calendar, now).lines][:4]
        plan = MailingPlan("Daily", make_message(owner), Audience.EVERYONE, [], [], [], calendar, InDoubtRule.HOLD)
        save_mailing(owner, plan, now=now)
    expected = []
    for planned_at in shown:
        first = planned_at - timedelta(hours=7)  # of Vladivostok before Moscow
        assert first_waves(first - timedelta(seconds=1)) == []
        (run,) = first_waves(first)
        expected += [(run.planned_at, [wave.planned_at for wave in waves(run)])]
        leave_waiting(run, "west")
    assert expected == [
        (at, [at - timedelta(hours=7), moment_in(at.astimezone(ZoneInfo(MOSCOW)).replace(tzinfo=None), NEW_YORK)])
        for at in shown
    ]
    assert {west - at for at, (_east, west) in expected} == {timedelta(hours=7), timedelta(hours=8)}


def first_waves(now: datetime) -> list[Run]:
    """The runs that a tick at that moment makes, listed."""
    with time_machine.travel(now, tick=False):
        look_ahead(now, anew=True)
        run_ids = start_due(now)
        for run_id in run_ids:
            assert write_recipient_list(run_id)
    return [db.session.get_one(Run, run_id) for run_id in run_ids]


def alarm_lines() -> str:
    return "\n".join(
        mail.context["lines"] for mail in db.session.scalars(select(AccountEmail).order_by(AccountEmail.id))
    )


def test_a_wave_that_nobody_takes_up_is_told_once(lab: Lab, owner: User) -> None:
    owner.language = "en"
    run = begun(owner)
    finish(run)
    assert raise_alarms() == 0
    fly(seconds=(waves(run)[1].opens_at - utcnow()).total_seconds() + 4 * 60)
    begin_and_hold_waves()
    assert raise_alarms() == 0
    fly(minutes=2)
    assert raise_alarms() == 1
    assert "a wave of a run is late (Vladivostok" in alarm_lines()
    assert raise_alarms() == 0
    finish(run)
    assert raise_alarms() == 0


def test_a_wave_behind_one_that_still_goes_is_not_late(lab: Lab, owner: User) -> None:
    run = begun(owner)
    finish(run)
    fly(seconds=(waves(run)[1].opens_at - utcnow()).total_seconds() + 6 * 60)
    leased = "lease_token = gen_random_uuid(), leased_until = now() + interval '1 minute'"
    db.session.execute(text(f"UPDATE slices SET {leased} WHERE wave = 1"))
    assert raise_alarms() == 0


def test_a_wave_left_out_is_told_once(lab: Lab, owner: User) -> None:
    owner.language = "en"
    run = begun(owner)
    finish(run)
    fly(seconds=(waves(run)[1].opens_at - utcnow()).total_seconds() + 13 * 3600)
    begin_and_hold_waves()
    assert [wave.is_too_late for wave in waves(run)[:2]] == [False, True]
    assert raise_alarms() == 1
    assert "1 wave was left out: too late" in alarm_lines()
    assert raise_alarms() == 0
