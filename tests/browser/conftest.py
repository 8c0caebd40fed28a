"""Chromium, and the service in front of it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.service import Service, running_outside_server, running_service

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
# The texts for "many" rest a moment between arrival and answer: a worker killed amid them leaves some in doubt. Those
# for "slow" make a run outlast the turns that workers take at it.
RULES = """\
RCPT nobody* -> 550 5.1.1 No such user
RCPT later* -> 451 4.7.1 Greylisted, come back later
DOT many* -> accept; delay 0.01; 250 2.0.0 Ok
DOT slow* -> accept; delay 0.15; 250 2.0.0 Ok
"""
# Said of an answer 4xx, as a form with a mistake gets it, and by htmx of a request that the person left behind.
HARMLESS = re.compile(r"status of 4\d\d|^htmx:(afterRequest|sendError|sendAbort)")

expect.set_options(timeout=30_000)
Visitors = Callable[..., BrowserContext]


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """One Chromium for all browser tests."""
    if not CHROMIUM.exists():
        message = "no Chromium here: as root `apt-get install chromium` brings it, then run the tests again"
        if os.environ.get("GOLUB_REQUIRE_BROWSER"):
            pytest.fail(message)
        pytest.skip(message)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def service(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Golub with its own mail catcher and the sample data."""
    with running_service(tmp_path_factory.mktemp("service") / "var") as found:
        yield found


@pytest.fixture(scope="package")
def outside(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Golub in front of an outside mail server that plays by RULES; a dead worker's people are taken over soon."""
    folder = tmp_path_factory.mktemp("outside")
    with (
        running_outside_server(folder, RULES) as (port, ledger),
        running_service(folder / "var", MAIL_SERVER="127.0.0.1", MAIL_PORT=str(port), LEASE_SECONDS="2") as found,
    ):
        found.ledger = ledger
        yield found


@pytest.fixture
def visitors(chromium: Browser) -> Iterator[Visitors]:
    """Makes fresh visitors (arguments: of `new_context`); what the console complains of fails the test."""
    complaints: list[str] = []

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not HARMLESS.search(message.text):
            complaints.append(f"{message.location['url']}: {message.text}")

    def visitor(**options: Any) -> BrowserContext:
        context = contexts.enter_context(
            chromium.new_context(
                **{"locale": "ru-RU", "timezone_id": "Europe/Moscow", "reduced_motion": "reduce"} | options
            )
        )
        context.set_default_timeout(30_000)
        context.on("console", listen)
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        return context

    with ExitStack() as contexts:
        yield visitor
    assert complaints == []


@pytest.fixture
def page(visitors: Visitors) -> Page:
    """One tab of a fresh visitor."""
    return visitors(viewport={"width": 1280, "height": 900}).new_page()
