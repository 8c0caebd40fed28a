"""The pages of warm-ups: an administrator starts, pauses and ends them, and takes it back."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from babel.dates import format_date
from flask import Flask
from sqlalchemy import select, text

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.journal_entry import Action, JournalEntry
from mailer.models.run import Run
from mailer.models.sending_domain import SendingDomain
from mailer.models.user import Role, User
from mailer.models.warm_up import WarmUp, WarmUpDay
from mailer.operations import warm_ups
from mailer.sending import warm_up_standing
from mailer.sending.runs.audience import recipients
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.warm_up_plan import Plan
from mailer.sending.warm_ups import NAMES
from tests.conftest import Browser, browser_of
from tests.factories import make_client, make_due_run, make_mailing, make_user, save

PLAN = {"start_count": "200", "growth_percent": "50", "target_count": "50000", "names": ["gmail", "others"]}
PATH = "/operations/warm-ups"


@pytest.fixture
def as_admin(app: Flask, owner: User) -> Browser:
    """An administrator's browser; the owner has proven one domain, and only said that another is theirs."""
    save(SendingDomain(owner_id=owner.id, name="proven.example", proven_at=utcnow()))
    save(SendingDomain(owner_id=owner.id, name="said.example"))
    return browser_of(app).login(make_user(role=Role.ADMIN, language="en"))


def the_only() -> WarmUp:
    db.session.expire_all()
    return db.session.scalars(select(WarmUp)).one()


def test_a_plan_is_checked_before_it_begins(as_admin: Browser) -> None:
    wrong: list[dict[str, Any]] = [
        {"domain": "nonsense"}, {"domain": "said.example"}, {"domain": "other.example"}, {"domain": ""},
        {"start_count": "9"}, {"start_count": "1000000"}, {"growth_percent": "101"}, {"growth_percent": ""},
        {"target_count": "199"}, {"target_count": "9" * 30}, {"names": []}, {"names": ["nobody"]},
    ]  # fmt: skip
    for values in wrong:
        answer = as_admin.post(PATH, data={"domain": "proven.example", **PLAN, **values})
        assert answer.status_code == 422, values
        assert "field-errors" in answer.text, values
    assert db.session.scalar(select(WarmUp)) is None
    shown = as_admin.post(PATH, data={"domain": "proven.example", **PLAN, "names": ["gmail", "x" * 5000]}).text
    assert "Choose only from what is offered here." in shown
    assert "xxx" not in shown


def test_it_is_started_paused_and_ended_and_that_is_taken_back(as_admin: Browser, owner: User) -> None:
    assert as_admin.post(PATH, data={"domain": "Proven.Example.", **PLAN}).status_code == 303
    warm_up = the_only()
    assert (warm_up.domain, warm_up.owner_id) == ("proven.example", owner.id)
    assert set(db.session.scalars(select(WarmUpDay.name))) == {"gmail", ""}
    again = as_admin.post(PATH, data={"domain": "proven.example", **PLAN})
    assert again.status_code == 422
    assert "already being warmed up" in again.text
    page = f"{PATH}/{warm_up.id}"
    assert "The start of the plan." in as_admin.get(page).text
    for action, is_paused, is_ended in (
        ("pause", True, False), ("pause", True, False), ("resume", False, False), ("end", False, True),
        ("end", False, True), ("pause", False, True), ("go-on", False, False),
    ):  # fmt: skip
        assert as_admin.post(f"{page}/{action}").status_code == 303, action
        assert (the_only().paused_at is not None, the_only().ended_at is not None) == (is_paused, is_ended), action
        assert as_admin.get(page).status_code == 200
    as_admin.post(f"{page}/end")
    as_admin.post(PATH, data={"domain": "proven.example", **PLAN})
    assert "already being warmed up" in as_admin.post(f"{page}/go-on", follow_redirects=True).text
    assert as_admin.get(PATH).text.count('data-key="proven.example"') == 2
    assert as_admin.get(f"{PATH}/999").status_code == 404


def test_growth_and_target_change_while_it_goes_on_and_what_follows_is_said_before(as_admin: Browser) -> None:
    as_admin.post(PATH, data={"domain": "proven.example", **PLAN})
    db.session.execute(text("UPDATE warm_up_days SET used_count = 200, day = day - 1"))
    db.session.commit()
    page = f"{PATH}/{the_only().id}"
    assert f"{page}/plan" in as_admin.get(page).text
    assert "would change" in as_admin.get(f"{page}/plan?growth_percent=50&target_count=50000").text
    shown = as_admin.get(f"{page}/plan?growth_percent=100&target_count=400").text
    before, after = re.findall(r'data-label="(?:Warm at|By the new)[^>]*>([^<]+)</td>', shown)[:2]
    assert (before, after) == tuple(
        format_date(day, "d MMMM y", locale="en")
        for day in (warm_up_standing.standing(the_only(), plan)[0].warm_on for plan in (None, Plan(200, 100, 400)))
    )
    assert the_only().growth_percent == 50, "looking changes nothing"
    for wrong in ({"growth_percent": "101"}, {"growth_percent": ""}, {"target_count": "9"}, {"target_count": "x"}):
        values = {"growth_percent": "100", "target_count": "400", **wrong}
        assert as_admin.post(f"{page}/plan", data=values).status_code == 422, wrong
        assert as_admin.get(f"{page}/plan?{urlencode(values)}").status_code == 422, wrong
    refused = as_admin.post(f"{page}/plan", data={"growth_percent": "100", "target_count": "199"})
    assert refused.status_code == 409
    assert "Not less than on the first day: 200." in refused.text
    for _twice in range(2):
        assert as_admin.post(f"{page}/plan", data={"growth_percent": "100", "target_count": "400"}).status_code == 303
    assert [each.ceiling for each in warm_up_standing.standing(the_only())] == [400, 400]
    told = db.session.scalars(select(JournalEntry).where(JournalEntry.action == Action.CHANGED)).all()
    traces = [(entry.details["before"], entry.details["after"]) for entry in told if "before" in entry.details]
    assert traces == [("50 %, 50000", "100 %, 400")]
    as_admin.post(f"{page}/end")
    assert as_admin.post(f"{page}/plan", data={"growth_percent": "20", "target_count": "400"}).status_code == 409


def test_a_day_that_nobody_has_opened_is_shown_as_it_will_be(as_admin: Browser) -> None:
    as_admin.post(PATH, data={"domain": "proven.example", **PLAN, "names": [name or "others" for name in NAMES]})
    db.session.execute(text("UPDATE warm_up_days SET day = day - 1"))
    changes = {
        "gmail": "used_count = 200", "mailru": "used_count = 200, refused_count = 4",
        "yandex": "used_count = 200, complained_count = 1", "outlook": "heard_at = now()",
        "yahoo": "used_count = 12",
    }  # fmt: skip
    for name, change in changes.items():
        db.session.execute(text(f"UPDATE warm_up_days SET {change} WHERE name = '{name}'"))
    db.session.commit()
    shown = as_admin.get(f"{PATH}/{the_only().id}").text
    for words in (
        "200 of 200 were sent", "4 were refused or came back", "1 was marked as spam",
        "servers replied that they get too", "only 12 of 200 were sent",
    ):  # fmt: skip
        assert words in shown, words
    assert [each.ceiling for each in warm_up_standing.standing(the_only())][:6] == [300, 200, 200, 200, 100, 200]
    assert warm_ups.set_growth(the_only(), is_held=True)
    assert "Growth is paused" in as_admin.get(f"{PATH}/{the_only().id}").text


def test_the_owner_sees_it_and_is_warned_before_a_long_mailing(
    as_admin: Browser, owner: User, as_owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain = db.session.scalars(select(SendingDomain).where(SendingDomain.name == "proven.example")).one()
    page = f"/domains/{domain.id}"
    assert "/operations/warm-ups?domain=proven.example" in as_admin.get(page).text
    assert "/operations/warm-ups" not in as_owner.get(page).text
    as_admin.post(PATH, data={"domain": "proven.example", **PLAN, "start_count": "10", "names": ["gmail"]})
    assert 'data-key="gmail"' in as_owner.get(page).text

    mailing = make_mailing(owner, [make_client(owner, f"a{number}@gmail.com") for number in range(40)])
    ask = f"/mailings/{mailing.id}/send-now"
    assert "proven.example" not in as_owner.get(ask).text
    db.session.execute(text("UPDATE sending_domains SET is_used = true WHERE name = 'proven.example'"))
    db.session.execute(text("UPDATE warm_up_days SET used_count = 3"))
    db.session.commit()
    assert re.search(r"Gmail: .*proven\.example .*7 .*40 ", as_owner.get(ask).text)
    (day,) = warm_up_standing.shortfalls("proven.example", recipients(mailing))
    assert (day.today_count, day.count, day.day_count) == (7, 40, 2)  # 15 on the next, 22 on the second
    assert "других рассылок" not in as_owner.get(ask).text, "nobody else waits"

    # Twelve of another run wait already: they are counted, as if they went first.
    other = make_due_run(owner, [make_client(owner, f"b{number}@gmail.com") for number in range(12)])
    assert other.snapshot["from_email"].endswith("@proven.example")
    write_recipient_list(other.id)
    (day,) = warm_up_standing.shortfalls("proven.example", recipients(mailing))
    assert (day.today_count, day.count, day.ahead_count, day.day_count) == (0, 40, 12, 3)  # 7, 15, 22, 33
    assert re.search(r"Gmail: .*других рассылок \(12\)", as_owner.get(ask).text)
    db.session.execute(text("UPDATE warm_ups SET owner_id = NULL"))  # as if it were the service's: not theirs
    assert warm_up_standing.waiting_counts(the_only()) == {}
    db.session.rollback()
    other = db.session.get_one(Run, other.id, populate_existing=True)
    other.ends_at = utcnow()
    db.session.commit()
    stop_what_must()

    warm_ups.set_growth(the_only(), is_held=True)
    (day,) = warm_up_standing.shortfalls("proven.example", recipients(mailing))
    assert (day.today_count, day.day_count) == (7, 4)  # ten a day
    assert "Рост приостановлен" in as_owner.get(ask).text
    db.session.execute(text("UPDATE warm_up_days SET ceiling = 1"))
    db.session.commit()
    monkeypatch.setattr(warm_up_standing, "A_YEAR", 39)
    assert "больше чем через год" in as_owner.get(ask).text
