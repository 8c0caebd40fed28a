"""Time zones as people type them, in every form that has one."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import available_timezones

import pytest
from flask import Flask

from mailer import places
from mailer.clock import today_in, utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.user import Role, User
from tests.conftest import Browser, browser_of
from tests.factories import make_client, make_mailing, make_message, make_user
from tests.mailings.form_reader import fields_of
from tests.world import populate

PROFILE = {"name": "", "phone": "", "country": "", "language": "ru"}


def zone_shown(page: str) -> str:
    (tag,) = re.findall(r'<input[^>]* name="timezone"[^>]*>', page)
    return re.findall(r'value="([^"]*)"', tag)[0]


@pytest.mark.parametrize(
    ("typed", "zone"),
    [
        ("Москва", "Europe/Moscow"),
        (" москва (utc+3) ", "Europe/Moscow"),
        ("Moscow (UTC+4)", "Europe/Moscow"),  # of another season
        ("нью-йорк", "America/New_York"),
        ("new york", "America/New_York"),
        ("Стамбул", "Europe/Istanbul"),  # in the zone database twice
        ("Киев", "Europe/Kyiv"),
        ("asia/kolkata", "Asia/Kolkata"),
        ("Калькутта (UTC+5:30)", "Asia/Kolkata"),
        ("Лондон", "Europe/London"),  # not Belfast, which follows it
        ("GMT+3", "Etc/GMT-3"),  # as people mean it: the IANA name counts the other way round
        ("МСК+7", "Asia/Vladivostok"),
        ("Etc/GMT-3", "Etc/GMT-3"),
        ("Asia/Calcutta", "Asia/Kolkata"),  # a former name is today’s
        ("europe/kiev", "Europe/Kyiv"),
        ("UTC", "UTC"),
    ],
)
def test_a_city_a_label_or_an_iana_name_is_understood(as_owner: Browser, owner: User, typed: str, zone: str) -> None:
    assert as_owner.post("/profile", data=PROFILE | {"timezone": typed}).status_code == 303
    db.session.expire_all()
    assert owner.timezone == zone


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("Моксва", "Москва (UTC+3)"),
        ("Алма-Ата", "Алматы (UTC+5)"),
        ("utc+5:30", "Калькутта (UTC+5:30)"),
        ("Mars/Olympus", "Europe/Berlin"),
        ("<b>", "Europe/Berlin"),
        ("", ""),
        ("x" * 100_000, "Europe/Berlin"),
    ],
)
def test_what_names_no_zone_is_kept_and_answered_with_a_likely_one(
    as_owner: Browser, owner: User, typed: str, told: str
) -> None:
    answer = as_owner.post("/profile", data=PROFILE | {"timezone": typed})
    assert answer.status_code == 422
    error = answer.text.partition('id="timezone-error"')[2].partition("</div>")[0]
    assert told in error
    assert "<b>" not in error
    if len(typed) < 100:
        assert zone_shown(answer.text) == typed.replace("<", "&lt;").replace(">", "&gt;")
    db.session.expire_all()
    assert owner.timezone == "Europe/Moscow"


@pytest.mark.parametrize("path", ["/profile", "/mailings/new"])
def test_all_zones_are_offered_while_one_types(as_owner: Browser, path: str) -> None:
    page = as_owner.get(path).text
    offered = re.findall(
        r"<option value=\"([^\"]+)\">([^<]+)</option>", page.partition("timezone-zones")[2].partition("</datalist>")[0]
    )
    assert ("Москва (UTC+3)", "Moscow") in offered
    assert ("Калькутта (UTC+5:30)", "Kolkata") in offered
    assert not [pair for pair in offered if re.search("^(Europe|Asia|Africa|America)/", pair[1])]
    assert [label for label, _other in offered if not re.search("[А-Яа-я]", label)] == ["UTC"]
    assert len(offered) > 400
    assert zone_shown(page) == "Москва (UTC+3)"


def test_a_mailing_takes_a_city_and_its_preview_too(as_owner: Browser, owner: User) -> None:
    make_client(owner)
    calendar = {"period": "daily", "starts_at": "2030-01-31T09:00", "ends_at": "", "timezone": "токио"}
    assert "<li>" in as_owner.get("/mailings/moments", query_string=calendar).text
    fields = {"name": "Spring", "message_id": make_message(owner).id, "audience": "everyone", "in_doubt_rule": "hold"}
    refused = as_owner.post("/mailings/new", data=fields | calendar | {"timezone": "токоо"})
    assert (refused.status_code, "Токио (UTC+9)" in refused.text) == (422, True)
    assert as_owner.post("/mailings/new", data=fields | calendar).status_code == 303
    mailing = db.session.scalars(db.select(Mailing)).one()
    assert mailing.timezone == "Asia/Tokyo"


def test_a_former_name_stays_as_it_is_through_the_form(as_owner: Browser, owner: User) -> None:
    """Another name would be another calendar, planned anew."""
    mailing = make_mailing(owner, timezone="Asia/Kolkata", starts_local=datetime(2030, 1, 2, 9))
    assert zone_shown(as_owner.get(f"/mailings/{mailing.id}/edit").text) == "Калькутта (UTC+5:30)"
    fields = fields_of(as_owner.get(f"/mailings/{mailing.id}/edit").text, "mailing-form")
    assert as_owner.post(f"/mailings/{mailing.id}/edit", data=fields).status_code == 303
    db.session.expire_all()
    assert mailing.timezone == "Asia/Kolkata"


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_label_and_every_iana_name_leads_back_to_its_zone(language: str) -> None:
    now = utcnow()
    labels = places.zone_labels(language, now)
    assert {zone: places.zone_of(label, language, now) for zone, label in labels.items()} == {
        zone: places.present_zone(zone) for zone in labels
    }
    assert len(set(labels.values())) == len(labels)
    names = available_timezones() - {"Factory"}
    assert {name for name in names if places.zone_of(name, language, now) != places.present_zone(name)} == set()
    present = {
        "Asia/Calcutta": "Asia/Kolkata",
        "US/Pacific": "America/Los_Angeles",
        "UTC": "UTC",
        "Etc/GMT-3": "Etc/GMT-3",
    }
    assert {name: places.present_zone(name) for name in present} == present


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_zone_has_a_name_that_is_no_identifier(language: str) -> None:
    names = {zone: places.city(zone, language) for zone in available_timezones() - {"Factory"}}
    assert [zone for zone, name in names.items() if "/" in name or "_" in name or "GMT" in name] == []
    if language == "ru":
        assert {name for name in names.values() if not re.search("[а-я]", name)} - {"UTC"} == {
            name for name in names.values() if name.startswith("UTC")
        } - {"UTC"}


def test_people_read_of_a_city_wherever_a_zone_is_told(app: Flask, owner: User) -> None:
    """Pages, paper and heads of files."""
    owner.timezone, manager, admin = "Asia/Kolkata", make_user(role=Role.MANAGER), make_user(role=Role.ADMIN)
    populate(app, owner)
    for person, path, told in [
        (owner, "/reports", "Калькутта"),
        (owner, "/reports/print", "Калькутта"),
        (owner, "/reports/report.csv?rows=run", "По плану (Калькутта)"),
        (owner, "/mailings/1/runs/1/deliveries.csv", "(Калькутта)"),
        (manager, f"/manager/users/{owner.id}", "Калькутта"),
        (admin, f"/admin/users/details/?id={owner.id}", "Калькутта"),
        (admin, "/admin/users/export.csv", "Калькутта"),
    ]:
        page = browser_of(app).login(person).get(path).text
        assert told in page, path
        assert "Asia/" not in page, path


def test_files_are_named_by_the_day_of_their_reader(as_owner: Browser, owner: User) -> None:
    """One of the two zones always has another day than UTC."""
    for zone in ("Pacific/Kiritimati", "Etc/GMT+12"):
        owner.timezone = zone
        db.session.commit()
        for path in ("/clients/export", "/reports/report.csv?rows=run"):
            assert f"-{today_in(zone)}.csv" in as_owner.get(path).headers["Content-Disposition"]
