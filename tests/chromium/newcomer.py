"""A newcomer's first quarter of an hour, up to a mailing that goes out at the next minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Page

from tests.chromium.conftest import PASSWORD, Service, import_clients, schedule, write_message
from tests.waiting import wait_until

EMAIL = "newcomer@golub.test"
BAD_ROWS = {
    10: "not-an-address;Х;У;Тверь",
    20: "person18@example.test;Имя18;Фамилия18;Тверь",  # the row above once more
    30: "a@b@c;Х;У;Тверь",
    40: "long@example.test;" + "я" * 200 + ";Ф;Тверь",
}


@dataclass
class Newcomer:
    """The page of the mailing stays open; `start` is its moment, the rest what was seen on the way there."""

    page: Page
    start: datetime
    import_report: str
    form_with_a_misspelt_name: str
    kept_body: str


def begin(page: Page, service: Service, folder: Path) -> Newcomer:
    """Register, import, write and schedule."""
    register_and_confirm(page, service)
    import_clients(page, service, clients_file(folder))
    report = page.inner_text("main")
    page.goto(f"{service.site}/messages/new")
    page.fill("[name=html_body]", "<p>{{ фамлия }}</p>")
    page.fill("[name=subject]", "Проба")
    page.locator("main form button[type=submit]").last.click()
    page.locator("main form", has_text="фамилия").wait_for()  # the suggestion
    refused, kept = page.locator("main form").first.inner_text(), page.input_value("[name=html_body]")
    write_message(page, service, 'Привет, {{ имя | "друг" }}!', '<p>Здравствуйте, {{ имя | "друг" }} ({{ город }})</p>')
    start = next_minute()
    schedule(page, service, "Первая рассылка", (start + timedelta(hours=3)).strftime("%Y-%m-%dT%H:%M"))
    page.evaluate("window.isTheSamePage = true")
    return Newcomer(page, start, report, refused, kept)


def clients_file(folder: Path) -> Path:
    """A thousand rows, four of them bad, one without a name."""
    rows = ["email;имя;фамилия;город"]
    rows += [f"person{number}@example.test;Имя{number};Фамилия{number};Тверь" for number in range(999)]
    for row, text in BAD_ROWS.items():
        rows[row] = text
    rows.append("nameless@example.test;;;Псков")
    file = folder / "клиенты.csv"
    file.write_text("\n".join(rows), encoding="cp1251")
    return file


def register_and_confirm(page: Page, service: Service) -> None:
    """From the home page, through the link in the mail that the catcher shows."""
    page.goto(service.site)
    page.locator("a[href='/register']").first.click()
    page.fill("[name=email]", EMAIL)
    for box in page.locator("main form input[type=checkbox]").all():
        box.check()
    page.click("main form button[type=submit]")
    wait_until(lambda: service.mails(EMAIL))

    page.goto(service.mail_page)
    page.locator("tr", has_text=EMAIL).locator("a").first.click()
    link = page.locator(f"a[href^='{service.site}/confirm/']").first.get_attribute("href")
    assert link
    page.goto(link)
    assert service.rows("SELECT confirmed_at FROM users WHERE email = %s", EMAIL) == [(None,)]  # looking does nothing
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/login**")
    page.fill("[name=email]", EMAIL)
    page.fill("[name=password]", PASSWORD)
    page.click("main form button[type=submit]")
    page.wait_for_url("**/dashboard")


def next_minute() -> datetime:
    """A whole minute, at least ten seconds ahead: time enough to fill in the form."""
    return (datetime.now(UTC) + timedelta(seconds=70)).replace(second=0, microsecond=0)
