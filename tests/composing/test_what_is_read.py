"""What a reader, a browser and a mail program make of a letter: each case is one promise."""

from __future__ import annotations

import pytest

from mailer.composing.contexts import as_url, html_escapes, in_url
from mailer.composing.contrast import colour_of
from mailer.composing.css import clean_css
from mailer.composing.headers import text_line
from mailer.composing.inspection import links_of
from mailer.composing.link_tokens import delivery_of, tokens_of
from mailer.composing.markup import tokens
from mailer.composing.placeholders import Placeholder, parse
from mailer.composing.plain_text import plain_text
from mailer.composing.subject_words import subject_in_words
from mailer.composing.tracking import Tracking, with_links
from mailer.composing.value_forms import is_form
from tests.composing.test_inspection import GOOD, codes


@pytest.mark.parametrize(
    "html",
    [
        # An element is closed with what is open in it.
        '<div style="background:#000"><div style="background:#fff"><i>x</div><p style="color:#ddd">y</p></div>',
        '<div style="color:#fff;background:#222"><a name="x">no link, no blue</a></div>',
    ],
)
def test_words_have_the_colour_that_a_browser_gives_them(html: str) -> None:
    assert codes(f"{html}{GOOD}") == set()


def test_a_colour_is_no_lighter_than_light() -> None:
    assert (colour_of("rgb(300, 0, 255)"), colour_of("#fff")) == ((255, 0, 255), (255, 255, 255))


def test_rules_within_rules_are_taken_out_and_named() -> None:
    assert clean_css("p{color:red;b{color:blue}}") == ("p{color:red}", ["style: {…{…}}"])


def test_a_long_subject_of_any_script_has_lines_of_76_at_most() -> None:
    for length in range(20, 120):
        lines = text_line("Subject", "Щ" * length).removesuffix("\r\n").split("\r\n")
        assert max(map(len, lines)) <= 76, length


def test_a_second_value_in_an_address_goes_on_with_it() -> None:
    place = Placeholder("first_name")
    assert list(html_escapes(['<a href="', place, place, '">'])) == [as_url, in_url]


def test_text_is_taken_as_typed_in_pre_alone() -> None:
    assert plain_text("<pre>a   b</pre><p>c   d</p>").split("\n")[::2] == ["a   b", "c d"]


def test_tags_side_by_side_have_nothing_between_them() -> None:
    assert [token.kind for token in tokens("<b><i>x</i></b>")] == ["start", "start", "text", "end", "end"]


def test_the_links_of_a_letter_are_those_that_lead_somewhere() -> None:
    assert links_of('<a href=" https://a.test ">x</a><p>y</p><a name="z">z</a>') == ["https://a.test"]


def test_the_first_run_has_tokens_and_no_run_is_before_it() -> None:
    assert delivery_of(b"key", tokens_of(b"key", 1)(5)) == (1, 5)
    with pytest.raises(ValueError, match="run 0"):
        tokens_of(b"key", 0)


def test_a_subject_is_named_with_the_names_of_what_is_filled_in() -> None:
    subject = 'Hello, {{ first_name }} {{ last_name | "friend" }}!'
    assert subject_in_words(subject, "en") == "Hello, [first name] friend!"


def test_what_is_no_form_of_a_number_is_its_default() -> None:
    said = [(form, kind) for form in ("#,##0.00", "much") for kind in ("number", "boolean") if is_form(form, kind)]
    assert said == [("#,##0.00", "number")]


def test_a_text_reads_on_behind_a_link_that_leads_through_the_service() -> None:
    tracking = Tracking("https://golub.test/l/", ("https://a.test/x",))
    template = with_links(parse("See https://a.test/x, (or not).", None), tracking, markup=False)
    assert "".join(part if isinstance(part, str) else "token" for part in template.parts) == (
        "See https://golub.test/l/token/1, (or not)."
    )
