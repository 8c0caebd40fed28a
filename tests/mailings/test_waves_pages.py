"""Mailings at a time of each client's own zone: what is asked, what is said before and while it goes."""

from __future__ import annotations

import csv
import io
import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, text

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import User
from mailer.recurrence.waves import moment_in
from mailer.sending.runs.approvals import fingerprint
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due
from tests.conftest import Browser
from tests.factories import make_client, make_message
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
    assert "The start time has passed already where some of the clients live" in page
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
    assert "come back later" not in page
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
