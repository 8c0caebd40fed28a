"""Pictures for the README, taken from a fresh service: `.venv/bin/python -m tests.browser.screenshots`."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import ARGUMENTS, CHROMIUM
from tests.browser.person import log_in, speak, start_import, upload
from tests.browser.service import Service, running_outside_server, running_service, wait_until
from tests.conftest import ROOT

FOLDER = ROOT / "docs" / "screenshots"
RULES = "RCPT *1@* -> delay 0.1; 550 5.1.1 No such user here\nRCPT -> delay 0.1; 250 2.1.5 Ok\n"
CLIENTS = """\
email,first name,last name,city
maria@example.test,Maria,Kern,Lyon
oleg@example.test,Oleg,Sizov,Tver
no-at-sign.example.test,Jan,Novak,Brno
maria@example.test,Maria,Kern,Lyon
lea@example.test,Léa,Morel,Lille
ann@@example.test,Ann,Bell,York
"""


def take(page: Page, name: str) -> None:
    """One picture of what the window shows, as small as it gets."""
    path = FOLDER / f"{name}.png"
    page.evaluate("document.fonts.ready")
    page.screenshot(path=path)
    Image.open(path).convert("RGB").save(path, optimize=True)


def tour_in_russian(page: Page, service: Service) -> None:
    """The home page, the dashboard, a run on its way, its people."""
    page.goto(service.site)
    take(page, "home")
    log_in(page, service.site, *service.account("user"))
    speak(page, "Русский")
    take(page, "dashboard")
    page.goto(f"{service.site}/mailings/1/send-now")
    page.locator("main form[method=post] button").last.click()
    page.wait_for_url(re.compile(r"/mailings/1(/runs/\d+)?$"))
    page.goto(f"{service.site}/mailings/1")
    wait_until(lambda: service.rows("SELECT 1 FROM runs WHERE closed_at IS NULL AND waiting_count BETWEEN 20 AND 120"))
    page.wait_for_function("document.querySelector('[data-figure=accepted]').textContent !== '0'")
    take(page, "mailing")
    wait_until(lambda: not service.rows("SELECT 1 FROM runs WHERE closed_at IS NULL"), 120)
    page.goto(f"{service.site}/mailings/1/runs/1")
    take(page, "run")


def tour_in_english(page: Page, service: Service, folder: Path) -> None:
    """What an import left out and why, and a mailing on a phone."""
    speak(page, "English")
    file = folder / "guests.csv"
    file.write_text(CLIENTS)
    upload(page, file)
    start_import(page)
    take(page, "import")
    page.set_viewport_size({"width": 360, "height": 760})
    page.goto(f"{service.site}/mailings/1")
    take(page, "phone")


def main() -> None:
    """All pictures."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        folder = Path(name)
        with (
            running_outside_server(folder, RULES) as (port, _ledger),
            running_service(
                folder / "var", MAIL_SERVER="127.0.0.1", MAIL_PORT=str(port), MAILINGS_CONNECTIONS="1"
            ) as service,
        ):
            browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
            page = browser.new_page(
                locale="ru-RU",
                timezone_id="Europe/Moscow",
                reduced_motion="reduce",
                viewport={"width": 1280, "height": 860},
            )
            tour_in_russian(page, service)
            tour_in_english(page, service, folder)
            browser.close()


if __name__ == "__main__":
    main()
