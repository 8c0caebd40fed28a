"""HTML in a mail keeps its looks and loses its teeth; placeholders survive."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.composing.html import sanitise, text_from_html
from mailer.composing.placeholders import parse


def test_a_mails_looks_stay() -> None:
    html = (
        '<table width="600" cellpadding="0" bgcolor="#fff"><tbody><tr><td align="center" style="color:red;padding:4px">'
        '<img src="https://example.com/a.png" alt="A" width="10"><br><b>b</b></td></tr></tbody></table>'
    )
    assert sanitise(html).html == html
    assert sanitise(html).removed == []


@pytest.mark.parametrize(
    ("html", "kept", "removed"),
    [
        ("<p>a<script>alert(1)</script></p>", "<p>a</p>", ["<script>"]),
        ('<p onclick="x()">a</p>', "<p>a</p>", ["onclick"]),
        ('<p style="position:fixed;color:red">a</p>', '<p style="color:red">a</p>', ["style: position"]),
        ('<p style="background-image:url(x)">a</p>', '<p style="">a</p>', ["style: background-image"]),
        ('<img src="data:image/png;base64,AA">', "<img>", ["src=data:image/png;base64,AA"]),
        ('<img src="http://x.test/a.png">', "<img>", ["src=http://x.test/a.png"]),
        ('<img src="cid:logo">', '<img src="cid:logo">', []),
        ("<form action='/x'><input name=a>b</form>", "b", ["<form>", "<input>", "action", "name"]),
        ("<iframe src='https://x.test'></iframe>a", "a", ["<iframe>", "src=https://x.test"]),
        ("<svg><a xlink:href='javascript:x'>a</a></svg>b", "b", None),
        ("<link rel=stylesheet href=https://x.test/a.css><style>p{}</style>a", "a", None),
        ("<!doctype html><html><head><meta charset=utf-8><title>T</title></head><body>a</body></html>", "a", []),
    ],
)
def test_what_is_taken_out_is_named(html: str, kept: str, removed: list[str] | None) -> None:
    result = sanitise(html)
    assert result.html == kept
    assert removed is None or result.removed == removed


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "java\nscript:alert(1)",
        " javascript:alert(1)",
        "&#106;avascript:alert(1)",
        "data:text/html,x",
        "/relative",
        "//other.test/x",
        "ftp://x.test",
        "javascript:{{ имя }}",
        "{{ имя }}:alert(1)",
    ],
)
def test_a_link_leads_to_the_web_a_mailbox_or_a_telephone(address: str) -> None:
    assert sanitise(f'<a href="{address}">x</a>').html == '<a rel="noopener noreferrer">x</a>'


@pytest.mark.parametrize(
    "address",
    [
        "{{ unsubscribe_url }}",
        "{{ссылка_отписки}}",
        "https://example.com/?name={{ имя }}&amp;x=1",
        "https://{{ город }}.example.com/",
        "mailto:{{ email }}",
        "tel:+7000",
    ],
)
def test_placeholders_survive_in_links(address: str) -> None:
    html = f'<p>{{{{ имя | "друг" }}}}, <a href="{address}" rel="noopener noreferrer">x</a></p>'
    assert sanitise(html).html == html


def test_placeholders_elsewhere_in_a_tag_are_taken_out() -> None:
    result = sanitise('<p {{ имя }} style="color:{{ имя }}" align="{{ имя }}">a</p>')
    assert result.html == "<p>a</p>"
    assert result.removed == ["align", "style: color", "{{ имя }}"]


def test_a_default_cannot_smuggle_html() -> None:
    html = """<a href="https://x.test/?q={{ имя | "' onclick='x" }}">{{ имя | "<script>alert(1)</script>" }}</a>"""
    clean = sanitise(html).html
    assert "<script" not in clean and "onclick='" not in clean
    assert "<script>alert(1)</script>" in parse(clean, markup=True).render({})
    assert sanitise(clean).html == clean


def test_braces_around_html_hide_nothing() -> None:
    assert "onerror" not in sanitise('{{ "><img src=x onerror=alert(1)> }}').html


@given(
    st.lists(st.sampled_from(["<p>", "</p>", "<a href='", "'>", "{{ имя }}", "{{", "}}", "<b", ">", '"', "x", "&lt;"]))
)
def test_sanitising_twice_changes_nothing(pieces: list[str]) -> None:
    once = sanitise("".join(pieces)).html
    assert sanitise(once).html == once


@pytest.mark.parametrize("flood", ["<div>" * 50_000, "<a <a " * 20_000, "<b>" * 50_000, "{{" * 50_000, "&" * 50_000])
def test_a_flood_of_markup_is_survived(flood: str) -> None:
    sanitise(flood)
    text_from_html(flood)


def test_the_text_reads_like_the_page() -> None:
    html = """
    <style>p{}</style><h1>Новости</h1><p>Привет,   {{ имя | "друг" }}!<br>Как &laquo;дела&raquo;?</p>
    <ul><li>раз</li><li>два<ol><li>а</li><li>б</li></ol></li></ul>
    <p><a href="https://example.com/?q={{ имя }}">сюда</a>, <a href="https://a.test">https://a.test</a>,
    <a href="mailto:{{ email }}">{{ email }}</a></p>
    <table><tr><th>Что</th><th>Почём</th></tr><tr><td>Хлеб</td><td>50</td></tr></table>
    <hr><pre>a\n   b</pre><img src="https://a.test/x.png" alt="Кот"><script>x</script>
    """
    assert text_from_html(html).splitlines() == [
        *("Новости", "", 'Привет, {{ имя | "друг" }}!', "Как «дела»?", ""),
        *("- раз", "- два", "  1. а", "  2. б", ""),
        *("сюда (https://example.com/?q={{ имя }}), https://a.test, {{ email }}", ""),
        *("Что | Почём", "Хлеб | 50", "", "-" * 20, "", "a", "   b", "", "Кот"),
    ]


def test_no_content_is_an_empty_text() -> None:
    assert text_from_html("<p> </p><script>x</script>") == ""
