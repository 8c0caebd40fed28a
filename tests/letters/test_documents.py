"""Letters of blocks as values: what they hold, how they are changed, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from mailer.letters import document, kinds, rich
from mailer.letters.document import from_json, theme_from, to_json
from mailer.letters.shapes import DocumentError, build, plain
from mailer.letters.starters import LANGUAGES, NAMES, dressed, examples_left, starter

END = {"id": "b99", "kind": "unsubscribe", "reason": "You asked for it", "label": "Leave"}


def letter_of(*blocks: dict[str, Any], **head: Any) -> document.Letter:
    numbered = [{"id": f"b{number}", **block} for number, block in enumerate(blocks, 1)]
    return from_json({"version": 1, "subject": "News", "blocks": [*numbered, END], **head})


def faults_of(raw: Any) -> set[tuple[str, str]]:
    with pytest.raises(DocumentError) as caught:
        from_json(raw)
    return {(fault.field, fault.code) for fault in caught.value.faults}


def test_what_is_stored_is_read_again_as_it_was() -> None:
    for language in LANGUAGES:
        for name in NAMES:
            letter = starter(name, language)
            assert from_json(to_json(letter)) == letter


@pytest.mark.parametrize(
    "html", ["<" * 19_999, "&" * 5_000, "<li>x" * 3_999, "<span>a &lt; b</span>", "<p>x</p>" * 2_500]
)
@pytest.mark.parametrize("link", ["x.test/" + "a" * 1_992, "x.test/" + "a" * 1_985, "+7 900 123-45-67"])
def test_what_is_taken_is_never_refused_when_it_is_read_again(html: str, link: str) -> None:
    for kind, raw in ((kinds.TextBlock, {"html": html}), (kinds.ButtonBlock, {"link": link})):
        try:
            taken = build(kind, raw)
        except DocumentError as error:
            assert {fault.code for fault in error.faults} == {"too_long"}
        else:
            assert build(kind, plain(taken)) == taken


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ({"kind": "marquee"}, ("blocks-0", "unknown_kind")),
        ({"kind": "text", "html": 5}, ("blocks-0-html", "type")),
        ({"kind": "text", "colour": "red"}, ("blocks-0-colour", "unknown_field")),
        ({"kind": "text", "html": "x" * 20_001}, ("blocks-0-html", "too_long")),
        ({"kind": "text", "html": "<ul><li>" * 500}, ("blocks-0-html", "too_deep")),
        ({"kind": "text", "background": "red;}"}, ("blocks-0-background", "colour")),
        ({"kind": "heading", "text": "two\nlines"}, ("blocks-0-text", "line_break")),
        ({"kind": "heading", "text": "nul\0"}, ("blocks-0-text", "control_character")),
        ({"kind": "heading", "level": "3"}, ("blocks-0-level", "number")),
        ({"kind": "heading", "align": "justify"}, ("blocks-0-align", "choice")),
        ({"kind": "spacer", "height": "٢٠"}, ("blocks-0-height", "number")),
        ({"kind": "button", "link": "javascript:alert(1)"}, ("blocks-0-link", "scheme")),
        ({"kind": "button", "link": " JavaScript:alert(1)"}, ("blocks-0-link", "scheme")),
        ({"kind": "button", "link": "data:text/html,x"}, ("blocks-0-link", "scheme")),
        ({"kind": "button", "link": 'https://x/" onclick="y'}, ("blocks-0-link", "no_link")),
        ({"kind": "button", "link": "just words"}, ("blocks-0-link", "no_link")),
        ({"kind": "picture", "picture": "http://x.test/a.jpg"}, ("blocks-0-picture", "not_https")),
        ({"kind": "picture", "picture": "/i/../../etc/passwd"}, ("blocks-0-picture", "not_https")),
        ({"kind": "picture", "picture": "https://x.test/{{ email }}"}, ("blocks-0-picture", "placeholder")),
        ({"kind": "products", "items": [{}] * 13}, ("blocks-0-items", "count")),
        ({"kind": "products", "items": [{}, {"link": "vbscript:x"}]}, ("blocks-0-items-1-link", "scheme")),
        ({"kind": "contacts", "items": [{"network": "myspace"}]}, ("blocks-0-items-0-network", "choice")),
        ({"kind": "unsubscribe"}, ("blocks", "unsubscribe")),
    ],
)
def test_what_cannot_stand_in_a_letter_is_refused_by_its_field(block: dict[str, Any], fault: tuple[str, str]) -> None:
    raw = {"version": 1, "blocks": [{"id": "b1", **block}, END]}
    assert fault in faults_of(raw)


def test_documents_that_are_none_are_refused() -> None:
    assert faults_of([]) == {("", "type")}
    assert faults_of({"version": 2, "blocks": [END]}) == {("version", "unknown_version")}
    assert faults_of({"version": 1, "blocks": "x"}) == {("blocks", "type")}
    assert faults_of({"version": 1, "blocks": []}) == {("blocks", "unsubscribe")}
    assert faults_of({"version": 1, "blocks": [END, END]}) == {("blocks-1-id", "id")}
    many = [{"id": f"b{number}", "kind": "divider"} for number in range(60)]
    assert faults_of({"version": 1, "blocks": [*many, END]}) == {("blocks", "count")}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("www.site.ru/a?b=1", "https://www.site.ru/a?b=1"),
        ("сайт.рф", "https://сайт.рф"),
        ("anna@site.ru", "mailto:anna@site.ru"),
        ("+7 (900) 123-45-67", "tel:+79001234567"),
        ('https://x.test/?u={{ имя | "друг" }}', 'https://x.test/?u={{ имя | "друг" }}'),
        ("{{ ссылка }}", "{{ ссылка }}"),
        ("", ""),
    ],
)
def test_links_are_understood_as_people_write_them(typed: str, kept: str) -> None:
    assert build(kinds.ButtonBlock, {"link": typed}).link == kept


def test_blocks_move_are_added_and_go_but_the_way_out_stays_last() -> None:
    letter = letter_of({"kind": "heading"}, {"kind": "text"})
    assert [each.id for each in document.moved(letter, "b1", 5).blocks] == ["b2", "b1", "b99"]
    assert document.moved(letter, "b99", 0) == letter == document.without(letter, "b99")
    assert document.added(letter, kinds.UnsubscribeBlock(), "b99") == (letter, "b99")
    longer, new_id = document.added(letter, kinds.DividerBlock(), "b1")
    assert [each.id for each in longer.blocks] == ["b1", new_id, "b2", "b99"]
    last, new_id = document.added(letter, kinds.DividerBlock(), "b99")
    assert [each.id for each in last.blocks] == ["b1", "b2", new_id, "b99"]
    assert document.without(longer, "b1").find("b1") is None


def test_a_theme_whose_words_cannot_be_read_is_refused() -> None:
    with pytest.raises(DocumentError) as caught:
        theme_from({"text": "#cccccc", "card": "#ffffff"})
    assert [(fault.field, fault.code) for fault in caught.value.faults] == [("text", "contrast")]


def test_formatted_text_keeps_a_few_tags_and_stays_the_same_when_cleaned_again() -> None:
    pasted = (
        '<p class="MsoNormal" style="mso-x:1" onclick="x()">Hi {{ имя | "друг" }}<script>alert(1)</script></p>'
        '<table><tr><td><span style="color:red">cell</span></td></tr></table>'
        '<p><span class="ink-red evil">red</span> <a href="javascript:x">bad</a>'
        ' <a href="https://x/?u={{ email }}">good</a></p>'
    )
    clean = rich.clean(pasted)
    assert clean == (
        '<p>Hi {{ имя | "друг" }}</p>cell<p><span class="ink-red">red</span> bad'
        ' <a href="https://x/?u={{ email }}">good</a></p>'
    )
    assert rich.clean(clean) == clean
    assert rich.clean("<div>a</div><p><b><span class='ink-red'>\u200b</span></b><br></p>") == "<p>a</p>"
    assert rich.clean("a < b\n\nc") == "<p>a &lt; b</p><p>c</p>"


def test_words_of_a_starter_are_examples_until_they_are_changed() -> None:
    letter = dressed(starter("sale", "ru"), document.LetterTheme(logo="https://x.test/l.png", logo_alt="Shop"))
    assert isinstance(letter.blocks[0].block, kinds.LogoBlock)
    assert letter.blocks[0].block.picture == "https://x.test/l.png"
    left = examples_left(letter)
    assert left["b2"] == ["picture", "alt", "link"]
    assert "label" not in left["b5"], "a short neutral word may well be meant"
    changed = document.replaced(letter, "b2", kinds.PictureBlock(picture="https://x.test/p.jpg", alt="Ours"))
    assert "b2" not in examples_left(changed)


def test_the_subject_of_a_starter_is_an_example_and_why_the_reader_gets_it_holds_for_everybody() -> None:
    for language in LANGUAGES:
        for name in NAMES:
            letter = starter(name, language)
            left = examples_left(letter)
            assert left["head"] == ["subject", "preheader"], (name, language)
            assert letter.blocks[-1].id not in left, (name, language)
            own = replace(letter, head=replace(letter.head, subject="Ours", preheader=""))
            assert "head" not in examples_left(own)


def test_links_of_an_example_lead_to_the_site_that_was_asked_once() -> None:
    site = "https://tea.test/?a=1&b=2"
    for language in LANGUAGES:
        for name in NAMES:
            letter = dressed(starter(name, language), document.LetterTheme(link=site))
            assert "https://kolos.example" not in json.dumps(to_json(letter)), (name, language)
            assert from_json(to_json(letter)) == letter
    sale = dressed(starter("sale", "ru"), document.LetterTheme(link=site))
    assert build(kinds.ButtonBlock, plain(sale.blocks[4].block)).link == site
    other = dressed(starter("sale", "ru"), document.LetterTheme(link="mailto:us@tea.test"))
    assert "kolos.example" in json.dumps(to_json(other)), "a button does not write to a mailbox"
