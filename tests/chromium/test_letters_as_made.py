"""A designer's letter arrives as it was made: the same pixels, on a wide screen and on a telephone."""

from __future__ import annotations

import re
from functools import reduce
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, Route

from mailer.composing.email import compile_email
from mailer.extensions import db
from mailer.models.client_field import ClientField
from mailer.models.message import Message
from mailer.models.user import User
from mailer.sending.contents import content_of as sent_of
from tests.composing.emails import DATE, HEADERS, LINK, content_of, received, recipient
from tests.conftest import Browser as Visitor
from tests.factories import save

pytestmark = pytest.mark.browser
TESTS = Path(__file__).parents[1]
# One for each way in which such letters are built; whoever meets another way adds a document.
DOCUMENTS = [TESTS / "composing" / "newsletter.html", *sorted((Path(__file__).parent / "designers").glob("*.html"))]
FONT = TESTS.parent / "node_modules" / "bootstrap-icons" / "font" / "fonts" / "bootstrap-icons.woff2"
FOR_OUTLOOK = re.compile(r"<!--\s*\[if.*?endif\]\s*-->", re.DOTALL)
WAYS = (680, "light"), (375, "light"), (680, "dark")
HEIGHT = 900
WAY_OUT = "<a href='{{ unsubscribe_url }}'>x</a>"


def answer(route: Route) -> None:
    """Every picture is the same two colours; the font's letters are anything but those of the fallback."""
    if route.request.resource_type == "image":
        picture, out = Image.new("RGB", (300, 120), "#cc3333"), BytesIO()
        picture.paste("#3366cc", (150, 0, 300, 120))
        picture.save(out, "PNG")
        route.fulfill(body=out.getvalue(), content_type="image/png")
    elif route.request.resource_type == "font":
        route.fulfill(path=FONT, headers={"Access-Control-Allow-Origin": "*"})
    else:
        route.abort()


def arrived(visitor: Visitor, source: str) -> str:
    """What a reader gets of HTML that was pasted into the form of a message."""
    form = {"subject": "Новости", "html_body": source, "text_body": ""}
    saved = visitor.post("/messages/new", data=form)
    assert saved.status_code == 303, saved.text
    message = db.session.get_one(Message, int(saved.location.rpartition("/")[2]))
    built = compile_email(sent_of(message), HEADERS, DATE).build(recipient(first_name="друг", город="x"))
    return content_of(received(built), "html")


def drawn(page: Page, html: str) -> Image.Image:
    page.set_content(html)
    page.evaluate("document.fonts.ready")
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def test_original_and_what_arrived_show_the_same_pixels(chromium: Browser, as_owner: Visitor, owner: User) -> None:
    assert len(DOCUMENTS) >= 12
    save(ClientField(owner_id=owner.id, key="город", label="Город"))
    typed = {path.stem: path.read_text().replace("</body>", f"{WAY_OUT}</body>") for path in DOCUMENTS}
    got = {name: arrived(as_owner, html) for name, html in typed.items()}
    values = {'{{ имя | "друг" }}': "друг", "{{ unsubscribe_url }}": LINK, "{{ город }}": "x"}
    made = {name: reduce(lambda html, pair: html.replace(*pair), values.items(), html) for name, html in typed.items()}
    for name, html in made.items():
        assert FOR_OUTLOOK.findall(got[name]) == FOR_OUTLOOK.findall(html), name
    for width, scheme in WAYS:
        page = chromium.new_page(viewport={"width": width, "height": HEIGHT}, color_scheme=scheme)  # type: ignore[arg-type]
        page.route("**/*", answer)
        for name, html in made.items():
            if scheme == "dark" and "prefers-color-scheme" not in html:
                continue
            before, after = drawn(page, html), drawn(page, got[name])
            assert len(before.getcolors(1_000_000) or []) > 10, name  # something is there to be compared
            difference = ImageChops.difference(before, after).convert("L").point(lambda level: 255 * (level > 8))
            assert difference.histogram()[255] < 0.005 * width * HEIGHT, (name, width, scheme)
        page.close()
