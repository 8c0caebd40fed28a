"""Admins look at everything and change nothing."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from flask_babel import force_locale, get_locale
from sqlalchemy import Enum

from mailer.admin.column_labels import LABELS
from mailer.admin.overviews import ELSEWHERE, OVERVIEWS, rest
from mailer.admin.sections import SECTIONS
from mailer.admin.tables_of_sending import Tallies
from mailer.admin.value_labels import SPEAKERS, _words_in, label_of, mail_label
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal.table_titles import TABLE_TITLES
from mailer.models.attempt import Attempt
from mailer.models.delivery import DeliveryState
from mailer.models.domain_day import DomainDay, DomainFigure
from mailer.models.letter import LetterDesk, LetterVersion
from mailer.models.mail_server import MailServer
from mailer.models.run_tally import RunTally
from mailer.models.user import Role, User
from mailer.models.wave import Wave
from mailer.queue import SEND_RUN, enqueue
from mailer.sending.servers import mail_routes
from mailer.sending.test_mail import TEMPLATE
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_user, save
from tests.mailings.builders import make_deliveries, make_run
from tests.world import FURNISHED, populate, query_of

EVERY = (*OVERVIEWS, *rest())
TABLES = [overview.model.__tablename__ for overview in EVERY]
SECRET = {
    "password_hash",
    "token_hash",
    "key_hash",
    "mark_hash",
    "secret",
    "recovery_hashes",
    "token",
    "number",
    "context",
}
CLOSED = ("new/", "edit/?id=1", "delete/", "action/", "export/csv/", "ajax/lookup/", "ajax/update/")


@pytest.fixture
def as_admin(web: Browser, owner: User, app: Flask) -> Browser:
    """An admin's browser, before a world with one of each thing."""
    populate(app, owner)
    return web.login(make_user(role=Role.ADMIN))


def test_there_are_a_list_and_details_of_each_table_and_nothing_else(as_admin: Browser) -> None:
    for table in TABLES:
        page = as_admin.get(f"/admin/{table}/")
        assert page.status_code == 200, table
        if table in FURNISHED:
            assert "data-row=" in page.text, table
            query = query_of(f"all_{table}.details_view")
            assert as_admin.get(f"/admin/{table}/details/{query}").status_code == 200, table
            assert as_admin.get(f"/admin/{table}/export.csv").text.count("\r\n") >= 2, table
        for path in CLOSED:
            for verb in ("GET", "POST", "PUT", "PATCH", "DELETE"):
                assert as_admin.open(f"/admin/{table}/{path}", method=verb).status_code == 404, (table, path, verb)
        for path in ("", "details/?id=1"):
            assert as_admin.post(f"/admin/{table}/{path}").status_code == 405, (table, path)


@pytest.mark.parametrize("query", ["?id=999999999", "?id=x", "?id=1,2,3,4", "?id=99999999999999999999"])
def test_a_row_that_is_not_there_is_not_found(as_admin: Browser, query: str) -> None:
    assert as_admin.get(f"/admin/users/details/{query}").status_code == 404


def test_a_row_is_found_by_a_key_of_many_parts(as_admin: Browser, owner: User) -> None:
    run = make_run(make_mailing(owner))
    key = {"run_id": run.id, "day": utcnow().date(), "domain": "", "figure": DomainFigure.REFUSED}
    save(DomainDay(**key, words="550 5.1.1 No, never.", owner_id=owner.id, count=1))
    (link,) = re.findall(r'href="(/admin/domain_days/details/[^"]+)"', as_admin.get("/admin/domain_days/").text)
    assert as_admin.get(html.unescape(link)).status_code == 200


def test_secrets_are_on_no_page(as_admin: Browser, owner: User) -> None:
    pages = as_admin.get("/admin/users/").text + as_admin.get(f"/admin/users/details/?id={owner.id}").text
    pages += (
        as_admin.get("/admin/account_emails/details/?id=1").text + as_admin.get("/admin/clients/details/?id=1").text
    )
    assert owner.password_hash not in pages
    assert "argon2" not in pages
    assert "context" not in pages


def test_what_is_hostile_is_shown_as_it_is(as_admin: Browser, owner: User) -> None:
    client = make_client(owner, first_name="<script>alert(1)</script>")
    page = as_admin.get(f"/admin/clients/details/?id={client.id}").text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page


def test_lists_are_searched_sorted_and_paged(as_admin: Browser) -> None:
    for number in range(30):
        make_user(email=f"person{number:02}@golub.test")
    assert as_admin.get("/admin/users/?search=person07").text.count("data-row=") == 1
    assert as_admin.get("/admin/users/?search=person").text.count("data-row=") == 25
    assert as_admin.get("/admin/users/?search=person&page=1").text.count("data-row=") == 5
    assert as_admin.get("/admin/users/?sort=1").status_code == 200
    assert "empty-state" in as_admin.get("/admin/users/?search=nobody").text


def test_the_machinery_is_shown(app: Flask, as_admin: Browser) -> None:
    name = mail_routes.configured()[0].transport.name
    save(MailServer(name=name, fault_count=1, probe_at=utcnow(), last_fault="421 busy <b>", last_fault_at=utcnow()))
    enqueue(SEND_RUN, 1)
    page = as_admin.get("/admin/state/").text
    assert f'data-server="{name}"' in page
    assert "421 busy &lt;b&gt;" in page
    queue = page.split('data-queue="mailings"')[1].split("</tr>")[0]
    assert ">1<" in queue


def test_the_machinery_is_shown_while_redis_is_away(
    app: Flask, as_admin: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "REDIS_URL", "redis://127.0.0.1:1/0")
    answer = as_admin.get("/admin/state/")
    assert answer.status_code == 200
    assert "data-queue" not in answer.text
    db.session.rollback()


def test_every_table_has_its_list_and_no_secret_is_in_one(app: Flask) -> None:
    assert set(TABLES) | ELSEWHERE == {table.name for table in db.metadata.sorted_tables}
    assert set(TABLES) <= {name for _title, names in SECTIONS for name in names}, "each stands in a section"
    for overview in EVERY:
        columns = {*overview.shown, *overview.more}
        assert len(columns) == len(overview.shown) + len(overview.more), "no column twice"
        if overview.model not in (
            Attempt,
            LetterDesk,
            LetterVersion,
            Wave,
        ):  # whose number counts tries, versions, waves
            assert not columns & SECRET, overview


@pytest.mark.parametrize("language", ["ru", "en"])
def test_columns_and_values_have_names_of_their_own(app: Flask, language: str) -> None:
    with app.test_request_context(), force_locale(language):
        for overview in EVERY:
            assert overview.model.__tablename__ in TABLE_TITLES
            names = [*overview.shown, *overview.more]
            labels = [str({**LABELS, **overview.labels}[name]) for name in names]
            assert len(set(labels)) == len(labels), (overview, sorted(labels))
            for column in overview.model.__table__.c:
                if column.name in names and isinstance(column.type, Enum):
                    for member in column.type.enum_class or ():
                        words = label_of(cast(StrEnum, member))
                        assert language == "en" or re.search("[а-я]", words), (overview, member)


def test_words_are_looked_up_once_however_many_cells_a_file_has(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def speak() -> dict[DeliveryState, str]:
        asked.append(str(get_locale()))
        return {DeliveryState.WAITING: asked[-1]}

    _words_in.cache_clear()
    kind: type[StrEnum] = DeliveryState
    monkeypatch.setitem(SPEAKERS, kind, speak)
    with app.test_request_context():
        for language in ["ru", "en"] * 50:
            with force_locale(language):
                assert label_of(DeliveryState.WAITING) == language
    assert asked == ["ru", "en"]
    _words_in.cache_clear()


def test_kinds_of_account_mails_and_reasons_are_said_in_words(app: Flask) -> None:
    folders = {path.parent.name for path in Path(app.root_path, "templates", "mail").glob("*/subject.txt")}
    with app.test_request_context(), force_locale("ru"):
        for template in (*folders, TEMPLATE):
            assert re.search("[а-я]", mail_label(template)), template
        tally = RunTally(run_id=1, kind="excluded", reason="unsubscribed", count=1)
        shown = [Tallies.computed[name](tally) for name in ("kind", "reason")]
    assert shown == ["исключено", "отписан"]


def test_ids_are_names_and_moments_are_in_one_zone(as_admin: Browser, owner: User) -> None:
    owner.name = "Anna <b>"
    mailing = make_mailing(owner, name="Tokyo news", timezone="Asia/Tokyo", starts_local=datetime(2030, 1, 2, 9))
    page = as_admin.get("/admin/mailings/").text.split(f'data-row="{mailing.id}"')[1].split("</tr>")[0]
    assert "Anna &lt;b&gt;" in page and "status-neutral" in page
    details = as_admin.get(f"/admin/mailings/details/?id={mailing.id}").text
    assert 'datetime="2030-01-02T00:00:00+00:00"' in details  # nine o'clock there
    runs = as_admin.get("/admin/runs/").text
    assert "A mailing</a>" in runs


def test_what_happened_to_an_address(as_admin: Browser, owner: User) -> None:
    run = make_run(make_mailing(owner))
    make_deliveries(run, accepted=2, refused=1)
    for place in ("deliveries", "attempts"):
        page = as_admin.get(f"/admin/{place}/?address=REFUSED3@example.test").text
        assert page.count("data-row=") == 1 and "refused3@example.test" in page
        assert as_admin.get(f"/admin/{place}/?address=refused3").text.count("data-row=") == 0
        rows = as_admin.get(f"/admin/{place}/export.csv?address=refused3@example.test").text
        assert rows.count("\r\n") == 2 and "refused3@example.test" in rows
    assert rows.split("\r\n")[1].split(";")[7] == "1.0"  # seconds between the start and the end of the try


def test_lists_are_narrowed_by_value_day_and_thing(as_admin: Browser, owner: User) -> None:
    old = make_run(make_mailing(owner), datetime(2020, 5, 5, tzinfo=UTC))
    make_deliveries(old, accepted=2, refused=3)

    def count(address: str) -> int:
        return as_admin.get(f"/admin/{address}").text.count("data-row=")

    assert count(f"deliveries/?run_id={old.id}") == 5
    assert count(f"deliveries/?run_id={old.id}&state=refused") == 3
    assert count("deliveries/?from=2020-05-01&to=2020-05-31") == 5
    assert count("deliveries/?to=2019-05-31") == 0
    assert count("attempts/?outcome=permanent&from=2020-05-01&to=2020-05-31") == 3
    assert count("runs/?from=2020-05-05&to=2020-05-05") == 1
    assert count("users/?role=admin") == 1
    assert count(f"mailings/?owner_id={owner.id}&status=created") == 3  # with a step of a series
    assert count("mailings/?status=completed") == 0


@pytest.mark.parametrize(
    "query",
    [
        "role=x",
        "from=x",
        "owner_id=x",
        "blocked_by_id=%C2%B2",
        "from=0001-01-01",
        "role=%00",
        "blocked_by_id=9" + "9" * 30,
    ],
)
def test_odd_narrowings_are_refused(as_admin: Browser, query: str) -> None:
    for place in ("users/", "users/export.csv"):
        answer = as_admin.get(f"/admin/{place}?{query}")
        assert answer.status_code == (200 if query == "owner_id=x" else 400), place


def test_a_file_of_many_rows_is_whole(as_admin: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailer.admin.overview.BATCH", 3)
    for number in range(8):
        make_user(email=f"person{number}@golub.test")
    rows = as_admin.get("/admin/users/export.csv?search=person").text.strip().split("\r\n")
    assert [row.split(";")[1] for row in rows[1:]] == [f"person{number}@golub.test" for number in range(7, -1, -1)]
