"""Every page, for everybody who may open it: axe finds nothing, nothing scrolls sideways, the keyboard is enough.

Each is loaded once for a look, and everything is asked of it then: most of the time goes into loading.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page

from config import TestingConfig
from mailer import create_app
from mailer.guide.pages import ORDER
from mailer.letters.document import to_json
from mailer.letters.starters import starter
from mailer.picture_names import PictureFile
from mailer.picture_store import FolderStore
from tests.chromium.conftest import Service, log_in, sample_account
from tests.chromium.looker import RUN_AXE_ON, Looker, look_at
from tests.conftest import ROOT
from tests.test_access import PEOPLE, TABLE

pytestmark = pytest.mark.browser
AXE = ROOT / "tests" / "vendor" / "axe" / "axe.min.js"
# Answers that are no pages: files, parts of pages, addresses that need a secret of a mail.
NO_PAGES = re.compile(
    r"static$|\.(image|picture)$|avatar$|favicon|robots|sitemap|feed|health|export|report$|_html$|progress$|probe$|live$|moments$|clients$|inboxes$|show_attachment$"
    r"|sign_up\.confirm_page$|preferences\.view|_preview$|messages\.letter$|ajax|auth\.(confirm|reset|confirm_email|confirm_own_address|confirm_address)$|drafts\.open_kept"
    # the sample data have no row of these; all tables share one page of a row
    r"|all_(run_tallies|account_tokens|holiday_changes|own_addresses|run_faults|second_factors|mail_reports|unread_mails"
    r"|reactions|reaction_totals|reaction_hours"
    r"|letter_desks|letter_versions|own_templates|own_themes|own_blocks|attachments|file_contents|examinations"
    r"|client_merges|clients_apart|domain_days|mail_exchangers|recipient_paces|run_holds|waves|warm_ups|warm_up_days)\.details_view|media\.(show_file|picker)$|read_sentence$"
    r"|messages\.examination$|duplicates\.compare$"  # a part of a page; of clients who are named: below
    r"|tracking\.follow$"  # a picture, or somebody else's page
    r"|mailings\.move$"  # of a mailing that runs again: below
)
ALSO = {
    "anonymous": [
        *(f"/help/{name}" for name in ORDER),
        "/nothing-here",
        "/blog?q=nothing-like-this",
        "/login?next=/mailings",
    ],
    "owner": ["/clients/?q=zzzz", "/clients/duplicates/merge?id=1&id=2", "/reports?rows=run", "/mailings/2/move"],
}
LOOKS = [("ru", "light", 1280), ("en", "dark", 360)]
ROLES = {"owner": "user", "manager": "manager", "editor": "editor", "admin": "admin"}
TEXT = "## Раздел\n\nСлова **и** [ссылка](https://example.test).\n\n- а\n- б"
KEYS = {"all_deliveries": "1,1", "all_attempts": "1,1,1", "all_suppressions": ""}


@pytest.fixture(scope="module")
def app() -> Flask:
    """The application for its URL map only; no server is asked."""
    return create_app(TestingConfig(SECRET_KEY="of a test", SITE_URL="http://golub.test"))


@pytest.fixture(scope="module")
def values(service: Service) -> dict[str, Any]:
    """Where the addresses lead in the sample data, with a draft, a waiting and a rejected article, a segment, a
    picture and an import added."""
    owner = service.rows("SELECT id FROM users WHERE role = 'user' ORDER BY id LIMIT 1")[0][0]
    posts = {
        status: service.rows(
            "INSERT INTO blog_posts (author_id, title, slug, content, status, rejection_reason, view_count,"
            " submitted_at, created_at, updated_at) VALUES (%s, %s, %s, %s, %s, %s, 0, now(), now(), now())"
            " RETURNING id",
            owner, f"Статья {status}", f"a-{status}", TEXT, status, "Мало примеров." if status == "rejected" else "",
        )[0][0]
        for status in ("draft", "awaiting", "rejected")
    }  # fmt: skip
    filter_id = service.rows(
        "INSERT INTO client_filters (owner_id, name, tree, created_at) "
        "VALUES (%s, 'Все', jsonb_build_object('v', 1, 'all', '[]'::jsonb), now()) RETURNING id",
        owner,
    )[0][0]
    service.rows(
        "INSERT INTO account_emails (template, to_email, language, context, created_at, next_try_at,"
        " try_count, sent_at) VALUES ('confirm-email', 'a@example.test', 'ru', '{}', now(), now(), 1, now())"
    )
    import_id = service.rows(
        "INSERT INTO client_imports (owner_id, file_name, stored_file, state, options, row_count, done_count,"
        " created_count, updated_count, unchanged_count, rejected_count, created_at, started_at, finished_at)"
        " VALUES (%s, 'a.csv', '', 'done', '{}', 3, 3, 2, 0, 0, 1, now(), now(), now()) RETURNING id", owner,
    )[0][0]  # fmt: skip
    drawn = BytesIO()
    Image.new("RGB", (600, 400), "teal").save(drawn, "PNG")
    FolderStore(service.var_dir / "media").put(PictureFile("a" * 32, "0" * 64, "png"), drawn.getvalue())
    picture_id = service.rows(
        "INSERT INTO pictures (owner_id, public_id, digest, extension, name, width, height, size, created_at)"
        " VALUES (%s, repeat('a', 32), repeat('0', 64), 'png', 'Хлеб', 600, 400, 1000, now()) RETURNING id", owner,
    )[0][0]  # fmt: skip
    form_id, form_token = service.rows(
        "INSERT INTO sign_up_forms (owner_id, name, title, intro, after_text, language, asked, mail_subject, mail_text)"
        " VALUES (%s, 'Сайт', 'Новости', 'Раз в неделю.', '', 'ru', ARRAY['first_name'], 'x', '{{ link }}')"
        " RETURNING id, token", owner,
    )[0]  # fmt: skip
    text_id = service.rows(
        "INSERT INTO consent_texts (owner_id, form_id, kind, wording) VALUES (%s, %s, 'mail', 'Согласен.')"
        " RETURNING id", owner, form_id,
    )[0][0]  # fmt: skip
    service.rows(
        "INSERT INTO sign_ups (owner_id, form_id, email, email_key, answers, consent_ids, page, ip, user_agent,"
        " asked_at, expires_at, confirmed_at, confirmed_ip, client_id)"
        " VALUES (%s, %s, 'a@example.test', 'a@example.test', '{}',"
        " ARRAY[%s], '', '::1', 'Firefox', now(), now(), now(), '::1', 1)", owner, form_id, text_id,
    )  # fmt: skip
    topic_id = service.rows(
        "INSERT INTO topics (owner_id, tag, label, hint) VALUES (%s, 'a', 'Новости', 'Раз в неделю.') RETURNING id",
        owner,
    )[0][0]
    found = [
        {"check": "dkim", "name": "golub-1._domainkey.shop.example", "verdict": "missing", "records": [],
         "problems": [], "lookups": 0},
        {"check": "spf", "name": "shop.example", "verdict": "wrong", "records": ["v=spf1 +all"],
         "problems": [["everybody", ""]], "lookups": 2},
        {"check": "mx", "name": "shop.example", "verdict": "unknown", "records": [], "problems": [], "lookups": 0},
    ]  # fmt: skip
    warm_up_id = service.rows(
        "WITH one AS (INSERT INTO warm_ups (domain, start_count, growth_percent, target_count, started_at)"
        " VALUES ('shop.example', 200, 50, 50000, now()) RETURNING id)"
        " INSERT INTO warm_up_days (warm_up_id, name, day, ceiling, step, used_count)"
        " SELECT id, 'gmail', current_date - n, 300 - 100 * n, CASE n WHEN 0 THEN 'grown' ELSE 'start' END, 180"
        " FROM one CROSS JOIN generate_series(0, 1) n RETURNING warm_up_id"
    )[0][0]
    domain_id = service.rows(
        "INSERT INTO sending_domains"
        " (owner_id, name, created_at, wants_key, look_due_at, looked_at, findings, proven_at)"
        " VALUES (%s, 'shop.example', now(), false, now() + interval '9 days', now(), %s, now()) RETURNING id",
        owner, json.dumps(found),
    )[0][0]  # fmt: skip
    service.rows(
        "INSERT INTO domain_keys (domain_id, selector, record, sealed, made_at, signs_since)"
        " VALUES (%s, 'golub-1', 'v=DKIM1; k=rsa; p=' || repeat('MIIB', 98), '', now(), now()) RETURNING id", domain_id,
    )  # fmt: skip
    run, mailing = service.rows("SELECT id, mailing_id FROM runs ORDER BY id LIMIT 1")[0]
    approval_id = service.rows(
        "INSERT INTO approvals (owner_id, mailing_id, fingerprint, recipient_count, state, asked_at)"
        " VALUES (%s, %s, 'f', 200, 'asked', now()) RETURNING id", owner, mailing,
    )[0][0]  # fmt: skip
    series_id = add_series(service, owner, mailing)
    draft_id = service.rows(
        "INSERT INTO drafts (owner_id, key, endpoint, path, title, fields, is_asked_for, saved_at)"
        """ VALUES (%s, 'k', 'nothing', '/', 'x', '[["text", "Kept"]]', false, now()) RETURNING id""", owner,
    )[0][0]  # fmt: skip
    return {
        "series_id": series_id,
        "user_id": owner, "approval_id": approval_id, "draft_id": draft_id, "link_code": "0" * 8,
        "post_id": posts["awaiting"], "rejected": posts["rejected"], "segment_id": filter_id, "client_id": 1,
        "field_id": service.rows("SELECT id FROM client_fields LIMIT 1")[0][0], "picture_id": picture_id,
        "letter_id": add_letter(service, owner), "block_id": "b1",
        "message_id": 1, "mailing_id": mailing, "run_id": run, "position": 1, "import_id": import_id,
        "slug": service.rows("SELECT slug FROM blog_posts WHERE status = 'published' LIMIT 1")[0][0],
        "topic_id": topic_id, "domain_id": domain_id, "warm_up_id": warm_up_id,
        "form_id": form_id, "form_token": form_token, "text_id": text_id,
        "token": service.rows("SELECT token FROM clients LIMIT 1")[0][0], "name": "results",
    }  # fmt: skip


def add_letter(service: Service, owner: int) -> int:
    """A message of blocks, with its desk."""
    document = json.dumps(to_json(starter("personal", "ru")))
    return int(service.rows(
        "WITH one AS (INSERT INTO messages (owner_id, subject, text_body, html_body, kind, document, version,"
        " created_at, updated_at) VALUES (%s, 'Из блоков', 'x', '', 'blocks', %s, 1, now(), now())"
        " RETURNING owner_id, id, document),"
        " desk AS (INSERT INTO letter_desks (owner_id, message_id) SELECT owner_id, id FROM one)"
        " INSERT INTO letter_versions (owner_id, message_id, number, document, touched, saved_at)"
        " SELECT owner_id, id, 1, document, '', now() FROM one RETURNING message_id", owner, document,
    )[0][0])  # fmt: skip


def add_series(service: Service, owner: int, mailing: int) -> int:
    """A draft of a series with one step, in which somebody waits."""
    series_id = service.rows(
        "INSERT INTO series (owner_id, name, state, timezone, entry, created_at)"
        " VALUES (%s, 'Добро пожаловать', 'draft', 'Europe/Moscow', 'hand', now()) RETURNING id", owner,
    )[0][0]  # fmt: skip
    step_id = service.rows(
        "INSERT INTO series_steps (owner_id, series_id, mailing_id, position, delay_kind, delay_count, at_time)"
        " VALUES (%s, %s, %s, 1, 'days', 2, '10:00') RETURNING id", owner, series_id, mailing,
    )[0][0]  # fmt: skip
    service.rows(
        "INSERT INTO enrolments (owner_id, series_id, client_id, step_id, due_at, entered_by)"
        " VALUES (%s, %s, (SELECT min(id) FROM clients WHERE owner_id = %s), %s, now() + interval '1 day', 'hand')"
        " RETURNING id", owner, series_id, owner, step_id,
    )  # fmt: skip
    return int(series_id)


def addresses(app: Flask, values: dict[str, Any], person: str) -> list[str]:
    """Every page of the role × action table that this person may open."""
    found = list(ALSO.get(person, ()))
    for endpoint, methods in TABLE.items():
        cell = methods.get("GET", "").split()
        if not cell or cell[PEOPLE.index(person)] != "+" or NO_PAGES.search(endpoint):
            continue
        rule = next(rule for rule in app.url_map.iter_rules(endpoint) if "GET" in (rule.methods or ()))
        given = values | ({"message_id": values["letter_id"]} if "letter" in endpoint else {})
        with app.test_request_context():
            address = app.url_for(endpoint, **{name: given[name] for name in rule.arguments})
        if endpoint.endswith((".details_view", ".edit_view")) or endpoint == "posts.preview":
            key = KEYS.get(endpoint.partition(".")[0], "1")
            address += f"?id={key}"
        found.append(address)
    if person == "owner":
        found += [
            f"/articles/{values['rejected']}",
            f"/articles/{values['rejected']}/edit",
            f"/drafts/{values['draft_id']}",
        ]
    return found


@pytest.fixture(scope="module")
def looker() -> Looker:
    """Remembers what was looked at."""
    return Looker()


@pytest.fixture(params=LOOKS, ids=lambda look: "-".join(map(str, look)))
def looking(request: pytest.FixtureRequest, chromium: Browser, service: Service) -> Iterator[Page]:
    """A tab in one language, theme and width; the policy lets axe in."""
    language, scheme, width = request.param
    context = chromium.new_context(
        bypass_csp=True,
        color_scheme=scheme,
        reduced_motion="reduce",  # what fades in has no contrast yet
        viewport={"width": width, "height": 800},
        locale=language,
    )
    context.set_default_timeout(60_000)
    # The tab knows it beforehand, and compiles it when it is called: sent to every page it costs more than to run it.
    context.add_init_script(script=f"if (window === top) window.loadAxe = () => {{ {AXE.read_text()} }}")
    page = context.new_page()
    speak(page, service, language)
    yield page
    service.rows("UPDATE users SET language = 'ru'")
    context.close()


def speak(page: Page, service: Service, language: str) -> None:
    """Pick the language in this browser."""
    service.rows("UPDATE users SET language = %s", language)
    page.goto(service.site)
    token = page.locator("input[name=csrf_token]").first.get_attribute("value")
    page.request.post(f"{service.site}/language", form={"csrf_token": token or "", "language": language, "next": "/"})
    page.goto(f"{service.site}/privacy")
    assert page.locator("html").get_attribute("lang") == language


@pytest.mark.parametrize("person", ["anonymous", *ROLES])
def test_every_page(
    looking: Page,
    looker: Looker,
    service: Service,
    app: Flask,
    values: dict[str, Any],
    person: str,
    request: pytest.FixtureRequest,
) -> None:
    if person in ROLES:
        log_in(looking, service, *sample_account(service, ROLES[person]))
    pages = addresses(app, values, person)
    assert len(pages) > 10
    look = str(request.node.callspec.params["looking"])
    if look != str(LOOKS[0]):  # rows of the panel's tables share one template, and so do its lists
        rows = [path for path in pages if "/admin/" in path and "/details/" in path]
        pages = [path for path in pages if path not in rows[1:]]
    problems = [
        problem
        for number, path in enumerate(pages)
        for problem in looker.problems(looking, look, person, service.site + path, is_first=not number)
    ]
    assert problems == [], "\n".join(problems)


def test_the_page_that_asks_before_a_run_in_waves_moves(looking: Page, looker: Looker, service: Service) -> None:
    """Reached by sending the form: no address of its own."""
    email, password = sample_account(service, "user")
    log_in(looking, service, email, password)
    mailing_id = service.rows(
        "INSERT INTO mailings (owner_id, message_id, name, audience, timezone, starts_local, next_run_local,"
        " next_run_at, calendar_since, in_waves, period, in_doubt_rule, created_at, updated_at, version)"
        " SELECT owner_id, message_id, 'Волны', 'everyone', 'Europe/Moscow',"
        " at, at, at AT TIME ZONE 'Europe/Moscow', now(), true, 'once', in_doubt_rule, created_at, updated_at, version"
        " FROM mailings,"
        " (SELECT date_trunc('minute', (now() + interval '3 days') AT TIME ZONE 'Europe/Moscow') AS at) AS soon"
        " WHERE owner_id = (SELECT id FROM users WHERE email = %s) LIMIT 1 RETURNING id", email,
    )[0][0]  # fmt: skip
    service.rows(
        "UPDATE clients SET timezone = 'Asia/Vladivostok' WHERE id = (SELECT min(id) FROM clients WHERE owner_id ="
        " (SELECT id FROM users WHERE email = %s))", email,
    )  # fmt: skip
    looking.goto(f"{service.site}/mailings/{mailing_id}/move")
    soon = (datetime.now(ZoneInfo("Europe/Moscow")) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M")
    looking.fill("input[name=to]", soon)
    looking.locator("form:has(input[name=to]) button.btn-primary").click()
    looking.wait_for_selector("button[name=confirmed]")
    found = look_at(looking, "move_and_send", ())
    found += [f"{one['id']}: {one['nodes'][0]['html'][:160]}" for one in looking.evaluate(RUN_AXE_ON, [])]
    service.rows("DELETE FROM mailings WHERE id = %s", mailing_id)
    assert found == []


def test_the_keyboard_is_enough_to_log_in_and_name_a_mailing(page: Page, service: Service) -> None:
    email, password = sample_account(service, "user")
    page.goto(f"{service.site}/login")
    tab_to(page, "email")
    page.keyboard.type(email)
    tab_to(page, "password")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard")
    page.goto(f"{service.site}/mailings/new")
    tab_to(page, "name")
    page.keyboard.type("Без мыши")
    tab_to(page, "message_id")
    page.keyboard.press("ArrowDown")
    assert page.input_value("[name=name]") == "Без мыши"
    assert page.input_value("select[name=message_id]")


def test_the_keyboard_is_enough_to_write_an_article_and_to_approve_it(
    chromium: Browser, page: Page, service: Service
) -> None:
    log_in(page, service, *sample_account(service, "user"))
    page.goto(f"{service.site}/articles/new")
    tab_to(page, "title")
    page.keyboard.type("Без мыши")
    tab_to(page, "content")
    page.keyboard.type("Первое ")
    page.keyboard.press("Control+b")
    page.keyboard.type("слово")
    page.locator("#preview strong", has_text="слово").wait_for()
    tab_to(page, "do")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/articles/\d+$"))
    number = page.url.rpartition("/")[2]

    context = chromium.new_context(locale="ru-RU")
    other = context.new_page()
    log_in(other, service, *sample_account(service, "manager"))
    other.goto(f"{service.site}/review/{number}")
    other.locator(".decision-yes button").focus()
    other.keyboard.press("Enter")
    other.wait_for_url("**/review")
    context.close()
    assert service.rows("SELECT status FROM blog_posts WHERE id = %s", number) == [("published",)]


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the field has the focus."""
    for _press in range(60):
        if page.evaluate("document.activeElement.name") == name:
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never reaches {name}: {json.dumps(page.url)}")


LONG = "Ш" * 150
LENGTHENED = {  # what people type, as long as it may be and without a space
    "messages": "subject = %(long)s, name = %(long)s",
    "mailings": "name = %(long)s",
    "clients": "last_name = %(long)s, comment = %(long)s, tags = ARRAY[left(%(long)s, 50)],"
    " attributes = jsonb_build_object(left(%(long)s, 50), %(long)s::text)",
    "client_filters": "name = left(%(long)s, 140) || id, tree = jsonb_build_object('v', 1, 'all', '[]'::jsonb)",
}


def test_long_words_widen_no_page_of_a_phone(page: Page, service: Service, values: dict[str, Any]) -> None:
    paths = ["/", "/clients/", "/clients/1", "/clients/1/edit", "/clients/segments/", "/clients/tags/", "/messages/",
             "/messages/1", "/messages/1/edit", "/mailings/", f"/mailings/{values['mailing_id']}"]  # fmt: skip
    kept = {table: service.rows(f"SELECT to_jsonb(t) FROM {table} t WHERE id < 10") for table in LENGTHENED}
    for table, change in LENGTHENED.items():
        service.rows(f"UPDATE {table} SET {change.replace('%(long)s', repr(LONG))} WHERE id < 10")
    try:
        log_in(page, service, *sample_account(service, "user"))
        page.set_viewport_size({"width": 360, "height": 760})
        widths = {}
        for path in paths:
            page.goto(service.site + path)
            widths[path] = page.evaluate("document.documentElement.scrollWidth")
    finally:
        for table, rows in kept.items():
            for (row,) in rows:
                columns = [part.split(" = ")[0].strip() for part in LENGTHENED[table].split(", ") if " = " in part]
                names = ", ".join(columns)
                restored = f"SELECT {names} FROM jsonb_populate_record(NULL::{table}, %s::jsonb)"
                service.rows(f"UPDATE {table} SET ({names}) = ({restored}) WHERE id = %s", json.dumps(row), row["id"])
    assert {path: width for path, width in widths.items() if width > 360} == {}
