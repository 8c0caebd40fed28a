"""Subjects and bodies that cannot become a mail are refused with a reason."""

import pytest

from mailer.composing.check import check_body, check_subject


@pytest.mark.parametrize("subject", ["Привет", "🎉", "я" * 200, "שלום", 'Тема "в кавычках" =?x?='])
def test_good_subjects(subject: str) -> None:
    assert check_subject(subject) == []


@pytest.mark.parametrize("subject", ["", "   ", "\u200b\u00ad"])
def test_a_subject_says_something(subject: str) -> None:
    assert [fault.code for fault in check_subject(subject)] == ["empty"]


def test_a_long_subject_is_measured() -> None:
    (fault,) = check_subject("я" * 999)
    assert (fault.code, fault.params) == ("too_long", {"length": 999, "limit": 200})


@pytest.mark.parametrize("character", ["\r", "\n", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_a_subject_is_one_line(character: str) -> None:
    assert [fault.code for fault in check_subject(f"a{character}Bcc: x@example.com")] == ["line_break"]


@pytest.mark.parametrize(
    ("character", "code"), [("\0", "control_character"), ("\x1b", "control_character"), ("\ud800", "broken_character")]
)
def test_a_subject_holds_characters_only(character: str, code: str) -> None:
    assert [fault.code for fault in check_subject(f"a{character}b")] == [code]


def test_either_half_of_a_body_will_do() -> None:
    assert check_body("text\r\n\tmore", "") == [] == check_body(" ", "<p>x</p>")
    assert [(fault.field, fault.code) for fault in check_body(" \n", "")] == [("body", "empty")]


def test_a_large_body_is_measured_in_bytes() -> None:
    (fault,) = check_body("", "я" * 153_601)
    assert (fault.field, fault.code, fault.params) == ("html", "too_large", {"size": 307_202, "limit": 307_200})


def test_a_bad_character_is_found_by_its_line() -> None:
    faults = check_body("a\nb\0", "\n\n\ud800")
    assert [(fault.field, fault.code, fault.params) for fault in faults] == [
        ("text", "control_character", {"line": 2}),
        ("html", "broken_character", {"line": 3}),
    ]
