"""Workers killed and the queue emptied in the middle of twenty thousand mails."""

from __future__ import annotations

import os
import re
import signal
import socket
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from tests.browser.person import PASSWORD, log_in, schedule, shown_figures, start_import, upload, write_message
from tests.browser.service import Service, wait_until

pytestmark = pytest.mark.browser
COUNT = 20_000
OPEN_TRANSACTIONS = 2 * 16  # two workers, each with as many connections


def test_after_kill_9_nobody_is_lost_and_what_is_in_doubt_is_said(page: Page, outside: Service, tmp_path: Path) -> None:
    enter_with_clients(page, outside, tmp_path, "many", COUNT)
    schedule(page, "Двадцать тысяч")
    page.evaluate("window.isTheSamePage = true")
    run_id = begun_run(outside, "many")
    for share in (0.1, 0.4):
        wait_until(lambda least=COUNT * share: accepted_count(outside, run_id) > least, 120)  # type: ignore[misc]
        victims = senders(outside, run_id)
        assert victims
        for pid in victims:
            os.kill(pid, signal.SIGKILL)

    verdict = page.locator("#mailing-live .run-verdict")
    expect(verdict).to_contain_text(re.compile("complete"), timeout=180_000)
    assert page.evaluate("window.isTheSamePage"), "it went on without a reload"
    figures = shown_figures(page)
    doubt_count = figures["uncertain"]
    assert figures["planned"] == COUNT == figures["accepted"] + doubt_count
    assert 1 <= doubt_count <= 2 * OPEN_TRANSACTIONS

    copies = Counter(mail.recipient for mail in outside.accepted() if mail.recipient.startswith("many"))
    states = dict(outside.rows("SELECT email, state FROM deliveries WHERE run_id = %s", run_id))
    assert Counter(states.values()) == {"accepted": COUNT - doubt_count, "uncertain": doubt_count}
    assert all(copies[email] == 1 for email, state in states.items() if state == "accepted")
    assert max(copies.values()) == 1

    decide(page, doubt_count)


def decide(page: Page, doubt_count: int) -> None:
    """The page says what is in doubt and why; the owner settles it."""
    page.locator("#mailing-live [data-figure=uncertain]").click()
    expect(page.locator("#people tbody tr").first).to_contain_text("@example.test")
    callout = page.locator(".callout-doubt")
    expect(callout).to_contain_text(re.compile(rf"^\s*{doubt_count} mails? (is|are) uncertain"))
    expect(callout).to_contain_text("The connection broke after the text had been sent")
    expect(callout.get_by_role("button", name="Send once more")).to_be_visible()
    callout.get_by_role("button", name="Count as accepted").click()
    page.get_by_role("dialog").get_by_role("button", name="Count as accepted").click()
    expect(page.locator(".callout-doubt")).to_have_count(0)
    assert shown_figures(page)["accepted"] == COUNT


def test_an_emptied_queue_costs_nobody_a_mail(page: Page, outside: Service, tmp_path: Path) -> None:
    count = 1_500
    enter_with_clients(page, outside, tmp_path, "slow", count)
    schedule(page, "Без очереди")
    run_id = begun_run(outside, "slow")
    wait_until(lambda: accepted_count(outside, run_id) > 0)
    Redis.from_url(outside.redis_url).flushall()
    assert accepted_count(outside, run_id) < count
    expect(page.locator("#mailing-live .run-verdict")).to_contain_text("complete", timeout=180_000)
    figures = shown_figures(page)
    assert figures["planned"] == figures["accepted"] == count
    copies = Counter(mail.recipient for mail in outside.accepted() if mail.recipient.startswith("slow"))
    assert copies == {f"slow{number}@example.test": 1 for number in range(count)}


def enter_with_clients(page: Page, service: Service, folder: Path, name: str, count: int) -> None:
    """An owner of so many clients, and of a message to them, signed in."""
    file = folder / "clients.csv"
    file.write_text("\n".join(["email", *(f"{name}{number}@example.test" for number in range(count))]))
    service.flask("create-user", f"{name}@golub.test", "--password", PASSWORD)
    log_in(page, service.site, f"{name}@golub.test")
    upload(page, file)
    assert start_import(page)["Created"] == count
    write_message(page, "Новости", "<p>Новости</p>")


def begun_run(service: Service, name: str) -> int:
    """The run of that owner, once it is there."""
    query = "SELECT runs.id FROM runs JOIN users ON users.id = owner_id WHERE email = %s"
    wait_until(lambda: service.rows(query, f"{name}@golub.test"))
    return int(service.rows(query, f"{name}@golub.test")[0][0])


def accepted_count(service: Service, run_id: int) -> int:
    """As the run counts it."""
    return int(service.rows("SELECT accepted_count FROM runs WHERE id = %s", run_id)[0][0])


def senders(service: Service, run_id: int) -> set[int]:
    """Process ids of the workers that hold slices of the run."""
    rows = service.rows("SELECT DISTINCT leased_by FROM slices WHERE run_id = %s AND leased_until > now()", run_id)
    found = [row[0].rpartition(":") for row in rows]
    assert all(host == socket.gethostname() for host, _colon, _pid in found)
    return {int(pid) for _host, _colon, pid in found}
