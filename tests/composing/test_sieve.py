"""A designer's HTML leaves as it was made; what is dangerous or impossible is taken out, and named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.composing.css import clean_css, clean_style
from mailer.composing.markup import attributes, tokens
from mailer.composing.placeholders import parse
from mailer.composing.sieve import COMMENT, sieve
from tests.composing.emails import compiled, content_of, received, recipient

NEWSLETTER = Path(__file__).with_name("newsletter.html").read_text()
LINK_ADDED = '<p style="font-size:12px;color:#666666"><a href="'


def test_a_newsletter_leaves_as_it_was_made() -> None:
    kept = sieve(NEWSLETTER)
    assert kept.html == NEWSLETTER
    assert kept.removed == []
    built = compiled(html=NEWSLETTER)
    sent = content_of(received(built.build(recipient(first_name="Ян", город="Тверь"))), "html")
    expected = NEWSLETTER.replace('{{ имя | "друг" }}', "Ян").replace("{{ город }}", "%D0%A2%D0%B2%D0%B5%D1%80%D1%8C")
    before, after = sent.split(LINK_ADDED)
    assert (before.rstrip("\n") + "\n" + after.split("</p>", 1)[1]) == expected
    assert sent.count("<html") == sent.count("<body") == 1 and sent.endswith("</p></body>\n</html>\n")


@pytest.mark.parametrize(
    ("html", "kept", "removed"),
    [
        ("<p>a<script>alert(1)</script></p>", "<p>a</p>", ["<script>"]),
        ("<p>a<SCRIPT src=x>", "<p>a", ["<script>"]),
        ('<p onclick="x()" class=b>a</p>', "<p class=b>a</p>", ["onclick"]),
        ("<img/onerror=alert(1) src=https://x.test/a.png>", "<img src=https://x.test/a.png>", ["onerror"]),
        ("<b a='1'onmouseover='x'>a</b>", "<b a='1'>a</b>", ["onmouseover"]),
        ('<p style="position:fixed;color:red">a</p>', '<p style="color:red">a</p>', ["style: position"]),
        ('<p style="width:expression(alert(1))">a</p>', "<p>a</p>", ["style: width: expression()"]),
        ("<p style='background:url(javascript:x)'>a</p>", "<p>a</p>", ["style: background: url(javascript:x)"]),
        ('<img src="data:image/png;base64,AA">', "<img>", ["src=data:image/png;base64,AA"]),
        ('<img src="pictures/a.png" alt="a">', '<img alt="a">', ["src=pictures/a.png"]),
        ('<td background="file:///a.png">', "<td>", ["background=file:///a.png"]),
        ('<img src="cid:logo">', '<img src="cid:logo">', []),
        ("<form action='/x'><input name=a>b</form>", "b", ["<form>", "<input>"]),
        ("<input type=checkbox id=a checked><label for=a>b", "<input type=checkbox id=a checked><label for=a>b", []),
        ("<input type=Radio onclick=x>", "<input type=Radio>", ["onclick"]),
        ("<input type=checkbox type=text form=x>a<input type=checkbox accesskey=x>", "a", ["<input>"]),
        (
            "<noscript>a</noscript><!--[if mso]><noscript><o:x/><script>1</script></noscript><![endif]-->",
            "<!--[if mso]><noscript><o:x/></noscript><![endif]-->",
            ["<noscript>", "<script>"],
        ),
        (
            "<!--[if mso]><v:rect style='position:absolute;z-index:(1)'><![endif]--><p style='position:absolute'>a",
            "<!--[if mso]><v:rect style='position:absolute;z-index:(1)'><![endif]--><p>a",
            ["style: position"],
        ),
        ("<style>@a{@gmail}@b url(//x);</style>", "<style>@a {@gmail ;}</style>", ["@b"]),
        ("<select><option>1</select>b", "b", ["<select>"]),
        ("<iframe src='https://x.test'><p>a</iframe>a", "a", ["<iframe>"]),
        ("<svg><a xlink:href='javascript:x'>a</a></svg>b<svg/>c", "bc", ["<svg>"]),
        ("<video src=a><img src='https://x.test/a.png'></video>", "<img src='https://x.test/a.png'>", ["<video>"]),
        ("<link rel=stylesheet href=https://x.test/a.css><base href=x>a", "a", ["<base>", "<link>"]),
        ("<!-- a --> b <!--> <script>x</script> -->", " b ", [COMMENT]),
        ('<meta http-equiv="refresh" content="0">', "", ['<meta http-equiv="refresh" content="0">']),
        ('<meta charset="windows-1251">', "", ['<meta charset="windows-1251">']),
        ("<style>@import url(//x);p{color:red}</style>", "<style>p{color:red}</style>", ["@import"]),
        ("<style>p{color:{{ имя }}}</style>", "<style>p{color:}</style>", ["{{ }} <style>"]),
        ("<!--[if mso]><script>x</script><b onclick=x>a</b><![endif]-->", "<!--[if mso]><b>a</b><![endif]-->", None),
        ("<?xml:namespace prefix=o /><o:p>a</o:p>", "<o:p>a</o:p>", ["<?xml:namespace prefix=o />"]),
        ("<p {{ имя }} style='color:{{ имя }}' align='{{ имя }}'>a</p>", "<p>a</p>", ["align", "style", "{{ имя }}"]),
        ("a <b unfinished", "a &lt;b unfinished", ["<"]),
        ("<a href={{ сайт }}>x</a>", '<a href="{{ сайт }}">x</a>', []),
    ],
)
def test_what_is_taken_out_is_named(html: str, kept: str, removed: list[str] | None) -> None:
    result = sieve(html)
    assert result.html == kept
    assert removed is None or result.removed == removed
    assert sieve(result.html).html == kept


@pytest.mark.parametrize(
    "address",
    [
        *("javascript:alert(1)", "java\nscript:alert(1)", " javascript:alert(1)", "&#106;avascript:alert(1)"),
        *("data:text/html,x", "/relative", "//other.test/x", "ftp://x.test", "javascript:{{ имя }}"),
        *("{{ имя }}:alert(1)", "vbscript:x", "&Tab;javascript:x"),
    ],
)
def test_a_link_leads_to_the_web_a_mailbox_or_a_telephone(address: str) -> None:
    assert sieve(f'<a href="{address}">x</a>').html == "<a>x</a>"


@pytest.mark.parametrize(
    ("typed", "means"),
    [
        ("https://a.test/?n=%7B%7Bимя%7D%7D", "https://a.test/?n={{имя}}"),
        ("https://a.test/%7b%7b%20%D0%B8%D0%BC%D1%8F%20%7d%7d/x", "https://a.test/{{ имя }}/x"),
        ("{{%20unsubscribe_url%20}}", "{{ unsubscribe_url }}"),
        ("https://a.test/%7B%7B%20%3Cscript%3E%7D%7D", "https://a.test/%7B%7B%20%3Cscript%3E%7D%7D"),
    ],
)
def test_a_placeholder_in_a_link_may_be_percent_encoded(typed: str, means: str) -> None:
    assert sieve(f'<a href="{typed}">x</a>').html == f'<a href="{means}">x</a>'


@pytest.mark.parametrize(
    ("link", "value", "leads_to"),
    [
        ("{{ x }}", "www.example.test/a", "https://www.example.test/a"),
        ("{{ x }}", "пример.рф/путь?q=1&b=2", "https://%D0%BF%D1%80%D0%B8%D0%BC%D0%B5%D1%80.%D1%80%D1%84/"
         "%D0%BF%D1%83%D1%82%D1%8C?q=1&amp;b=2"),
        ("{{ x }}", "+7 (900) 000-00-00", "tel:+79000000000"),
        ("{{ x }}", "ian@example.test", "mailto:ian@example.test"),
        ("{{ x }}", "javascript:alert(1)", "#"),
        ("{{ x }}", "нет", "#"),
        ("tel:{{ x }}", "+7 900 000-00-00", "tel:+79000000000"),
        ("https://{{ x }}", "www.example.test/a", "https://www.example.test/a"),
        ("https://{{ x }}", "https://example.test", "https://example.test"),
        ("https://a.test/?q={{ x }}", "a b&c/", "https://a.test/?q=a%20b%26c%2F"),
        ("mailto:{{ x }}", "a@b.test", "mailto:a@b.test"),
    ],
)  # fmt: skip
def test_values_in_links_become_right_links(link: str, value: str, leads_to: str) -> None:
    for html in (
        f'<a href="{link}">y</a>',
        f"<a title='<' href = '{link}'>y</a>",
        f"<!--[if mso]><v:x href='{link}'><![endif]-->",
    ):
        shown = compiled(html=html).preview(recipient(x=value)).html
        assert f"'{leads_to}'" in shown or f'"{leads_to}"' in shown


def test_a_value_stays_a_value_wherever_it_stands() -> None:
    evil = "\"'><script>alert(1)</script>-->"
    html = "<a title='{{ x }}'>{{ x }}</a><!--[if mso]><b title=\"{{ x }}\">{{ x }}</b><![endif]-->"
    shown = compiled(html=html).preview(recipient(x=evil)).html
    assert "<script" not in shown and shown.count("-->") == 1
    default = sieve(
        """<a href="https://x.test/?q={{ имя | "' onclick='x" }}">{{ имя | "<script>1</script>" }}</a>"""
    ).html
    assert "<script" not in default and "onclick='" not in default
    assert "<script>1</script>" in parse(default, markup=True).render({})
    assert "onerror" not in sieve('{{ "><img src=x onerror=alert(1)> }}').html


def test_a_part_of_a_letter_gets_a_frame_and_an_ending() -> None:
    shown = compiled(html="<p>a</p>").preview(recipient()).html
    assert shown.startswith(
        '<!DOCTYPE html>\n<html lang="ru">\n<head><meta charset="utf-8"></head>\n<body>\n<p>a</p>\n<p style'
    )
    whole = "<html><body><p>{{ unsubscribe_url }}</p></body></html>"
    assert compiled(html=whole).preview(recipient()).html.count("golub.example.com/u/") == 1
    assert sieve(NEWSLETTER, is_piece=True).html.count("<body") == 0


PIECES = [
    *("<p>", "</p>", "<a href='", "'>", "{{ имя }}", "{{", "}}", "<b", ">", '"', "x", "&lt;", "<!--", "-->", "<style>"),
    *("</style>", "[if mso]>", "<![endif]", "<script>", "</script>", " on=x", "style='", "position:fixed"),
    "%7B%7Bимя%7D%7D",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(PIECES)))
@example(["<style>", "<script>"])
@example(["<style>", "a{content:'<script>'}"])
@example(["<a href='{{ имя }}", "<script>", "'>"])
def test_what_went_through_once_goes_through_unchanged(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert "".join(token.source for token in tokens(text)) == text
    once = sieve(text).html
    assert sieve(once).html == once
    assert "<script" not in once.lower()


@pytest.mark.parametrize(
    "piece",
    [
        *(
            "<a ",
            '<a href="',
            "<a '",
            "<a \"'",
            "<!--",
            "<!--[if mso]>",
            "<style>",
            "<style>/*",
            "<title>",
            "<svg>",
            "</a ",
            "<",
        ),
        *(
            "<!doctype ",
            "<![if ",
            "<?",
            "{{",
            "%7B%7B",
            "{{%20",
            "&",
            "<div>",
            "<p style='a:b(",
            "<p style='{",
            "<style>@media{",
        ),
    ],
)
def test_hostile_text_is_read_once(piece: str) -> None:
    """Twice the text costs twice the steps of the interpreter."""
    cost = [_steps(piece * count) for count in (300, 600)]
    assert cost[1] <= 2.6 * cost[0] + 4000


def _steps(text: str) -> int:
    """How many lines of our own code and of tinycss2 run while the text is sieved."""
    import sys

    count = 0

    def trace(frame: object, event: str, arg: object) -> object:
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)  # type: ignore[arg-type]
    try:
        sieve(text)
    finally:
        sys.settrace(None)
    return count


def test_style_sheets_keep_their_text_unless_something_is_taken_out() -> None:
    sheet = "/* a */\n.a{color:red}\n@media (max-width:4px){.a{width:1px!important}}\n@font-face{font-family:x;src:url(https://x.test/a)}"
    assert clean_css(sheet) == (sheet, [])
    for wrong, reason in [
        ("a{behavior:url(x.htc)}", "style: behavior: url(x.htc)"), ("a{behavior:none}", "style: behavior"),
        ("a{-moz-binding:url(https://x)}", "style: -moz-binding"), ("a{b:image-set('x' 1x)}", "style: b: image-set()"),
        ("a{--x:url(ftp://x)}", "style: --x: url(ftp://x)"), ("a{b{c:d}}", "style: {…{…}}"),
        ("a{position:var(--x)}", "style: position"), ("@namespace x;", "@namespace"), ("@import 'x'{}", "@import"),
        ("a{background:u\\72l(javascript:x)}", "style: background: url(javascript:x)"), ("((((((((((((((", "<style>"),
    ]:  # fmt: skip
        css, removed = clean_css(f"{wrong}\n.b{{c:d}}")
        assert removed == [reason] and "url(" not in css and "-x" not in css, wrong
    assert clean_style("color:red;;width:1px") == ("color:red;;width:1px", ())
    assert attributes(" a=1/ b='2'c d==3")[0][0].raw == "1/"
