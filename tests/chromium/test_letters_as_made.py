"""A designer's letter arrives as it was made: the same pixels, on a wide screen and on a telephone."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page

from mailer.composing.sieve import sieve
from tests.composing.emails import LINK, compiled, content_of, received, recipient

pytestmark = pytest.mark.browser
NEWSLETTER = Path(__file__).parents[1] / "composing" / "newsletter.html"
CARD = """<!doctype html><html><head><style>
  body { background:#f6efe4; font:16px/1.5 Arial } .card { background:linear-gradient(#fff, #eee); border-radius:12px }
  .card > * + * { margin-top:12px } @media (max-width:480px) { .half { width:100% !important } }
</style></head><body topmargin=0 text="#333333"><center><table width="600" class='card half' cellpadding="24"><tr>
<td class="half" style="display:inline-block;width:250px;background:#b5541c;color:#fff">Слева</td>
<td class="half" style="display:inline-block;width:250px;border:2px dashed rgb(0,90,200)">
  Справа <font color=teal size=5>х</font></td>
</tr></table></center></body></html>"""


def drawn(page: Page, html: str) -> Image.Image:
    page.set_content(html)
    return Image.open(BytesIO(page.screenshot())).convert("RGB")


def test_original_and_what_arrived_show_the_same_pixels(chromium: Browser) -> None:
    for source in (NEWSLETTER.read_text(), CARD):
        html = source.replace("</body>", "<a href='{{ unsubscribe_url }}'>x</a></body>")
        built = compiled(html=sieve(html).html).build(recipient(first_name="друг", город="x"))
        arrived = content_of(received(built), "html")
        for width in (680, 375):
            page = chromium.new_page(viewport={"width": width, "height": 700})
            page.route("**/*", lambda route: route.abort())
            original = html.replace('{{ имя | "друг" }}', "друг").replace("{{ unsubscribe_url }}", LINK)
            before, after = drawn(page, original), drawn(page, arrived)
            page.close()
            assert len(before.getcolors(1_000_000) or []) > 10  # something is there to be compared
            difference = ImageChops.difference(before, after).convert("L").point(lambda level: 255 * (level > 8))
            assert difference.histogram()[255] < 0.005 * width * 700
