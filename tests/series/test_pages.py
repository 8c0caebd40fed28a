"""Series as their owner meets them: made, started, changed while people are in them, stopped."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from mailer.clock import today_in, utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.client_field import ClientField
from mailer.models.mailing import Mailing
from mailer.models.series import (
    MOST_SERIES,
    DelayKind,
    Enrolment,
    EnrolmentState,
    Entry,
    LeftReason,
    Series,
    SeriesState,
)
from mailer.models.user import User
from mailer.sending.series.entering import newcomers
from mailer.sending.series.looking import look, on_date
from mailer.sending.series.places import with_work
from mailer.series import services
from mailer.series.form_reading import values_of
from mailer.series.plan import SeriesPlan, StepPlan
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message, save
from tests.mailings.form_reader import fields_of
from tests.series.conftest import let_pass, put_in, runs_of, turn, where_is

Make = Callable[..., Series]


def form_of(message_id: int, *steps: dict[str, object], **values: object) -> dict[str, object]:
    """What a browser posts."""
    rows = steps or ({"count": 0, "kind": "hours"},)
    fields = {"name": "Welcome", "timezone": "Europe/Moscow", "entry": "hand", "late_limit_hours": 12} | values
    for number, step in enumerate(rows):
        for name, value in ({"message_id": message_id} | step).items():
            fields[f"steps-{number}-{name}"] = value
    return fields


def test_a_series_is_made_started_and_people_are_put_in(as_owner: Browser, owner: User) -> None:
    message, client = make_message(owner, name="Hello"), make_client(owner, email="ann@example.test", tags=["new"])
    assert "series/new" in as_owner.get("/series/").text
    form = form_of(message.id)
    added = as_owner.post("/series/new", data=form | {"do": "add"})
    assert added.status_code == 200
    assert 'name="steps-1-count"' in added.text
    wrong = as_owner.post("/series/new", data=form_of(message.id, {"count": 2, "kind": "days"}, name=""))
    assert wrong.status_code == 422
    assert re.findall(r'<li><a href="#([\w-]+)">', wrong.text) == ["name", "steps-0-at"], "each part has its line"
    assert db.session.scalar(select(func.count()).select_from(Series)) == 0
    made = as_owner.post("/series/new", data=form_of(message.id, {"count": 0, "kind": "hours"}, {
        "count": 2, "kind": "working_days", "at": "10:00"}))  # fmt: skip
    assert made.status_code == 303
    series = db.session.scalars(select(Series)).one()
    assert [step.delay_kind for step in series.steps] == [DelayKind.HOURS, DelayKind.WORKING_DAYS]
    page = as_owner.get(f"/series/{series.id}/start")
    assert 'data-figure="enter"' in page.text
    assert as_owner.post(f"/series/{series.id}/start", data={}).status_code == 422
    as_owner.post(f"/series/{series.id}/start", data={"confirmed": "yes"})
    asked = {"series_id": series.id, "whom": "tag", "tag": "new"}
    first = as_owner.post("/series/put-in", data=asked)
    assert first.status_code == 409, "the number first"
    assert as_owner.post("/series/put-in", data=asked | {"confirmed": f"{series.id}:7"}).status_code == 409
    assert as_owner.post("/series/put-in", data=asked | {"confirmed": f"{series.id}:1"}).status_code == 303
    assert as_owner.post("/series/put-in", data=asked | {"confirmed": f"{series.id}:0"}).status_code == 422, "not twice"
    shown = as_owner.get(f"/series/{series.id}").text
    assert 'data-figure="waiting">1<' in shown
    as_this_person = f"/messages/{message.id}?client={client.id}"
    for path in (f"/series/{series.id}", f"/series/{series.id}/people"):
        assert as_this_person in as_owner.get(path).text
    assert "ann@example.test" in as_owner.get(as_this_person).text
    overview = as_owner.get("/dashboard").text
    assert re.search(rf'data-series="{series.id}">.*?: +1 ', overview.replace("\n", " ")), "who is on the way"
    turn(db.session.get_one(Series, series.id))
    step = series.steps[0].mailing
    assert as_owner.get(f"/mailings/{step.id}").location == f"/series/{series.id}"
    assert as_owner.post(f"/mailings/{step.id}/delete").status_code == 404
    assert "Welcome · 1" not in as_owner.get("/mailings").text
    assert "ann@example.test" in as_owner.get(f"/series/{series.id}/people").text
    way = where_is(client)
    as_owner.post(f"/series/{series.id}/people/{way.id}/take-out")
    assert where_is(client).left_reason is LeftReason.OWNER
    as_owner.post(f"/series/{series.id}/stop")
    assert db.session.get_one(Series, series.id, populate_existing=True).state is SeriesState.STOPPED


def test_a_change_of_a_running_series_says_first_whom_it_moves(
    as_owner: Browser, owner: User, make_series: Make
) -> None:
    series, client = make_series(0, 24, 24), make_client(owner)
    put_in(series, client)
    turn(series)
    due_at, step_id = where_is(client).due_at, where_is(client).step_id
    second, third = series.steps[1], series.steps[2]
    assert step_id == second.id
    rows = [{"id": one["id"], "message_id": one["message_id"], "count": one["count"], "kind": one["kind"]}
            for one in values_of(series)["steps"]]  # fmt: skip
    shorter = [rows[0], rows[1] | {"count": 2}, rows[2]]
    form = form_of(0, *shorter, name=series.name, timezone="UTC", version=series.version)
    path = f"/series/{series.id}/edit"
    asked = as_owner.post(path, data=form)
    assert asked.status_code == 409
    assert 'id="changes"' in asked.text
    assert where_is(client).due_at == due_at
    assert as_owner.post(path, data=form | {"confirmed": "yes"}).status_code == 303
    assert due_at is not None
    assert abs((where_is(client).due_at or due_at) - due_at + timedelta(hours=22)) < timedelta(seconds=2)
    stale = as_owner.post(path, data=form | {"confirmed": "yes", "name": "Another"})
    assert stale.status_code == 409
    assert "Another" in stale.text, "what was typed is kept"
    fresh = db.session.get_one(Series, series.id, populate_existing=True)
    without = form_of(0, rows[0], rows[2], name=series.name, timezone="UTC", version=fresh.version, confirmed="yes")
    assert as_owner.post(path, data=without).status_code == 303
    assert where_is(client).step_id == third.id, "on to the next"
    assert db.session.get_one(Mailing, second.mailing_id).completed_at is not None
    assert len(runs_of(series)) == 1


def test_pause_and_a_managers_switch_hold_everybody(
    as_owner: Browser, as_manager: Browser, owner: User, make_series: Make
) -> None:
    series = make_series(0)
    as_owner.post(f"/series/{series.id}/pause")
    put_in(series, make_client(owner))
    turn(series)
    assert runs_of(series) == []
    as_owner.post(f"/series/{series.id}/resume")
    as_manager.post(f"/manager/series/{series.id}/disable", data={"reason": "No consent"})
    turn(series)
    assert runs_of(series) == []
    assert "No consent" in as_owner.get(f"/series/{series.id}").text
    as_manager.post(f"/manager/series/{series.id}/enable")
    owner.blocked_at, owner.block_reason = utcnow(), "spam"
    db.session.commit()
    assert series.id not in with_work(utcnow()), "a blocked owner's series wakes nobody"
    owner.blocked_at = owner.block_reason = None
    db.session.commit()
    assert series.id in with_work(utcnow())
    turn(series)
    assert len(runs_of(series)) == 1


def test_those_who_get_a_tag_enter_once_and_the_goal_lets_them_leave(owner: User, make_series: Make) -> None:
    present = make_client(owner, tags=["lead"])
    series = make_series(24, entry=Entry.TAG, entry_tag="lead", goal_tag="bought")
    look(series, utcnow())
    late = make_client(owner, tags=["lead"])
    for _ in range(2):
        look(series, utcnow())
    assert [where_is(one).state.value for one in (present, late)] == ["passed_by", "waiting"]
    present.tags = []
    db.session.commit()
    look(series, utcnow())
    present.tags = ["lead"]
    late.tags = ["lead", "bought"]
    db.session.commit()
    look(series, utcnow())
    assert where_is(present).state is EnrolmentState.WAITING, "came to meet the rule after the start"
    assert where_is(late).left_reason is LeftReason.GOAL
    look(series, utcnow())
    assert db.session.scalar(select(func.count()).select_from(Enrolment)) == 3


def test_a_birthday_comes_every_year_and_29_february_on_the_28th(owner: User, make_series: Make) -> None:
    field = save(ClientField(owner_id=owner.id, key="born", label="Born", type="date", slot="d1"))
    now = utcnow()
    leap = make_client(owner)
    leap.d1 = date(2000, 2, 29)
    today = make_client(owner)
    today.d1 = today_in("UTC").replace(year=2000)
    db.session.commit()
    series = make_series(0, entry=Entry.DATE, entry_field_id=field.id, entry_at=now.time(), entry_is_yearly=True)
    for year, expected in ((2027, date(2027, 2, 28)), (2028, date(2028, 2, 29))):
        found = [day for day in (date(year, 2, 28), expected) if db.session.scalars(
            newcomers(series, on_date(series, day))).first()]  # fmt: skip
        assert found[-1] == expected
        assert len(set(found)) == 1
    look(series, now - timedelta(minutes=5))
    for _ in range(2):
        look(series, now + timedelta(minutes=1))
    assert where_is(today).entered_by is Entry.DATE
    let_pass(series, 0)
    assert db.session.scalar(select(func.count()).select_from(Enrolment)) == 1


def test_errors_of_a_step_are_in_the_readers_language(as_owner: Browser, owner: User) -> None:
    message = make_message(owner)
    steps = {"count": 4000, "kind": "fortnights"}, {"count": 1, "kind": "days", "at": "soon"}
    answer = as_owner.post("/series/new", data=form_of(message.id, *steps))
    assert answer.status_code == 422
    shown = answer.text.partition("<main")[2]
    assert "Number must be" not in shown and "Not a valid" not in shown


def test_a_long_name_of_a_copy_still_says_that_it_is_one(as_owner: Browser, make_series: Make) -> None:
    series = make_series(0)
    series.name = "Ц" * 100
    db.session.commit()
    [name] = fields_of(as_owner.get(f"/series/{series.id}/copy").text, "series-form")["name"]
    assert name.endswith("Ц (копия)") and len(name) == 100


def test_a_stopped_series_goes_on_as_its_copy(as_owner: Browser, owner: User, make_series: Make) -> None:
    series, client = make_series(0, 48, goal_tag="bought", counts_clicks=True), make_client(owner)
    put_in(series, client)
    as_owner.post(f"/series/{series.id}/stop")
    page = as_owner.get(f"/series/{series.id}/copy").text
    fields = fields_of(page, "series-form")
    assert 'action="/series/new"' in page
    assert (fields["name"], fields["steps-1-count"]) == (["Welcome (копия)"], ["48"])
    assert as_owner.post("/series/new", data=fields).status_code == 303
    old, new = db.session.scalars(select(Series).order_by(Series.id))
    assert (new.state, new.goal_tag, new.counts_clicks) == (SeriesState.DRAFT, "bought", True)
    assert [(step.delay, step.mailing.message_id) for step in new.steps] == [
        (step.delay, step.mailing.message_id) for step in old.steps
    ]
    assert not {step.id for step in new.steps} & {step.id for step in old.steps}
    assert where_is(client).series_id == old.id, "nobody is in it"


def test_what_is_used_stays(as_owner: Browser, owner: User, make_series: Make) -> None:
    """A message in a series is not deleted, and everybody's pages do without its mailings."""
    series = make_series(0)
    message = series.steps[0].mailing.message_id
    as_owner.post(f"/messages/{message}/delete")
    assert as_owner.get(f"/messages/{message}").status_code == 200
    make_mailing(owner)
    services.stop(series)
    services.delete(series)
    as_owner.post(f"/messages/{message}/delete")
    assert as_owner.get(f"/messages/{message}").status_code == 404


@pytest.mark.parametrize(
    ("typed", "status"),
    [
        ({"steps-0-kind": "days"}, 422),
        ({"steps-0-kind": "days", "steps-0-at": "25:00"}, 422),
        ({"entry": "tag"}, 422),
        ({"entry": "segment"}, 422),
        ({"entry": "date"}, 422),
        ({"leaves_with_segment": "y"}, 422),
        ({"window_opens": "09:00"}, 422),
        ({"window_closes": "09:00"}, 422),
        ({"window_opens": "09:00", "window_closes": "09:00"}, 422),
        ({}, 303),
    ],
)
def test_what_is_left_empty_and_is_needed_is_asked_for(
    as_owner: Browser, owner: User, typed: dict[str, str], status: int
) -> None:
    form = {
        "name": "Welcome", "timezone": "UTC", "entry": "hand", "entry_when": "on", "late_limit_hours": "12",
        "steps-0-message_id": str(make_message(owner).id), "steps-0-count": "1", "steps-0-kind": "hours",
    }  # fmt: skip
    answer = as_owner.post("/series/new", data=form | typed)
    assert (answer.status_code, status == 422) == (status, "has-error" in answer.text)


def test_there_is_a_bound_to_series_and_to_their_steps(as_owner: Browser, owner: User) -> None:
    message, now = make_message(owner), utcnow()
    one = StepPlan(message, DelayKind.HOURS, 1, None)
    with pytest.raises(Refusal, match="30"):
        services.save_series(owner, SeriesPlan("Long", "UTC", [one] * 31))
    full = services.save_series(owner, SeriesPlan("Full", "UTC", [one] * 30))
    assert len(full.steps) == 30
    page = as_owner.get(f"/series/{full.id}/edit").text
    assert 'value="delete-29"' in page and 'value="add"' not in page
    for number in range(1, MOST_SERIES):
        db.session.add(Series(owner_id=owner.id, name=f"No. {number}", timezone="UTC", created_at=now))
    db.session.commit()
    refused = as_owner.post("/series/new", data=form_of(message.id))
    assert refused.status_code == 422 and "Можно иметь не больше 100 цепочек" in refused.text.replace("\xa0", " ")
    as_owner.post(f"/series/{full.id}/delete")
    assert as_owner.post("/series/new", data=form_of(message.id)).status_code == 303, "a deleted one makes room"
    back = as_owner.post(f"/series/{full.id}/restore", follow_redirects=True).text.replace("\xa0", " ")
    assert "не больше 100 цепочек" in back
    assert db.session.get_one(Series, full.id, populate_existing=True).deleted_at is not None
