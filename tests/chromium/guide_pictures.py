"""Pictures for docs/guide, of a fresh service: `.venv/bin/python -m tests.chromium.guide_pictures`."""

from __future__ import annotations

import csv
import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.chromium.conftest import (
    ARGUMENTS,
    CHROMIUM,
    PASSWORD,
    Service,
    log_in,
    running_outside_server,
    running_service,
)
from tests.conftest import ROOT
from tests.waiting import wait_until

FOLDER = ROOT / "docs" / "guide"
# Some are refused, one answer is lost, and the others take so long that the picture finds the run on its way.
RULES = """\
RCPT client-1@* -> 550 5.1.1 No such user here
RCPT client-40@* -> 550 5.1.1 No such user here
RCPT full-2@* -> 550 5.2.2 Mailbox full
DOT client-33@example.org x1 -> accept; drop
DOT client-33@example.com x1 -> accept; drop
RCPT -> delay 0.12; 250 2.1.5 Ok
"""


@dataclass(frozen=True)
class World:
    """What the pictures of one language show."""

    language: str
    locale: str
    timezone: str
    email: str
    owner: str
    first_names: Sequence[str]
    last_names: Sequence[str]
    header: Sequence[str]
    town: str
    domain: str
    tag: str
    subject: str
    html: str
    mailing: str
    consent: str
    series: str
    steps: Sequence[str]
    segment: str


RUSSIAN = World(
    "ru", "ru-RU", "Europe/Moscow", "anna@lavka.example", "Анна Смирнова",
    ("Мария", "Ольга", "Елена", "Ирина", "Наталья", "Татьяна", "Светлана", "Юлия"),
    ("Иванова", "Кузнецова", "Соколова", "Попова", "Лебедева", "Козлова", "Новикова", "Морозова"),
    ("E-mail", "Фамилия", "Имя", "Город"), "Казань", "example.org", "чай",
    'Новый чай для вас, {{ имя | "друг" }}',
    '<h2>Здравствуйте, {{ имя | "друг" }}!</h2>\n<p>Привезли свежий лунцзин и имбирь с лимоном.</p>\n'
    '<p>Ждём вас в лавке в городе {{ Город | "поблизости" }}.</p>',
    "Новости чайной лавки",
    "Согласились при покупке у нас",
    "Знакомство с лавкой", ("Добро пожаловать", "Как заваривать зелёный чай", "Скидка на первый заказ"),
    "Казань, любят чай",
)  # fmt: skip
ENGLISH = World(
    "en", "en-GB", "Europe/London", "anna@teashop.example", "Anna Smith",
    ("Mary", "Olivia", "Helen", "Irene", "Natalie", "Grace", "Lucy", "Julia"),
    ("Brown", "Taylor", "Wilson", "Evans", "Walker", "Wright", "Green", "Baker"),
    ("E-mail", "Last name", "First name", "City"), "Leeds", "example.com", "tea",
    'New tea for you, {{ first_name | "friend" }}',
    '<h2>Hello {{ first_name | "friend" }},</h2>\n<p>fresh Longjing has come in, and ginger with lemon.</p>\n'
    '<p>Come and see us in {{ City | "town" }}.</p>',
    "News from the tea shop",
    "They agreed when they bought from us",
    "Getting to know the shop", ("Welcome", "How to brew green tea", "A discount for your first order"),
    "Leeds, fond of tea",
)  # fmt: skip


@dataclass
class Camera:
    """Takes the pictures of one language."""

    page: Page
    service: Service
    world: World

    def go(self, path: str) -> None:
        """Open a page of the service."""
        self.page.goto(self.service.site + path)

    def take(self, name: str, at: str | None = None) -> None:
        """What the window shows, from the element `at` on."""
        if at:
            self.page.locator(at).first.evaluate(
                "e => window.scrollTo(0, e.getBoundingClientRect().top + scrollY - 16)"
            )
        self.page.wait_for_timeout(700)
        path = FOLDER / self.world.language / "pictures" / f"{name}.webp"
        path.parent.mkdir(parents=True, exist_ok=True)
        png = path.with_suffix(".png")
        self.page.screenshot(path=png)
        Image.open(png).convert("RGB").save(path, "WEBP", quality=72, method=6)
        png.unlink()

    def submit(self) -> None:
        """The main button of the page's form."""
        self.page.locator("main form button[type=submit]").last.click()


def sign_in(camera: Camera) -> None:
    """An account of the world's own."""
    world, service = camera.world, camera.service
    service.flask("create-user", world.email, "--password", PASSWORD)
    service.rows(
        "UPDATE users SET name = %s, language = %s, timezone = %s WHERE email = %s",
        world.owner, world.language, world.timezone, world.email,
    )  # fmt: skip
    log_in(camera.page, service, world.email, PASSWORD)


def bring_clients(camera: Camera, folder: Path) -> None:
    """A file is imported; what it will be is seen before."""
    world, page = camera.world, camera.page
    file = folder / f"clients-{world.language}.csv"
    names = list(product(world.last_names, world.first_names))
    with file.open("w", newline="", encoding="utf-8") as target:
        rows = csv.writer(target)
        rows.writerow(world.header)
        for number, (last, first) in enumerate(names, 1):
            box = "full" if number == 2 else "client"
            rows.writerow((f"{box}-{number}@{world.domain}", last, first, world.town))
    camera.go("/clients/import/")
    page.set_input_files("input[type=file]", file)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/clients/import/*")
    page.fill("[name=consent]", world.consent)
    camera.take("import")
    page.fill("[name=tags]", world.tag)
    camera.submit()
    page.locator("form[action$='/undo']").wait_for(timeout=120_000)


def write(camera: Camera) -> None:
    """A message with its preview."""
    camera.go("/messages/new")
    camera.page.fill("[name=subject]", camera.world.subject)
    camera.page.fill("[name=html_body]", camera.world.html)
    camera.page.wait_for_timeout(2500)  # the preview
    camera.take("message")
    camera.submit()
    camera.page.wait_for_url(re.compile(r"/messages/\d+$"))


def letter(camera: Camera) -> None:
    """The editor of letters, with a letter of ours."""
    page = camera.page
    camera.go("/messages/write")
    page.locator(".start-card button").nth(1).click()  # the sale
    page.wait_for_url(re.compile(r"/messages/\d+/letter$"))
    page.wait_for_timeout(2500)  # the preview
    camera.take("letter")


def segment(camera: Camera) -> None:
    """Conditions being put together."""
    page, world = camera.page, camera.world
    camera.go("/clients/segments/new")
    page.fill("[name=name]", world.segment)
    page.fill("[id='c.0-value']", world.town)
    page.locator("button[value='add:c']").first.click()
    page.locator("[id='c.1-what']").select_option("tag")
    page.locator(f"[name='c.1-values'][value='{world.tag}']").check()
    page.wait_for_timeout(1500)  # the number
    camera.take("segment")


def plan(camera: Camera) -> int:
    """A weekly mailing; its id."""
    page, world = camera.page, camera.world
    camera.go("/mailings/new")
    page.fill("[name=name]", world.mailing)
    page.locator("select[name=message_id]").select_option(index=1)
    camera.take("form")
    monday = date.today() + timedelta(days=7 - date.today().weekday())
    page.locator(".calendar-fields > summary").click()
    page.locator("select[name=period]").select_option("weekly")
    page.locator("input[type=datetime-local]").first.fill(f"{monday.isoformat()}T09:00")
    page.wait_for_timeout(1500)
    camera.take("calendar-form", at=".calendar")
    camera.submit()
    page.wait_for_url(re.compile(r"/mailings/\d+$"))
    return int(page.url.rpartition("/")[2])


def send(camera: Camera, mailing_id: int) -> int:
    """A run on its way, and at its end; its id."""
    page, rows = camera.page, camera.service.rows
    camera.go(f"/mailings/{mailing_id}/send-now")
    page.locator("main form[method=post] button").last.click()
    page.wait_for_url(re.compile(r"/mailings/\d+(/runs/\d+)?$"))
    of_run = "FROM runs WHERE mailing_id = %s"
    wait_until(lambda: rows(f"SELECT 1 {of_run} AND accepted_count > 12 AND waiting_count > 12", mailing_id))
    camera.go(f"/mailings/{mailing_id}")
    camera.take("mailing")
    state = f"SELECT state, waiting_count, uncertain_count, last_fault {of_run}"
    closed = f"SELECT 1 {of_run} AND closed_at IS NOT NULL"
    wait_until(lambda: rows(closed, mailing_id), told=lambda: rows(state, mailing_id))
    run_id = int(rows(f"SELECT id {of_run}", mailing_id)[0][0])
    camera.go(f"/mailings/{mailing_id}/runs/{run_id}")
    camera.take("run")
    return run_id


def chain(camera: Camera) -> None:
    """A series of three steps that goes, with people in it."""
    page, world, rows = camera.page, camera.world, camera.service.rows
    [(message,)] = rows(
        "SELECT max(m.id) FROM messages m JOIN users u ON u.id = m.owner_id WHERE u.email = %s", world.email
    )
    for subject in world.steps:
        camera.go(f"/messages/{message}/copy")
        page.fill("[name=name]", "")
        page.fill("[name=subject]", subject)
        camera.submit()
        page.wait_for_url(re.compile(r"/messages/\d+$"))
    camera.go("/series/new")
    page.fill("[name=name]", world.series)
    for number, (subject, days) in enumerate(zip(world.steps, (0, 2, 7), strict=True)):
        if number:
            page.locator("button[value=add]").click()
        step = f"steps-{number}"
        page.locator(f"[name={step}-message_id]").select_option(label=subject)
        if days:
            page.fill(f"[name={step}-count]", str(days))
            page.locator(f"[name={step}-kind]").select_option("days")
            page.fill(f"[name={step}-at]", "10:00")
    camera.submit()
    page.wait_for_url(re.compile(r"/series/\d+$"))
    series = page.url.rpartition("/")[2]
    camera.go(f"/series/{series}/start")
    page.locator("main form button").last.click()
    page.wait_for_url(re.compile(r"/series/\d+$"))
    camera.go(f"/series/put-in?series={series}")
    page.check("[name=whom][value=tag]")
    page.fill("[name=tag]", world.tag)
    camera.submit()
    page.locator("button[name=confirmed]").click()
    page.wait_for_url(re.compile(r"/series/\d+$"))
    closed = "SELECT 1 FROM runs JOIN series_steps USING (mailing_id) WHERE series_id = %s AND closed_at IS NOT NULL"
    wait_until(lambda: rows(closed, series))
    camera.go(f"/series/{series}")
    camera.take("series", at=".series-picture")


def tour(camera: Camera, folder: Path) -> None:
    """Everything in the order of the guide."""
    sign_in(camera)
    bring_clients(camera, folder)
    write(camera)
    mailing_id = plan(camera)
    send(camera, mailing_id)
    chain(camera)
    letter(camera)
    segment(camera)
    camera.go("/calendar")
    camera.take("calendar")
    camera.go("/profile/second-factor")
    camera.take("second-factor")
    camera.service.rows("UPDATE users SET needs_approval = true WHERE email = %s", camera.world.email)
    camera.go(f"/mailings/{mailing_id}")
    camera.take("permit")
    token = camera.service.rows(
        "SELECT token FROM clients c JOIN users u ON u.id = c.owner_id WHERE u.email = %s LIMIT 1", camera.world.email
    )
    camera.go(f"/u/{token[0][0]}")
    camera.take("unsubscribe")


def main() -> None:
    """All pictures of both languages."""
    folder = Path(tempfile.mkdtemp())
    with (
        running_outside_server(folder, RULES) as (port, _ledger, _rules),
        running_service(
            folder / "var", MAIL_SERVER="127.0.0.1", MAIL_PORT=str(port), MAILINGS_CONNECTIONS="1", LEASE_SECONDS="3"
        ) as service,
        sync_playwright() as playwright,
    ):
        for world in (RUSSIAN, ENGLISH):
            arguments = [*ARGUMENTS, f"--lang={world.locale}"]  # the fields of dates speak the browser's own language
            browser = playwright.chromium.launch(
                executable_path=str(CHROMIUM), args=arguments, env={**os.environ, "LANGUAGE": world.locale}
            )
            page = browser.new_page(
                locale=world.locale, timezone_id=world.timezone, viewport={"width": 1180, "height": 780}
            )
            tour(Camera(page, service, world), folder)
            browser.close()


if __name__ == "__main__":
    main()
