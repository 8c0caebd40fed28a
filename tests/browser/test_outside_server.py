"""An outside mail server that refuses some people and puts others off; commands beside the running service."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.person import PASSWORD, log_in, schedule, shown_figures, speak, start_import, upload, write_message
from tests.browser.service import Service, wait_until

pytestmark = pytest.mark.browser


def enter(page: Page, service: Service, email: str) -> None:
    """An account made by `flask create-user` beside the running service, and signed in."""
    assert email in service.flask("create-user", email, "--password", PASSWORD)
    log_in(page, service.site, email)


def have_clients(page: Page, folder: Path, *emails: str) -> None:
    """Import these addresses."""
    file = folder / "clients.csv"
    file.write_text("email\n" + "\n".join(emails) + "\n")
    upload(page, file)
    assert start_import(page)["Created"] == len(emails)


def test_refusals_and_delays_are_shown_with_the_servers_words(page: Page, outside: Service, tmp_path: Path) -> None:
    enter(page, outside, "lab@golub.test")
    have_clients(page, tmp_path, "a@example.test", "nobody@example.test", "later@example.test")
    write_message(page, "Новости", "<p>Новости</p>")
    schedule(page, "Трудный сервер")

    live = page.locator("#mailing-live")
    expect(live).to_contain_text("The server asked those who wait to come back later")
    expect(live.locator("[data-figure=refused]")).to_have_text("1")
    expect(live.locator("[data-figure=waiting]")).to_have_text("1")
    figures = shown_figures(page)
    assert figures.pop("planned") == sum(figures.values()) == 3

    live.locator("[data-figure=refused]").click()
    people = page.locator("#people tbody tr")
    expect(people).to_have_count(1)
    expect(people).to_contain_text("nobody@example.test")
    expect(people.locator(".reply")).to_have_text("550 5.1.1 No such user")

    page.get_by_label("State").select_option("waiting")
    expect(people).to_contain_text("later@example.test")
    expect(people).to_have_count(1)
    expect(people.locator(".reply")).to_have_text("451 4.7.1 Greylisted, come back later")
    expect(people).to_contain_text("next try: in")  # as the browser counts the time

    people.get_by_role("link").click()
    expect(page.locator(".timeline")).to_contain_text("not successful: try again later")
    expect(page.get_by_text("Next try")).to_be_visible()
    assert [mail.recipient for mail in outside.accepted() if mail.recipient == "a@example.test"] == ["a@example.test"]


def test_mails_about_accounts_leave_by_the_same_server(page: Page, outside: Service) -> None:
    page.goto(outside.site)
    speak(page, "English")
    page.get_by_role("banner").get_by_role("link", name="Register").click()
    page.get_by_label("E-mail").fill("posted@golub.test")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("I agree").check()
    page.get_by_role("main").get_by_role("button", name="Register").click()
    expect(page.get_by_role("main")).to_contain_text("posted@golub.test")
    expect(page.get_by_role("link", name="Open the mail catcher")).to_have_count(0)  # there is none
    wait_until(lambda: "posted@golub.test" in {mail.recipient for mail in outside.accepted()})


def test_a_mailing_sent_by_the_command_beside_the_workers(page: Page, outside: Service, tmp_path: Path) -> None:
    enter(page, outside, "shell@golub.test")
    have_clients(page, tmp_path, "shell@example.test")
    write_message(page, "Из строки", "<p>Новости</p>")
    schedule(page, "Из командной строки", f"{datetime.now().year + 1}-05-31T09:00")
    mailing = re.search(r"/mailings/(\d+)", page.url)
    assert mailing
    said = outside.flask("send-mailings", "--mailing", mailing[1])
    assert "complete; planned 1 = accepted 1" in said
    page.reload()
    assert shown_figures(page)["accepted"] == 1
