"""Mailings at a time of each client's own zone: what is asked, what is said before and while it goes."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select, text

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.mailings import waves_ahead
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import User
from mailer.recurrence.rule import Period
from mailer.recurrence.waves import moment_in
from mailer.sending.runs.approvals import fingerprint
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due
from mailer.sending.runs.wave_plan import look_ahead
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message
from tests.mailings.form_reader import fields_of

EAST, MOSCOW, WEST = "Pacific/Kiritimati", "Europe/Moscow", "America/New_York"


def clock(zone: str, at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, second=0, microsecond=0)


@pytest.fixture
def people(owner: User) -> None:
    """One in the east, two at home, one in the west, one who lives nobody knows where."""
    owner.language = "en"
    for name, zone in (("east", EAST), ("home1", MOSCOW), ("home2", MOSCOW), ("west", WEST), ("unknown", "")):
        make_client(owner, email=f"{name}@example.test", timezone=zone)


@pytest.fixture
def typed(owner: User, people: None) -> dict[str, object]:
    """The form of a mailing in two days, in waves."""
    return {
        "name": "Autumn",
        "message_id": make_message(owner).id,
        "audience": "everyone",
        "period": "once",
        "starts_at": clock(MOSCOW, utcnow() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"),
        "timezone": MOSCOW,
        "in_waves": "y",
        "in_doubt_rule": "hold",
    }


def the_mailing() -> Mailing:
    return db.session.scalars(select(Mailing)).one()


def test_it_is_saved_said_and_taken_along_by_a_copy(as_owner: Browser, typed: dict[str, object]) -> None:
    assert as_owner.post("/mailings/new", data=typed).status_code == 303
    mailing = the_mailing()
    assert mailing.in_waves
    assert mailing.next_run_local is not None
    assert mailing.first_wave_at == moment_in(mailing.next_run_local, EAST)
    page = as_owner.get(f"/mailings/{mailing.id}").text
    assert "in each client’s own time zone" in page
    assert "first wave:" in page
    assert "The time zone of 1 person is not known" in page
    copied = fields_of(as_owner.get(f"/mailings/{mailing.id}/copy").text, "mailing-form")
    assert copied["in_waves"] == ["y"]


def test_the_approval_is_bound_to_it(as_owner: Browser, typed: dict[str, object]) -> None:
    as_owner.post("/mailings/new", data=typed)
    mailing = the_mailing()
    before = fingerprint(mailing)
    mailing.in_waves = False
    assert fingerprint(mailing) != before


def test_a_start_that_has_passed_in_the_east_is_asked_about_with_the_waves(
    as_owner: Browser, typed: dict[str, object]
) -> None:
    typed["starts_at"] = clock(MOSCOW, utcnow() + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M")
    page = as_owner.post("/mailings/new", data=typed).text
    assert db.session.scalars(select(Mailing)).all() == []
    assert "The start time has already passed where some of the clients live" in page
    assert "that time has passed there" in page
    assert "3 people" in page  # at home, and unknown
    assert as_owner.post("/mailings/new", data=typed | {"confirmed": "5"}).status_code == 303
    (run_id,) = start_due()
    assert db.session.get_one(Run, run_id).wave_local is not None


def test_a_sentence_ticks_the_box(as_owner: Browser, people: None) -> None:
    sentence = "every day at 10:00 in each client's time zone"
    answer = as_owner.get("/mailings/sentence", query_string={"sentence": sentence, "timezone": MOSCOW}).text
    assert "in each client’s own time zone" in answer
    (box,) = re.findall(r"<input[^>]*name=\"in_waves\"[^>]*>", answer)
    assert "checked" in box


def test_the_runs_page_says_which_wave_comes_and_the_table_when_each_was_planned(
    as_owner: Browser, typed: dict[str, object]
) -> None:
    typed["starts_at"] = clock(EAST, utcnow() - timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M")
    as_owner.post("/mailings/new", data=typed | {"confirmed": "5"})
    (run_id,) = start_due()
    write_recipient_list(run_id)
    run, mailing = db.session.get_one(Run, run_id), the_mailing()
    assert run.wave_local is not None
    db.session.execute(text("UPDATE deliveries SET state = 'accepted' WHERE email LIKE 'east%'"))
    db.session.execute(text("UPDATE slices SET ready_at = NULL WHERE wave = 1"))
    db.session.execute(text("UPDATE runs SET started_at = now()"))
    db.session.commit()
    page = as_owner.get(f"/mailings/{mailing.id}/runs/{run_id}").text
    assert "Wave 2 of 3" in page
    assert 'data-wave="done"' in page
    assert page.count('data-wave="ahead"') == 2
    assert "The last wave begins" in page
    assert "try the remaining emails later" not in page
    table = csv.DictReader(
        io.StringIO(as_owner.get(f"/mailings/{mailing.id}/runs/{run_id}/deliveries.csv").text), delimiter=";"
    )
    rows = {row[next(name for name in row if name.endswith("Email"))]: row for row in table}
    column = next(name for name in next(iter(rows.values())) if name.startswith("Planned"))
    zone = ZoneInfo(db.session.get_one(User, mailing.owner_id).timezone)
    for name, where in (("east", EAST), ("unknown", MOSCOW), ("west", WEST)):
        planned = moment_in(run.wave_local, where).astimezone(zone)
        assert rows[f"{name}@example.test"][column] == f"{planned:%Y-%m-%d %H:%M:%S}"
    position = db.session.scalar(text("SELECT position FROM deliveries WHERE email LIKE 'west%'"))
    assert "Planned, by its wave" in as_owner.get(f"/mailings/{mailing.id}/runs/{run_id}/deliveries/{position}").text


def test_send_now_says_that_it_waits_for_no_waves(as_owner: Browser, typed: dict[str, object]) -> None:
    as_owner.post("/mailings/new", data=typed)
    page = as_owner.get(f"/mailings/{the_mailing().id}/send-now").text
    assert "does not wait for the time in each client’s own zone" in page


NOON = datetime(2026, 11, 30, 12, tzinfo=ZoneInfo("UTC"))  # 15:00 in Moscow, 2:00 of the next day in Kiritimati
OCCURRENCE = "2026-12-02T07:00Z"


def daily(owner: User, **values: Any) -> Mailing:
    """Every day at ten where they live, from the second of December on; that of Kiritimati begins on the first."""
    usual = {"period": Period.DAILY, "timezone": MOSCOW, "in_waves": True, "starts_local": datetime(2026, 12, 2, 10)}
    mailing = make_mailing(owner, None, **(usual | values))
    set_next_run(mailing, NOON)
    db.session.commit()
    return mailing


def at(now: datetime, browser: Browser, mailing: Mailing, what: str = "", **data: Any) -> Any:
    """The answer of a page of the mailing, or to what is sent there, as it is then."""
    with time_machine.travel(now, tick=False):
        browser.login(mailing.owner)
        address = f"/mailings/{mailing.id}{what}"
        answer = browser.post(address, data=data) if data else browser.get(address)
    db.session.expire_all()
    return answer


def begin(now: datetime) -> list[int]:
    with time_machine.travel(now, tick=False):
        look_ahead(now, anew=True)
        run_ids = start_due(now)
        for run_id in run_ids:
            write_recipient_list(run_id)
    db.session.expire_all()
    return run_ids


def test_a_move_to_a_time_that_has_passed_in_the_east_is_asked_about(web: Browser, owner: User, people: None) -> None:
    mailing = daily(owner)
    before = mailing.next_run_at
    to = {"occurrence": OCCURRENCE, "to": "2026-11-30T20:00"}
    asked = at(NOON, web, mailing, "/move", **to)
    assert asked.status_code == 200
    assert "they get the email as soon as you move the run" in asked.text
    assert asked.text.count("that time has passed there") == 1
    assert (mailing.next_run_at, mailing.moved_from_at) == (before, None)
    assert begin(NOON) == []
    stale = at(NOON, web, mailing, "/move", **to, confirmed="4")
    assert "they get the email as soon as you move the run" in stale.text
    assert at(NOON, web, mailing, "/move", **to, confirmed="5").status_code == 303
    page = at(NOON, web, mailing).text
    assert "The run is moved and begins now." in page
    assert "first wave:" not in page  # which would be hours ago, and nothing has left
    (run_id,) = begin(NOON)
    assert db.session.get_one(Run, run_id).occurrence == OCCURRENCE
    passed = db.session.execute(text("SELECT is_too_late, begun_at IS NOT NULL FROM waves WHERE number = 1")).one()
    assert tuple(passed) == (False, True)


def test_a_move_to_a_time_that_has_passed_nowhere_is_not_asked_about(web: Browser, owner: User, people: None) -> None:
    mailing = daily(owner)
    assert at(NOON, web, mailing, "/move", occurrence=OCCURRENCE, to="2026-12-01T12:00").status_code == 303
    assert mailing.moved_from_at is not None
    assert begin(NOON) == []


def test_a_move_to_where_the_run_would_be_left_out_is_refused(web: Browser, owner: User, people: None) -> None:
    mailing = daily(owner)
    first_wave = moment_in(datetime(2026, 12, 2, 10), EAST)
    begin(first_wave)
    now = moment_in(datetime(2026, 12, 2, 10, 30), MOSCOW)  # nobody has got anything yet
    following = mailing.next_run_at
    refused = at(now, web, mailing, "/move", occurrence="2026-12-03T07:00Z", to="2026-12-02T11:00")
    assert refused.status_code == 422
    assert "this one would be left out" in refused.text
    assert (mailing.next_run_at, mailing.moved_from_at) == (following, None)


def test_a_run_that_has_begun_in_the_east_is_not_left_out(web: Browser, owner: User, people: None) -> None:
    mailing = daily(owner)
    now = moment_in(datetime(2026, 12, 2, 10), EAST)
    assert len(begin(now)) == 1
    page = at(now, web, mailing).text
    assert "left out by you" not in page
    assert "begun already, with the clients farther east" in page
    assert "EXDATE" not in at(now, web, mailing, "/rule.ics").text
    at(now, web, mailing, "/leave-out", occurrence="2026-12-03T07:00Z")
    assert "left out by you" in at(now, web, mailing).text
    assert "EXDATE;TZID=Europe/Moscow:20261203T100000" in at(now, web, mailing, "/rule.ics").text


def test_the_waves_to_come_know_the_sending_hours_of_each_zone(owner: User, people: None) -> None:
    mailing = daily(owner, window_opens=time(12), window_closes=time(18))
    ahead = waves_ahead.of_mailing(mailing, NOON)
    assert ahead is not None
    noon = datetime(2026, 12, 2, 12)
    assert [wave.at for wave in ahead.waves] == [moment_in(noon, zone) for zone in (EAST, MOSCOW, WEST)]
    assert all(wave.waits_for_hours for wave in ahead.waves)


def test_send_now_beside_a_run_in_waves_does_not_say_that_it_comes_before(
    web: Browser, owner: User, people: None
) -> None:
    mailing = daily(owner)
    now = moment_in(datetime(2026, 12, 2, 10), EAST)
    assert "This run comes before that" in at(now, web, mailing, "/send-now").text
    begin(now)
    page = at(now, web, mailing, "/send-now").text
    assert "This run comes before that" not in page
    assert "A run of this mailing is still in progress" in page


def test_two_runs_that_go_are_both_told_of(web: Browser, owner: User, people: None) -> None:
    mailing = daily(owner)
    first_wave = moment_in(datetime(2026, 12, 2, 10), EAST)
    assert len(begin(first_wave)) == 1
    assert "Stop this run?" in at(first_wave, web, mailing).text
    db.session.execute(text("UPDATE slices SET ready_at = NULL WHERE wave < 3"))  # New York still has to come
    db.session.commit()
    tomorrow = moment_in(datetime(2026, 12, 3, 10), EAST)
    db.session.execute(text("UPDATE runs SET unlisted_count = 0, state = 'sending'"))
    db.session.commit()
    assert len(begin(tomorrow)) == 1
    page = at(tomorrow, web, mailing).text
    assert page.count("data-also-going") == 1
    assert "Stop all active runs of this mailing?" in page
    assert "10 emails have not been sent yet" in page


def test_waves_say_that_those_left_out_are_counted(web: Browser, owner: User, people: None) -> None:
    mailing = daily(owner)
    now = moment_in(datetime(2026, 12, 2, 10), EAST)
    (run_id,) = begin(now)
    address = f"/runs/{run_id}"
    said = "People who were left out are counted in their waves too."
    assert said not in at(now, web, mailing, address).text
    db.session.execute(
        text("UPDATE deliveries SET state = 'excluded', reason = 'unsubscribed' WHERE email LIKE 'west%'")
    )
    db.session.execute(text("UPDATE runs SET excluded_count = 1, waiting_count = 4"))
    db.session.commit()
    assert said in at(now, web, mailing, address).text


def test_a_move_before_waves_that_wait_for_their_hours_is_refused(web: Browser, owner: User, people: None) -> None:
    mailing = daily(owner, window_opens=time(12), window_closes=time(18))
    now = moment_in(datetime(2026, 12, 2, 10), EAST)
    begin(now)
    occurrence = "2026-12-03T07:00Z"
    refused = at(now, web, mailing, "/move", occurrence=occurrence, to="2026-12-02T11:00")  # in the east in an hour
    assert (refused.status_code, "this one would be left out" in refused.text) == (422, True)
    assert at(now, web, mailing, "/move", occurrence=occurrence, to="2026-12-02T13:00").status_code == 303


def edited(browser: Browser, mailing: Mailing, now: datetime, **changes: str) -> Any:
    """The answer to the mailing's form, sent as it stands then but for `changes`."""
    form = fields_of(at(now, browser, mailing, "/edit").text, "mailing-form")
    return at(now, browser, mailing, "/edit", **{**form, **changes})


@pytest.fixture
def going(owner: User, people: None) -> tuple[Mailing, datetime, int]:
    """A daily mailing whose run has begun in the east, and when; the run's list is written."""
    mailing = daily(owner)
    now = moment_in(datetime(2026, 12, 2, 10), EAST)
    (run_id,) = begin(now)
    return mailing, now, run_id


def test_while_waves_go_the_later_runs_can_be_edited(web: Browser, going: tuple[Mailing, datetime, int]) -> None:
    mailing, now, run_id = going
    before = db.session.execute(text("SELECT number, planned_at, opens_at FROM waves ORDER BY number")).all()
    snapshot = db.session.get_one(Run, run_id).snapshot
    assert f"/mailings/{mailing.id}/edit" in at(now, web, mailing).text
    assert "It keeps the people, the text and the times that it began with" in at(now, web, mailing, "/edit").text
    other = make_message(mailing.owner, subject="Another one").id
    answer = edited(web, mailing, now, name="Renamed", message_id=str(other), also_at="18:00")
    assert answer.status_code == 303, answer.text
    assert (mailing.name, mailing.message_id, mailing.also_at) == ("Renamed", other, [time(18)])
    assert mailing.next_run_local == datetime(2026, 12, 2, 18)  # one more on the day, and the run that goes is kept
    assert db.session.execute(text("SELECT number, planned_at, opens_at FROM waves ORDER BY number")).all() == before
    assert db.session.get_one(Run, run_id).snapshot == snapshot
    assert at(now, web, mailing, "/delete", x="1").status_code == 409


def test_a_run_in_waves_stands_for_its_day_when_the_hour_is_changed(
    web: Browser, going: tuple[Mailing, datetime, int]
) -> None:
    mailing, now, _run_id = going
    assert edited(web, mailing, now, starts_at="2026-12-02T12:00").status_code == 303
    assert mailing.next_run_local == datetime(2026, 12, 3, 12)
    left_out = db.session.scalars(select(Run).where(Run.closed_at.is_not(None))).one()
    assert (left_out.planned_at, left_out.stop_reason) == (moment_in(datetime(2026, 12, 2, 12), MOSCOW), "overlap")


def test_sending_hours_and_an_unfinished_list_are_not_changed_under_waves(
    web: Browser, going: tuple[Mailing, datetime, int]
) -> None:
    mailing, now, _run_id = going
    refused = edited(web, mailing, now, window_opens="12:00", window_closes="18:00")
    assert (refused.status_code, "A run is going by the sending hours as they were" in refused.text) == (422, True)
    db.session.execute(text("UPDATE runs SET unlisted_count = 1"))
    db.session.commit()
    assert at(now, web, mailing, "/edit").status_code == 409
