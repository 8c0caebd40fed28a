"""Letters as mails: every kind drawn, nothing of a value taken for markup, and the text half."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailer.composing.email import Content, MailHeaders, Recipient, compile_email
from mailer.composing.placeholders import parse, without_gates
from mailer.letters import kinds
from mailer.letters.colours import LEAST, contrast
from mailer.letters.compiling import MAX_DEPTH, Compiler, Scheme, depth_of, picture_addresses
from mailer.letters.document import Letter, LetterTheme, PlacedBlock, ShownTo, from_json, shown_to, to_json
from mailer.letters.shapes import build, plain
from mailer.letters.starters import LANGUAGES, NAMES, dressed, starter
from mailer.letters.text_half import text_of

ADDRESSES = picture_addresses("https://site.test", "https://media.test")
EVIL = '"><script>alert(1)</script></mj-text>&{{ имя | "друг" }}\''
ENDED = PlacedBlock("b99", kinds.UnsubscribeBlock(reason=EVIL, label=EVIL))
HEADERS = MailHeaders("news@golub.test", "Shop", None, "owner-1.golub.test", "Shop", "golub.test", "Unsubscribe")
ANNA = Recipient("anna@golub.test", {"first_name": "Анна & <b>"}, "<1@golub.test>", "https://site.test/u/1")


def every_kind(words: str, link: str, picture: str) -> list[kinds.Block]:
    markup = f"<p>{words}</p><ul><li>one</li></ul>"
    product = kinds.Product(picture, words, words, words[:36], words[:36], link)
    return [
        kinds.LogoBlock("", picture, words, 160, "left", link),
        kinds.HeadingBlock("", words, 1, "center"),
        kinds.TextBlock("#102030", markup),
        kinds.ButtonBlock("", words, link, "#ffee00"),
        kinds.PictureBlock("", picture, words, link, True),
        kinds.PictureTextBlock("", picture, words, link, markup, "right"),
        kinds.ColumnsBlock("", (kinds.TextColumn(markup),) * 3),
        kinds.ProductsBlock("", (product,) * 4, 3, words[:36]),
        kinds.QuoteBlock("", markup, words),
        kinds.DividerBlock(),
        kinds.SpacerBlock("", 40),
        kinds.ContactsBlock("", (kinds.Social("vk", link),), markup),
        kinds.HtmlBlock("", f"<table><tr><td>{words}</td></tr></table>"),
    ]


def test_every_kind_is_drawn_and_no_value_becomes_markup() -> None:
    blocks = every_kind(EVIL, "https://x.test/?a=1&u={{ email }}", "/i/abcdefgh123.jpg")
    assert {type(each) for each in [*blocks, ENDED.block]} == set(kinds.KINDS.values())
    for typed in blocks:
        block = build(type(typed), plain(typed))  # as it comes from a form: formatted text is cleaned
        page = Compiler(ADDRESSES).compile(Letter(blocks=(PlacedBlock("b1", block), ENDED)))
        assert "<script" not in page, block
        assert "<mj-" not in page, block
        assert {"unsubscribe_url"} <= set(parse(page, markup=True).names) <= {"first_name", "email", "unsubscribe_url"}
        assert 'href="{{ unsubscribe_url }}"' in page
        if isinstance(block, kinds.PictureBlock):
            assert 'src="https://media.test/i/abcdefgh123.jpg"' in page
            assert 'href="https://x.test/?a=1&amp;u={{ email }}"' in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_starters_make_whole_mails_below_the_size_that_gmail_cuts(language: str) -> None:
    for name in NAMES:
        letter = starter(name, language)
        page = Compiler(ADDRESSES).compile(letter)
        assert len(page.encode()) < 90 * 1024
        mail = compile_email(
            Content(letter.head.subject, text_of(letter), page), HEADERS, datetime(2026, 11, 30, tzinfo=UTC)
        )
        look = mail.preview(
            Recipient("anna@golub.test", {"first_name": "Анна & <b>"}, "<1@golub.test>", "https://site.test/u/1")
        )
        assert look.html.count("<html") == look.html.lower().count("<!doctype") == 1
        assert f'lang="{language}"' in look.html
        assert letter.head.preheader in look.html
        assert "Анна &amp; &lt;b&gt;" in look.html
        assert "{{" not in look.html + look.text
        assert look.html.count('href="https://site.test/u/1"') == look.text.count("https://site.test/u/1") == 1
        assert re.findall(r'<img(?![^>]*\salt=")[^>]*>', look.html) == []
        links = re.findall(r'(?:href|src)="([^"]*)"', look.html)
        assert all(link.startswith(("https://", "tel:", "mailto:")) for link in links)


def test_a_second_logo_is_for_the_dark() -> None:
    theme = LetterTheme(
        logo="https://x.test/l.png", logo_dark="https://x.test/d.png", logo_alt='"Shop" {{ имя | "x" }}'
    )
    letter = dressed(starter("sale", "ru"), theme)
    mail = Compiler(ADDRESSES).compile(letter)
    assert mail.count("https://x.test/l.png") == mail.count("https://x.test/d.png") == 1
    hidden = mail.split("https://x.test/d.png")[0].rpartition("<div class=")[2]
    assert hidden.startswith('"l-logo-dark" style="display:none')
    assert parse(mail, None, markup=True).render({}).count("&quot;Shop&quot; x") == 2
    assert ".l-logo-light" in mail and "l-logo-light" not in Compiler(ADDRESSES).compile(
        dressed(starter("sale", "ru"), LetterTheme(logo="https://x.test/l.png"))).split("</style>")[-1]  # fmt: skip
    for look in (replace(theme, card="#101820"), theme):
        block = replace(letter.blocks[0], block=replace(letter.blocks[0].block, background="#101820"))
        placed = letter if look is not theme else replace(letter, blocks=(block, *letter.blocks[1:]))
        drawn = Compiler(ADDRESSES).compile(replace(placed, theme=look))
        assert "https://x.test/l.png" not in drawn and drawn.count("https://x.test/d.png") == 1, "the ground is dark"


def test_previews_have_anchors_and_show_the_dark_colours_unasked() -> None:
    letter = starter("sale", "ru")
    mail = Compiler(ADDRESSES).compile(letter)
    dark = Compiler(ADDRESSES, Scheme.DARK, anchors=True).compile(letter)
    assert ('id="b4"' in mail, 'id="b4"' in dark) == (False, True)
    assert ("prefers-color-scheme" in mail, "prefers-color-scheme" in dark) == (True, False)
    assert "l-page" in dark


def test_words_can_be_read_on_every_background() -> None:
    for ground in ("#102030", "#ffee00", "#777777", "#ffffff"):
        page = Compiler(ADDRESSES).compile(
            Letter(
                theme=LetterTheme(accent="#ff9900"),
                blocks=(PlacedBlock("b1", kinds.TextBlock(ground, '<p><a href="https://x">x</a></p>')), ENDED),
            )
        )
        words = re.search(r'class="l-text".*?;color:(#\w{6});"', page, re.DOTALL)
        link = re.search(r'<a style="color:(#\w{6})', page)
        assert words
        assert link
        assert contrast(words[1], ground) >= LEAST
        assert contrast(link[1], ground) >= LEAST


def test_what_would_overrun_the_compilers_stack_never_reaches_it() -> None:
    assert depth_of("<div>" * 3000) == 3000
    assert depth_of("<a <a " * 50_000) == 0
    deep = kinds.TextBlock("", "<ul>" * (MAX_DEPTH + 1))  # past the cleaning, as no stored letter is
    with pytest.raises(ValueError, match="deep"):
        Compiler(ADDRESSES).compile(Letter(blocks=(PlacedBlock("b1", deep), ENDED)))


def test_a_block_for_some_stands_whole_between_its_gates_and_others_stay_as_they_were() -> None:
    letter = starter("sale", "ru")
    plain_page, plain_text_half = Compiler(ADDRESSES).compile(letter), text_of(letter)
    for each in letter.blocks[:-1]:
        some = shown_to(letter, each.id, ShownTo("in", 7))
        assert from_json(to_json(some)) == some
        page, text = Compiler(ADDRESSES).compile(some), text_of(some)
        head, _gate, rest = page.partition(f"{{{{if:{each.id}}}}}")
        inside, _gate, tail = rest.partition(f"{{{{end:{each.id}}}}}")
        assert inside.strip() and tail
        for part in (inside, head + tail):  # with it and without, tables are whole, for Outlook too
            for tag in ("table", "tr", "td", "div"):
                assert len(re.findall(rf"<{tag}[ >]", part)) == part.count(f"</{tag}>"), (each.kind, tag)
            assert part.count("<!--[if") == part.count("<![endif]-->") or "<!--[if !mso" in part
        assert _said(head + inside + tail) == _said(plain_page)
        assert without_gates(text) == plain_text_half
    ended = letter.blocks[-1].id
    assert shown_to(letter, ended, ShownTo("in", 7)) == letter, "the way out is for everybody"


def _said(page: str) -> list[str]:
    return re.sub(r"<!--.*?-->|<style.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL).split()
