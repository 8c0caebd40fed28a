"""What nobody types: NUL, lone surrogates, numbers no column holds, days no zone knows. Refused, never a fault."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask import Flask, request
from redis import Redis
from sqlalchemy import event, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DataError

from mailer.extensions import db
from mailer.models.blog_post import BlogPost
from mailer.models.mailing import Audience, Mailing
from mailer.models.user import Role, User
from tests.conftest import Browser, Servers, browser_of
from tests.factories import make_message, make_user
from tests.mailings.builders import form_of
from tests.world import populate

NUL, LONG = "a\0b", "9" * 4000
AS_BROWSERS_ASK = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture(autouse=True)
def refused_statements(app: Flask) -> Iterator[None]:
    """Nothing of all this reaches PostgreSQL as a value that it cannot read: its log is for faults."""
    refused: list[str] = []

    def note(context: ExceptionContext) -> None:
        if isinstance(context.sqlalchemy_exception, DataError):
            refused.append(f"{request.full_path}: {context.original_exception}")

    event.listen(db.engine, "handle_error", note)
    yield
    event.remove(db.engine, "handle_error", note)
    assert refused == []


@pytest.fixture
def as_admin(app: Flask) -> Browser:
    return browser_of(app).login(make_user(role=Role.ADMIN))


@pytest.mark.parametrize(
    "path", ["/blog/%00", "/blog/a%00b", "/media/blog/%00", "/%00", "/confirm/%00", "/clients/%00"]
)
def test_an_address_with_nul_names_nothing(as_owner: Browser, path: str) -> None:
    assert as_owner.get(path).status_code == 404


@pytest.mark.parametrize("number", ["²", "٣", "3²", str(2**63), "9" * 30, LONG, "9" * 5000, "-1"])
def test_only_plain_digits_are_a_number(as_owner: Browser, as_admin: Browser, number: str) -> None:
    assert as_owner.get(f"/clients/{quote(number)}").status_code == 404
    for path in ("/admin/posts/edit/", "/admin/posts/details/", "/admin/posts/preview/", "/admin/users/details/"):
        assert as_admin.get(path, query_string={"id": number}).status_code < 500, path
    for path in ("/clients/", "/messages", "/mailings", "/articles", "/blog", "/calendar"):
        assert as_owner.get(path, query_string={"page": number}).status_code < 500, path
    assert as_admin.get("/admin/posts/", query_string={"page": number}).status_code < 500
    assert as_owner.get("/mailings/new", query_string={"message": number}).status_code == 200
    ceilings = {"person_daily_ceiling": number, "person_weekly_ceiling": ""}
    assert as_owner.post("/calendar/ceiling", data=ceilings).status_code == 422


ODD_FIELDS = {
    "late_limit": ["x", LONG], "every": [LONG, "²", "9" * 5000], "holiday_country": ["\0", "XX"], "period": ["x", NUL],
    "holiday_rule": ["x", NUL], "monthly_on": ["x"],
    "month_weeks": ["x", LONG], "month_days": [LONG, NUL], "working_days": [LONG], "dates": [LONG, NUL],
    "weekdays": ["x"],
    "run_limit": [LONG], "timezone": [NUL, "x"], "starts_at": ["0001-01-01T00:00", "9999-12-31T23:59", NUL],
    "ends_at": ["0001-01-01T00:00"], "audience": ["x"], "filter_id": [LONG, "²", "x"], "message_id": [LONG, "x", "²"],
    "client_ids": [LONG, "²", "x"], "tags": [NUL], "in_doubt_rule": ["x"], "version": [LONG, "²"], "also_at": [NUL],
    "window_opens": ["x"], "exception_dates": ["0001-01-01", NUL], "name": [NUL],
}  # fmt: skip


def test_the_form_of_a_mailing_is_kept_whatever_a_field_holds(app: Flask, as_owner: Browser, owner: User) -> None:
    populate(app, owner)
    own = db.select(Mailing.id).filter_by(owner_id=owner.id).where(Mailing.audience != Audience.SERIES)
    mailing_id = db.session.scalars(own).one()
    for name, value in [(name, value) for name, values in ODD_FIELDS.items() for value in values]:
        asked = form_of(db.session.get_one(Mailing, mailing_id), **{name: value})
        for more in ({}, {"find": "1"}):  # a search among the clients looks at nothing else
            answer = as_owner.post("/mailings/new", data=asked | more)
            assert answer.status_code in ((422, 404, 303) if not more else (200,)), (name, value[:20], more)
        for path in ("/mailings/audience", "/mailings/clients"):
            assert as_owner.post(path, data=asked).status_code in (200, 404), (path, name, value[:20])
        answer = as_owner.get("/mailings/moments", query_string=asked)
        assert answer.status_code == 200, (name, value[:20])


@pytest.mark.parametrize(
    "value", ["1e400", "%", "٣", "9" * 30, "x", "-1", "0001-01-01", "1,1e400", "1,99999999999", ""]
)
def test_the_key_of_a_row_in_the_panel_is_of_its_kind(app: Flask, as_admin: Browser, value: str) -> None:
    views = [view for view in app.extensions["admin"][0]._views if getattr(view, "model", None)]
    assert len(views) > 20
    for view in views:
        width = len(view.model.__table__.primary_key)
        for keys in {value, ",".join([value, *["1"] * (width - 1)]), ",".join([*["1"] * (width - 1), value])}:
            answer = as_admin.get(f"{view.url}/details/", query_string={"id": keys})
            assert answer.status_code in (302, 404), (view.endpoint, keys)


def test_a_field_with_nul_is_named_and_the_form_kept(as_owner: Browser) -> None:
    answer = as_owner.post("/calendar/holidays", data={"country": "RU", "day": "2030-05-05", "name": "День\0 рождения"})
    assert answer.status_code == 422
    assert "День рождения" in answer.text and 'aria-invalid="true"' in answer.text


def test_what_comes_past_the_forms_is_a_bad_request(as_owner: Browser, owner: User, app: Flask) -> None:
    def _ask() -> None:  # what a view that forgot to look would do
        if request.args.get("past"):
            db.session.scalar(text("SELECT :given"), {"given": request.args["past"]})

    app.before_request_funcs[None].append(_ask)
    try:
        assert as_owner.get("/clients/", query_string={"past": NUL}).status_code == 400
        assert as_owner.get("/clients/", query_string={"past": "fine"}).status_code == 200
    finally:
        app.before_request_funcs[None].remove(_ask)


@pytest.mark.parametrize("moment", ["0001-01-01T00:00", "9999-12-31T23:59", "0000-00-00T00:00", NUL])
def test_an_article_appears_in_a_year_of_ours(as_admin: Browser, moment: str) -> None:
    form = {"title": "T", "content": "C", "language": "ru", "status": "published", "published_at": moment}
    assert as_admin.post("/admin/posts/new/", data=form).status_code == 422
    assert db.session.scalar(db.select(db.func.count()).select_from(BlogPost)) == 0


PANEL_QUERIES = (
    "search=%00", "id=%00", "_method=x", "_scheme=z", "_anchor=x", "_external=1", "endpoint=x", "url=%00", "url=http://[",
    "page=-1", "sort=-1", "sort=99", "page_size=-5", "flt0_0=%00", "flt=%00", "values=x", "self=x", "status=x",
)  # fmt: skip


def test_an_address_of_the_panel_carries_nothing_on(app: Flask, as_admin: Browser, owner: User) -> None:
    populate(app, owner)
    for table in ("posts", "users", "mailings", "runs", "deliveries", "attempts", "messages", "clients"):
        for query in PANEL_QUERIES:
            answer = as_admin.get(f"/admin/{table}/?{query}")
            assert answer.status_code in (200, 302, 400), (table, query)
            assert not re.search(r'href="[^"]*(http://x|z://|#x")', answer.text), (table, query)
            status = as_admin.get(f"/admin/{table}/details/?{query}").status_code
            assert status in (200, 302, 400, 404), (table, query)


def test_a_draft_is_looked_at_while_valkey_is_full(as_owner: Browser, owner: User, servers: Servers) -> None:
    make_message(owner)
    redis = Redis.from_url(servers.redis_url)
    redis.config_set("maxmemory", "1")
    try:
        answer = as_owner.post(
            "/messages/preview", data={"subject": "Тема", "html_body": "<p>Привет</p>", "text_body": ""}
        )
    finally:
        redis.config_set("maxmemory", "0")
    assert answer.status_code == 200 and "Привет" in answer.text


def test_looking_where_only_forms_go_leads_to_the_page_of_the_form(app: Flask, as_owner: Browser) -> None:
    led = {
        "/profile/delete": "/profile/data", "/profile/data/export": "/profile/data",
        "/profile/second-factor/off": "/profile/second-factor", "/profile/avatar": "/profile",
        "/calendar/holidays/work": "/calendar/holidays", "/mailings/7/runs/3/retry-refused": "/mailings/7/runs/3",
        "/clients/bulk": "/clients/", "/manager/users/5/block": "/manager/users/5", "/review/4/reject": "/review/4",
    }  # fmt: skip
    for path, target in led.items():
        answer = as_owner.get(path, headers=AS_BROWSERS_ASK)
        assert (answer.status_code, answer.location) == (302, target)
    for accept in ("text/html", "*/*"):  # by hand, or with a tool that takes anything
        assert as_owner.get("/profile/avatar", headers={"Accept": accept}).location == "/profile"
    assert as_owner.get("/profile/avatar", headers={"Accept": "application/json"}).status_code == 405


CHOICES = {  # where a part of an address is one of a few words
    "messages.letter_step": {"by": "undo"},
    "messages.examine": {"kind": "links"},
    "messages.cancel_examination": {"kind": "links"},
}


def test_no_address_answers_405_to_somebody_who_looks(app: Flask, as_owner: Browser) -> None:
    routes, asked = app.url_map.bind(""), 0
    with app.test_request_context():
        posting = [rule for rule in app.url_map.iter_rules() if "POST" in (rule.methods or set())]
        built = [
            rule.build(dict.fromkeys(rule.arguments, 1) | CHOICES.get(rule.endpoint, {}), append_unknown=False)
            for rule in posting
        ]
    for path in {path for _domain, path in filter(None, built)}:
        if routes.test(path, "GET") or not routes.test(path, "POST"):
            continue
        asked += 1
        assert as_owner.get(path, headers=AS_BROWSERS_ASK).status_code == 302, path
        assert as_owner.get(path, headers={"HX-Request": "true"}).status_code in (405, 404), path
    assert asked > 50
