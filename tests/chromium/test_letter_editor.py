"""The block editor as somebody uses it who knows no HTML: the sale letter, with the keyboard alone."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.chromium.conftest import Service, log_in, sample_account
from tests.chromium.looker import RUN_AXE
from tests.chromium.test_accessibility import AXE

pytestmark = pytest.mark.browser

WORD = """<html><head><style>p{color:red}</style></head><body><!--StartFragment-->
<p class="MsoNormal" style="mso-x:1;color:red" onclick="x()">Из Word:
<span style="font-weight:700">жирно</span><o:p></o:p></p>
<table><tr><td style="x:y">клетка</td></tr></table><img src="x" onerror="alert(1)"><!--EndFragment--></body></html>"""
PASTE = """(html) => {
  const clipboard = new DataTransfer();
  clipboard.setData('text/html', html);
  document.activeElement.dispatchEvent(
    new ClipboardEvent('paste', {clipboardData: clipboard, bubbles: true, cancelable: true}));
}"""


def tab_to(page: Page, selector: str, *, back: bool = False) -> None:
    """Press Tab until the focus is there."""
    for _each in range(80):
        if page.evaluate("(wanted) => document.activeElement?.matches(wanted)", selector):
            return
        page.keyboard.press("Shift+Tab" if back else "Tab")
    raise AssertionError(f"no way by keyboard to {selector}")


def open_part(page: Page, part: str) -> None:
    """Open a part of the letter by its link."""
    page.locator(f"#open-{part}").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(f'form[data-letter-part="{part}"]')


def retype(page: Page, selector: str, words: str) -> None:
    """Put other words into a field."""
    page.locator(selector).focus()
    page.keyboard.press("Control+a")
    page.keyboard.type(words)


def kept(page: Page) -> None:
    """Wait until the page says that what was typed is kept."""
    expect(page.locator("[data-letter-state]")).to_contain_text("Сохранено в")


def test_the_sale_letter_is_made_with_the_keyboard_and_nothing_breaks_the_policy(page: Page, service: Service) -> None:
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective))"
    )
    page.add_init_script(script=f"if (window === top) window.loadAxe = () => {{ {AXE.read_text()} }}")
    log_in(page, service, *sample_account(service, "user"))
    page.goto(f"{service.site}/messages/write")
    start = page.locator(".start-card button").nth(1)
    start.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#letter-blocks")

    retype(page, "#f-subject", "Скидки недели")
    kept(page)
    open_part(page, "b3")
    retype(page, "#f-text", "Минус двадцать на всё")
    open_part(page, "b4")  # at once: what was typed is kept before the page moves on
    expect(page.locator('[data-words="b3"]')).to_have_text("Минус двадцать на всё")

    write_text(page)
    order(page)
    look(page)
    audit(page)
    whom(page)
    page.locator("[data-save-letter]").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/messages/\d+$"))
    html, text = service.rows("SELECT html_body, text_body FROM messages ORDER BY id DESC LIMIT 1")[0]
    assert "МИНУС ДВАДЦАТЬ НА ВСЁ" in text
    assert '{{ имя | "друг" }}' in text
    assert "Из Word" in html
    assert "MsoNormal" not in html
    conditions = service.rows("SELECT conditions FROM messages ORDER BY id DESC LIMIT 1")[0][0]
    assert conditions == {"if:b6": {"v": 1, "all": [{"field": "first_name", "op": "starts", "value": "А"}]}}
    signed_out(page, service)


def signed_out(page: Page, service: Service) -> None:
    """The session ends while somebody types: the words are shown after signing in, not lost in a retry."""
    page.goto(page.url + "/letter?part=b3")
    page.context.clear_cookies()
    retype(page, "#f-text", "Набрано после выхода")
    page.wait_for_url(re.compile(r"/login\?next=/drafts/"))
    email, password = sample_account(service, "user")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_contain_text("Что вы набрали")
    assert "Набрано после выхода" in page.content()


def write_text(page: Page) -> None:
    """Formatted text: typed, made bold, with a placeholder, and pasted from Word."""
    box = page.locator(".rich-text.is-ready")
    box.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Здравствуйте, ")
    tab_to(page, '[data-do="bold"]', back=True)
    for _each in range(7):
        page.keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.do") == "place"
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")  # the name, after the address
    page.keyboard.press("Tab")
    page.keyboard.type("друг")
    page.keyboard.press("Enter")
    page.keyboard.type("!")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+b")
    page.keyboard.type("Хлеб дешевле")
    page.evaluate(PASTE, WORD)
    expect(box).to_contain_text('Здравствуйте, {{ имя | "друг" }}!')
    expect(box).to_contain_text("клетка")
    assert box.locator("[style], [onclick], img, table, .MsoNormal").count() == 0
    assert box.locator("b", has_text="Хлеб дешевле").count() == 1
    kept(page)
    expect(page.frame_locator("[data-letter-frame]").locator("body")).to_contain_text("Хлеб дешевле")


def order(page: Page) -> None:
    """A block goes up, its button keeps the focus, and it is said; deleting has a way back."""
    page.locator("#up-b4").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".letter-block").nth(2)).to_have_attribute("data-block", "b4")
    expect(page.locator("#up-b4")).to_be_focused()
    expect(page.locator("#announcer")).to_contain_text("место 3 из 10")
    page.locator("#delete-b8").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#block-b8")).to_have_count(0)
    page.locator("#undo").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#block-b8")).to_have_count(1)


def look(page: Page) -> None:
    """The preview as on a phone, and in the dark."""
    page.locator('[data-preview-width="narrow"]').focus()
    page.keyboard.press("Enter")
    page.locator("[data-preview-dark]").focus()
    page.keyboard.press("Enter")
    frame = page.frame_locator("[data-letter-frame]")
    expect(frame.locator(".l-page").first).to_have_css("background-color", "rgb(20, 22, 27)")
    assert page.evaluate("document.querySelector('[data-letter-frame]').clientWidth") == 375


def whom(page: Page) -> None:
    """Conditions of a block's own, built above the letter: how many people meet them is seen at once; Escape keeps
    what was."""
    open_part(page, "b6")
    page.locator("summary", has_text="Кому показывать").focus()
    page.keyboard.press("Enter")
    tab_to(page, "#people-of-block")
    page.keyboard.press("Enter")
    expect(page.locator("#c-join")).to_be_focused()
    for name, choice in (("what", "first_name"), ("op", "starts")):
        page.locator(f"[id='c.0-{name}']").select_option(choice)
        expect(page.locator(".htmx-request, .htmx-swapping, .htmx-settling")).to_have_count(0)
    value = page.locator("[id='c.0-value']")
    value.fill("А")
    expect(page.locator("#segment-found [data-found]")).to_be_visible()
    audit(page)
    value.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#people-of-block")).to_be_focused()
    expect(page.locator("#block-b6 .letter-audience")).to_contain_text("Имя начинается с «А»")
    page.keyboard.press("Enter")
    expect(page.locator("[id='c.0-value']")).to_have_value("А")
    page.locator("[id='c.0-value']").fill("Б")
    page.keyboard.press("Escape")
    expect(page.locator("#people-of-block")).to_be_focused()
    expect(page.locator("#people-here")).to_be_empty()


def audit(page: Page) -> None:
    """Axe finds nothing, here and on a phone; nothing scrolls sideways."""
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 900})
        found = page.evaluate(RUN_AXE)
        assert [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in found] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_the_page_of_the_theme_breaks_nothing(page: Page, service: Service) -> None:
    log_in(page, service, *sample_account(service, "user"))
    page.goto(f"{service.site}/messages/theme")  # it shares the editor's script, and has no letter
    expect(page.locator("[data-colour-of]").first).to_be_visible()
    page.wait_for_load_state("networkidle")
