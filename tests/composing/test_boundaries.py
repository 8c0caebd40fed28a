"""Lines that are just full, values that are missing, colours that end with their element."""

from __future__ import annotations

import quopri
from itertools import pairwise

from mailer.composing.headers import text_line
from mailer.composing.quoted_printable import encode
from mailer.composing.value_forms import FormedPlaceholder
from tests.composing.test_inspection import GOOD, codes


def test_a_line_that_ends_in_white_space_stays_short_enough() -> None:
    for ending in ("\t", " ", "\t ", "\tx"):
        for length in range(68, 80):
            text = "x" * length + ending
            encoded = encode(text)
            assert max(map(len, encoded.split(b"\r\n"))) <= 76, (length, ending)
            assert quopri.decodestring(encoded).decode() == text


def test_a_long_header_is_folded_at_its_spaces() -> None:
    text = " ".join("w" * (1 + number * number % 13) for number in range(90))
    lines = text_line("Subject", text).removesuffix("\r\n").split("\r\n")
    assert max(map(len, lines)) <= 76
    for line, following in pairwise(lines):  # none is broken before it is full
        assert len(line) + len(" " + following.split()[0]) > 76
    assert "".join(lines).removeprefix("Subject: ") == text


def test_a_missing_value_is_its_default_in_any_form() -> None:
    place = FormedPlaceholder("sum", "much", "number", "en")
    assert (place.fill({}), place.fill({"sum": ""}), place.fill({"sum": "1234.5"})) == ("much", "much", "1,234.5")


def test_colours_end_with_their_element() -> None:
    assert codes(GOOD + '<b style="color:#ddd;background:#000">x</b><p style="background:#fff">y</p>') == set()
