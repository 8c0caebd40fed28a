"""Links of mails that lead through the service: which, to where, and whose."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailer.composing.email import Content, compile_email
from mailer.composing.link_tokens import TOKEN_LENGTH, delivery_of, tokens_of
from mailer.composing.tracking import Tracking, links_of
from tests.composing.emails import DATE, HEADERS, content_of, received, recipient

STEM = "https://golub.example.com/l/"
SHOP, OFFER, WIKI = "https://shop.example/?a=1&b=2#top", "https://shop.example/offer", "https://ru.example/X_(Y)"
HTML = f"""<!DOCTYPE html><html><body>
<p title=' href="https://wrong.example"'><a class=x href='{SHOP.replace("&", "&amp;")}'>one</a>
{{{{ tracking_notice }}}}
<!--[if mso]><v:roundrect href="{OFFER}" arcsize="8%"></v:roundrect><![endif]-->
<a href={OFFER}>two</a> <a href="{OFFER}">three</a> <AREA HREF="{WIKI}">
<a href="https://shop.example/{{{{ first_name }}}}">mine</a> <a href="mailto:a@shop.example">m</a> <a href="#up">u</a>
<a href="tel:+7900">t</a> <a href="{{{{ unsubscribe_url }}}}">off</a> <img src="https://shop.example/a.png">
<a href="javascript:x()">j</a> <a href="https://in valid/">i</a> <a href="/relative">r</a>
</body></html>"""
TEXT = f"Shop: {SHOP}. (See {WIKI}.) Yours: https://shop.example/{{{{ first_name }}}}, off: {{{{ unsubscribe_url }}}}"


def test_only_whole_addresses_of_the_web_lead_through_the_service_and_each_link_has_its_own_number() -> None:
    links = links_of(HTML, TEXT)
    assert links == [SHOP, OFFER, OFFER, WIKI]
    headers = replace(HEADERS, tracking=Tracking(STEM, tuple(links), opens=True, notice="Counted & said"))
    compiled = compile_email(Content("{{ tracking_notice }}", TEXT, HTML), headers, DATE)
    token = tokens_of(b"key", 7)(5)
    reader = recipient(first_name="Анна")._replace(link_token=token)
    mail = received(compiled.build(reader))
    html, text = content_of(mail, "html"), content_of(mail, "plain")

    hrefs = re.findall(r"href=(\"[^\"]*\"|'[^']*'|[^\s>]+)", html.split("</p>")[0], re.IGNORECASE)[1:]
    assert [re.sub(re.escape(f"{STEM}{token}"), "L", href.strip("\"'")) for href in hrefs] == [
        *("L/1", "L/2", "L/2", "L/3", "L/4"),
        *("https://shop.example/%D0%90%D0%BD%D0%BD%D0%B0", "mailto:a@shop.example", "#up", "tel:+7900"),
        *(reader.unsubscribe_url, "javascript:x()", "https://in valid/", "/relative"),
    ]
    assert "title=' href=\"https://wrong.example\"'" in html
    assert '<img src="https://shop.example/a.png">' in html
    assert "Counted &amp; said" in html
    assert mail["Subject"] == "Counted & said"
    assert html.index(f'<img src="{STEM}{token}/0"') < html.index("</body>")
    assert text.startswith(f"Shop: {STEM}{token}/1. (See {STEM}{token}/4.) Yours: https://shop.example/%D0%90")
    assert compiled.missing(reader) == []
    slots = [slot for slot in compiled._slots if slot.placeholder.name == "/l"]
    assert len(slots) == 1, "however many links, the token is written once for each mail"


def test_a_mail_whose_links_are_not_counted_is_as_it_always_was_and_says_nothing_of_it() -> None:
    plain = compile_email(Content("S", TEXT, HTML.replace("{{ tracking_notice }}", "")), HEADERS, DATE)
    noted = compile_email(Content("S", TEXT, HTML), HEADERS, DATE)
    reader = recipient(first_name="A")
    with_token = reader._replace(link_token="x" * TOKEN_LENGTH)
    assert noted.preview(reader) == plain.preview(reader) == plain.preview(with_token)
    assert noted.missing(reader) == []
    # A run whose copy of the links knows less than its mail (links beyond the most): the others stay as they are.
    headers = replace(HEADERS, tracking=Tracking(STEM, (OFFER,)))
    some = compile_email(Content("S", "", HTML), headers, DATE).preview(with_token)
    assert f'"{STEM}{with_token.link_token}/1"' in some.html
    assert SHOP.replace("&", "&amp;") in some.html
    assert f"{STEM}{with_token.link_token}/0" not in some.html


@pytest.mark.parametrize("renderer", [1, 2])
def test_a_piece_of_html_of_any_renderer_gets_its_pixel_and_links_before_the_link_to_unsubscribe(renderer: int) -> None:
    headers = replace(HEADERS, tracking=Tracking(STEM, (OFFER,), opens=True))
    content = Content("S", "", f'<p><a href="{OFFER}">x</a> {{{{ first_name }}}}</p>', renderer)
    html = compile_email(content, headers, DATE).preview(recipient(first_name="<A>")._replace(link_token="T")).html
    assert f'<a href="{STEM}T/1">x</a> &lt;A&gt;' in html
    assert html.index("/u/") < html.index(f"{STEM}T/0") < html.index("</body>")


def test_a_token_names_its_delivery_and_no_changed_letter_of_it_does() -> None:
    token = tokens_of(b"old", 2**32 - 1)(2**31)
    assert len(token) == TOKEN_LENGTH
    assert delivery_of(b"old", token) == (2**32 - 1, 2**31)
    assert delivery_of(b"new", token) is None
    for place in range(TOKEN_LENGTH):
        letter = "A" if token[place] != "A" else "B"
        assert delivery_of(b"old", token[:place] + letter + token[place + 1 :]) is None, place
    for text in ("", "é" * 20, "=" * 20, token + "A", token[:-1], token[:-1] + "\0", token[:-1] + "%"):
        assert delivery_of(b"old", text) is None, text
