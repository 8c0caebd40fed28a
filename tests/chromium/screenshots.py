"""Pictures for the README, taken from a fresh service: `.venv/bin/python -m tests.chromium.screenshots`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.chromium.conftest import (
    ARGUMENTS,
    CHROMIUM,
    Service,
    log_in,
    running_outside_server,
    running_service,
    sample_account,
)
from tests.conftest import ROOT
from tests.waiting import wait_until

FOLDER = ROOT / "docs" / "screenshots"
RULES = "RCPT -> delay 0.12; 250 2.1.5 Ok\nRCPT *1@* -> 550 5.1.1 No such user here\n"


def take(page: Page, name: str) -> None:
    """One picture of what the window shows, with few colours so that it stays small."""
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    Image.open(path).convert("RGB").quantize(256).save(path, optimize=True)


def tour(page: Page, service: Service) -> None:
    """The home page, the dashboard, a run on its way, its people, a phone."""
    page.goto(service.site)
    take(page, "home")
    log_in(page, service, *sample_account(service, "user"))
    take(page, "dashboard")
    page.goto(f"{service.site}/mailings/1/send-now")
    page.locator("main form[action$='/send-now'] button, main form[method=post] button").last.click()
    page.wait_for_url(re.compile(r"/mailings/1(/runs/\d+)?$"))
    going = "SELECT accepted_count FROM runs WHERE closed_at IS NULL AND waiting_count BETWEEN 20 AND 120"
    wait_until(lambda: service.rows(going))
    page.goto(f"{service.site}/mailings/1")
    page.wait_for_timeout(1500)
    take(page, "mailing")
    wait_until(lambda: not service.rows("SELECT 1 FROM runs WHERE closed_at IS NULL"))
    page.goto(f"{service.site}/mailings/1/runs/1")
    take(page, "run")


def main() -> None:
    """All pictures, in Russian."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp())
    with (
        running_outside_server(folder, RULES) as (port, _ledger, _rules),
        running_service(
            folder / "var", MAIL_SERVER="127.0.0.1", MAIL_PORT=str(port), MAILINGS_CONNECTIONS="1"
        ) as service,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        page = browser.new_page(locale="ru-RU", viewport={"width": 1280, "height": 860})
        tour(page, service)
        page.set_viewport_size({"width": 360, "height": 760})
        page.goto(f"{service.site}/mailings/2")
        take(page, "phone")
        browser.close()


if __name__ == "__main__":
    main()
