"""The sale letter made of its starter by somebody in a hurry: with the keyboard only, then with a mouse.

Counted are the steps: a pointing, a press of a key or of the same key again and again, the system's dialog of files.
At 1.5 s a step, and 225 letters a minute, fewer than `MOST_STEPS` are less than five minutes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from tests.chromium.conftest import Service, log_in, sample_account
from tests.chromium.test_letter_editor import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.slow]
PICTURES = {"logo": "#204030", "wide": "#c9d8a0", "green": "#3a7a3a", "black": "#333333", "herbal": "#a06030"}
GOODS = ("Сенча", "Зелёный чай", "240 ₽", "300 ₽"), ("Ассам", "Чёрный чай", "200 ₽", "250 ₽"), (
    "Иван-чай", "Травяной чай", "160 ₽", "200 ₽",
)  # fmt: skip
OFFER = "Пришёл новый урожай, и до воскресенья три любимых сорта дешевле на 20 %. Закажите, привезём завтра."
MOST_STEPS, MOST_LETTERS = 80, 600


@dataclass
class Keys:
    """A person who has no mouse."""

    page: Page
    steps: int = 0
    letters: int = 0
    files: list[Path] = field(default_factory=list)

    def press(self, key: str) -> None:
        self.steps += 1
        self.page.keyboard.press(key)

    def reach(self, selector: str) -> None:
        self.steps += 1
        tab_to(self.page, selector)

    def use(self, selector: str) -> None:
        self.reach(selector)
        self.press("Enter")

    def open(self, part: str) -> None:
        while self.page.locator(f'form[data-letter-part="{part}"]').count() == 0:
            before = self.page.locator("#letter-desk").get_attribute("data-part")
            self.press("Control+Enter")
            expect(self.page.locator("#letter-desk")).not_to_have_attribute("data-part", before or "")
        settled(self.page)

    def fill(self, selector: str, words: str) -> None:
        """Tab marks what stands in a line."""
        self.reach(selector)
        self.write(words)

    def fill_text(self, words: str) -> None:
        self.reach(".rich-text.is-ready")
        self.press("Control+a")
        self.write(words)

    def write(self, words: str) -> None:
        self.letters += len(words)
        self.page.keyboard.type(words)

    def finish(self) -> None:
        self.press("Control+s")


class Mouse(Keys):
    """A person who points."""

    def use(self, selector: str) -> None:
        self.steps += 1
        self.page.locator(selector).click()

    def open(self, part: str) -> None:
        self.use(f"#open-{part}")
        self.page.wait_for_selector(f'form[data-letter-part="{part}"]')
        settled(self.page)

    def fill(self, selector: str, words: str) -> None:
        self.steps += 1
        self.page.locator(selector).click(click_count=3)
        self.write(words)

    def fill_text(self, words: str) -> None:
        self.fill(".rich-text.is-ready p >> nth=-1", words)

    def finish(self) -> None:
        self.use("[data-save-letter]")


def settled(page: Page) -> None:
    page.wait_for_selector(".htmx-request, .htmx-swapping, .htmx-settling", state="detached")


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    for name, colour in PICTURES.items():
        Image.new("RGB", (400, 200), colour).save(tmp_path / f"{name}.png")
    return [tmp_path / f"{name}.png" for name in PICTURES]


@pytest.mark.parametrize("kind", [Keys, Mouse])
def test_the_sale_letter_takes_few_steps(
    page: Page, service: Service, files: list[Path], kind: Callable[..., Keys]
) -> None:
    log_in(page, service, *sample_account(service, "user"))
    page.goto(f"{service.site}/messages/write")
    person = kind(page, files=files)
    person.use(".start-card:nth-child(2) button")
    page.wait_for_selector("#letter-blocks")
    expect(page.locator("#f-subject")).to_be_focused()
    write(person)
    person.finish()
    page.wait_for_url(re.compile(r"/messages/\d+$"))
    assert person.steps <= MOST_STEPS and person.letters <= MOST_LETTERS, (person.steps, person.letters)
    html, text = service.rows("SELECT html_body, text_body FROM messages ORDER BY id DESC LIMIT 1")[0]
    assert "весь хлеб" not in html and "Выбрать хлеб" not in html, "the first field is typed over, not added to"
    assert "Сенча" in html and "300 ₽" in html and OFFER.partition(",")[0] in text
    page.goto(f"{page.url}/check")
    expect(page.locator("main")).not_to_contain_text("из примера")


def write(person: Keys) -> None:
    """Every word, link and picture of the example gets its own."""
    person.write("Чай со скидкой 20 % до воскресенья")
    person.fill("#f-preheader", "Три сорта дешевле, доставка даром")
    person.open("b1")
    choose(person, "picture", "logo", is_first=True)
    person.fill("#f-alt", "Чайная лавка")
    person.open("b2")
    choose(person, "picture", "wide")
    person.fill("#f-alt", "Чайник и чашки")
    person.fill("#f-link", "chai.test/sale")
    person.open("b3")
    person.write("Скидка 20 % на чай")
    person.open("b4")
    person.fill_text(OFFER)
    person.open("b5")
    person.write("Выбрать чай")
    person.fill("#f-link", "chai.test/sale")
    person.open("b7")
    for number, values in enumerate(GOODS):
        choose(person, f"items-{number}-picture", ("green", "black", "herbal")[number])
        name, alt, price, old = values
        for what, words in (("alt", alt), ("name", name), ("price", price), ("old_price", old), ("link", "chai.test")):
            person.fill(f"#f-items-{number}-{what}", words)
    person.open("b8")
    person.fill_text("Лучший зелёный чай в городе.")
    person.fill("#f-author", "Ольга")
    person.open("b9")
    for number, link in enumerate(("chai.test", "vk.com/chai", "t.me/chai")):
        person.fill(f"#f-items-{number}-link", link)
    person.fill_text("Тула, ул. Ленина, 1, ежедневно 10–20")


def choose(person: Keys, name: str, picture: str, *, is_first: bool = False) -> None:
    """From the library; the first time all files are brought there at once."""
    person.use(f"[data-picture-for='f-{name}']")
    if is_first:
        person.page.wait_for_selector("#picture-dialog[open]")
        with person.page.expect_file_chooser() as chooser:
            person.use("#picture-files")
        person.steps += 2  # there
        chooser.value.set_files(person.files)
    wanted = f"#picture-dialog [data-picture*='\"{picture}']"
    person.page.wait_for_selector(wanted)
    if not isinstance(person, Mouse):
        person.page.wait_for_function("() => document.activeElement.matches('[data-picture]')")
    person.use(wanted)
