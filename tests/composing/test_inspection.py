"""What a reader would miss in a letter is found in its HTML before it is sent."""

import pytest

from mailer.composing.contrast import colour_of, contrast
from mailer.composing.inspection import CLIPPED, LARGE, inspect
from mailer.composing.sieve import sieve

LINK = "https://golub.test/u/0"
WORDS = "Здравствуйте! Хлеб и булки сегодня с утра, приходите, мы вас ждём до вечера."
GOOD = f'<meta name="color-scheme" content="light dark"><p>{WORDS}</p><a href="{LINK}">Отписаться</a>'


def codes(html: str) -> set[str]:
    return {finding.code for finding in inspect(html, LINK)}


def test_a_good_letter_has_no_findings() -> None:
    assert inspect(GOOD, LINK) == []


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ('<img src="https://a.test/a.png">', "no_alt"),
        ('<img src="http://a.test/a.png" alt="a">', "http_picture"),
        ('<img src="cid:image001.png" alt="a">', "lost_picture"),
        ('<a href="#">x</a>', "empty_link"),
        ('<a href="">x</a>', "empty_link"),
        ('<a href="https://a b.test">x</a>', "broken_link"),
        ('<a href="https://localhost">x</a>', "broken_link"),
        ('<a href="https://[x.test">x</a>', "broken_link"),
        ('<a href="#new">x</a>', "lost_anchor"),
        ("<p>Lorem ipsum</p>", "example"),
        ("<p>A word from Kolos Bakery</p>", "example"),
        ('<a href="https://www.example.com">x</a>', "example"),
        ("<p>Купите!!!</p>", "shouting"),
        ('<p style="color:#ffffff">x</p>', "contrast"),
        ('<table bgcolor="#1a1a1a"><tr><td>x</td></tr></table>', "contrast"),
        ('<td style="background:#1a1a1a;color:#fff"><a href="https://a.test">x</a></td>', "contrast"),
        ('<div style="border-radius:4px">x</div>', "rounded"),
        ('<td background="https://a.test/b.png">x</td>', "background"),
        ("<style>.a{display:flex}</style>", "layout"),
        ("<p>" + "x" * LARGE + "</p>", "large"),
        ("<p>" + "x" * CLIPPED + "</p>", "clipped"),
    ],
)
def test_what_is_wrong_is_found(html: str, code: str) -> None:
    assert codes(GOOD + html) == {code}


def test_what_looks_wrong_and_is_not() -> None:
    assert codes(GOOD + '<a href="#new">x</a><h2 id="new">y</h2><img alt="" src="https://a.test/a.png">') == set()
    assert codes(GOOD + '<table style="background:#1a1a1a"><tr><td style="color:#fff">x</td></tr></table>') == set()
    assert codes(
        GOOD + '<div style="display:none;color:#fff">x</div><b style="color:#fff;background:url(https://x)">x</b>'
    ) == {"background"}
    assert codes(GOOD.replace(LINK, "https://a.test")) == {"no_unsubscribe"}
    assert codes(f'<a href="{LINK}"><img src="https://a.test/a.png" alt="a"></a>') == {"only_pictures", "dark"}


def test_our_own_pictures_are_as_the_installation_has_them() -> None:
    page = GOOD + '<img alt="a" src="http://golub.test/i/a.png"><img alt="a" src="http://other.test/a.png">'
    (found,) = inspect(page, LINK, ["http://golub.test/"])
    assert (found.code, found.places) == ("http_picture", ("http://other.test/a.png",))


def test_the_contrast_is_that_of_the_standard() -> None:
    assert round(contrast((0, 0, 0), (255, 255, 255)), 1) == 21.0
    assert round(contrast((119, 119, 119), (255, 255, 255)), 2) == 4.48
    assert [colour_of(typed) for typed in ("#FFF", "rgb(1, 2,3)", "white", "transparent", "", "#12")] == [
        *((255, 255, 255), (1, 2, 3), (255, 255, 255), None, None, None),
    ]  # fmt: skip


@pytest.mark.parametrize("piece", ["<b>", "<b", "</b>", '<a href="#', "<p style='color:#fff'>x", "<!--"])
def test_a_flood_is_looked_over(piece: str) -> None:
    inspect(piece * 20_000, LINK)


@pytest.mark.parametrize(
    "tag", ["<a %s>", "<a x%s=1>", "<!--[if mso]>%s>", "<!--%s-->", "<p style='%s'>", "<style>%s</style>"]
)
def test_a_million_blanks_in_a_tag_are_passed_over_at_once(tag: str) -> None:
    """A pattern that tries each of them anew would take hours."""
    for blank in " /\u00a0":
        sieve(tag % (blank * 1_000_000))
