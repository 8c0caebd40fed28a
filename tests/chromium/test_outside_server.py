"""An outside mail server that refuses and defers, workers that are killed, a queue that is emptied."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from redis import Redis

from tests.chromium.conftest import Service, import_clients, log_in, schedule, write_message
from tests.waiting import wait_until

pytestmark = pytest.mark.browser
PAST = "2026-01-01T09:00"  # begun long ago: sent at once


def owner_of(page: Page, service: Service, email: str) -> None:
    """An account made beside the running service, and signed in."""
    said = service.flask("create-user", email, "--role", "user", "--password", "three words and a dove")
    assert email in said
    log_in(page, service, email, "three words and a dove")


def clients(folder: Path, *emails: str) -> Path:
    """A file with these addresses."""
    file = folder / "clients.csv"
    file.write_text("email\n" + "\n".join(emails) + "\n")
    return file


def test_refusals_and_delays_are_shown_with_the_servers_words(page: Page, outside: Service, tmp_path: Path) -> None:
    owner_of(page, outside, "lab@golub.test")
    import_clients(page, outside, clients(tmp_path, "a@example.test", "nobody@example.test", "later@example.test"))
    write_message(page, outside, "Новости", "<p>Новости</p>")
    schedule(page, outside, "Трудный сервер", PAST)
    figures = "planned_count, accepted_count, refused_count, waiting_count, failed_attempt_count"
    query = f"SELECT {figures} FROM runs WHERE owner_id = (SELECT id FROM users WHERE email = 'lab@golub.test')"
    wait_until(lambda: outside.rows(query) == [(3, 1, 1, 1, 2)], told=lambda: outside.rows(query))
    expect(page.locator("#mailing-live")).to_contain_text("отклонено")
    ((mailing, run),) = outside.rows(
        "SELECT mailing_id, r.id FROM runs r JOIN users u ON u.id = r.owner_id WHERE u.email = 'lab@golub.test'"
    )
    address = f"{outside.site}/mailings/{mailing}/runs/{run}"
    page.goto(f"{address}?outcome=refused")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody .reply")).to_have_text(re.compile(r"550 5\.1\.1 No such user"))
    page.goto(f"{address}?outcome=waiting")
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody")).to_contain_text("451 4.7.1 Greylisted, come back later")


def test_kill_9_amid_twenty_thousand_loses_nobody(page: Page, outside: Service, tmp_path: Path) -> None:
    count = 20_000
    owner_of(page, outside, "many@golub.test")
    import_clients(page, outside, clients(tmp_path, *(f"many{number}@example.test" for number in range(count))))
    write_message(page, outside, "Многим", "<p>Новости</p>")
    schedule(page, outside, "Двадцать тысяч", PAST)

    def run() -> dict[str, int]:
        names = "id, planned_count, accepted_count, uncertain_count, waiting_count"
        (row,) = outside.rows(
            f"SELECT {names} FROM runs WHERE owner_id = (SELECT id FROM users WHERE email = 'many@golub.test')"
        )
        return dict(zip(names.split(", "), row, strict=True))

    for share in (0.1, 0.4):
        wait_until(lambda least=count * share: run()["accepted_count"] > least)  # type: ignore[misc]
        wait_until(lambda: sum(map(kill, senders(outside, run()["id"]))))
    Redis.from_url(read_redis_url(outside)).flushdb()
    wait_until(lambda: run()["waiting_count"] == 0)

    ended = run()
    assert ended["accepted_count"] + ended["uncertain_count"] == count == ended["planned_count"]
    copies = Counter(mail.recipient for mail in outside.accepted() if mail.recipient.startswith("many"))
    states = dict(outside.rows("SELECT email, state FROM deliveries WHERE run_id = %s", ended["id"]))
    assert all(copies[email] == 1 for email, state in states.items() if state == "accepted")
    assert max(copies.values()) == 1
    doubts = [email for email, state in states.items() if state == "uncertain"]
    assert len(doubts) <= 2 * 2 * 16  # at most the open transactions: two kills of two workers with 16 connections
    page.reload()
    expect(page.locator("#mailing-live")).to_contain_text("под вопросом")
    if doubts:
        page.goto(re.sub(r"/mailings/(\d+).*", rf"/mailings/\1/runs/{ended['id']}?outcome=uncertain", page.url))
        expect(page.locator("tbody tr").first).to_contain_text("@example.test")
        expect(page.locator("form[action$='/resend-uncertain']")).to_have_count(1)
        expect(page.locator("form[action$='/count-as-accepted']")).to_have_count(1)


def kill(pid: int) -> bool:
    """SIGKILL; whether there was anybody to die. Who died before holds the lease for some seconds more."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def senders(service: Service, run_id: int) -> set[int]:
    """Process ids of the workers that hold slices of the run."""
    rows = service.rows("SELECT DISTINCT leased_by FROM slices WHERE run_id = %s AND leased_until > now()", run_id)
    found = {row[0].rpartition(":") for row in rows}
    assert all(host == socket.gethostname() for host, _colon, _pid in found)
    return {int(pid) for _host, _colon, pid in found}


def read_redis_url(service: Service) -> str:
    """Where the service's queue is."""

    url: str = json.loads((service.var_dir / "running.json").read_text())["REDIS_URL"]
    return url


def test_a_mailing_sent_by_the_command_beside_the_workers(page: Page, outside: Service, tmp_path: Path) -> None:
    owner_of(page, outside, "shell@golub.test")
    import_clients(page, outside, clients(tmp_path, "shell@example.test"))
    write_message(page, outside, "Из строки", "<p>Новости</p>")
    schedule(page, outside, "Из командной строки", f"{datetime.now().year + 1}-05-31T09:00")
    mailing = re.search(r"/mailings/(\d+)", page.url)
    assert mailing
    said = outside.flask("send-mailings", "--mailing", mailing[1])
    assert "complete; planned 1 = accepted 1" in said
