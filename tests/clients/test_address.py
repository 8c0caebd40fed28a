"""One form, one key, or an exact reason."""

import pytest

from mailer.clients.address import normalise
from mailer.clients.refused import ValueRefused


@pytest.mark.parametrize(
    ("typed", "email", "key"),
    [
        ("ivan@example.test", "ivan@example.test", "ivan@example.test"),
        ("Ivan.Petrov+News@Example.TEST", "Ivan.Petrov+News@example.test", "ivan.petrov+news@example.test"),
        (" ivan@example.test\u00a0", "ivan@example.test", "ivan@example.test"),
        ("\u200bivan@example.test\ufeff", "ivan@example.test", "ivan@example.test"),
        ("o'neil!#$%&*@example.test", "o'neil!#$%&*@example.test", "o'neil!#$%&*@example.test"),
        ("ivan@пример.рф", "ivan@xn--e1afmkfd.xn--p1ai", "ivan@xn--e1afmkfd.xn--p1ai"),
        ("ivan@ПРИМЕР.рф", "ivan@xn--e1afmkfd.xn--p1ai", "ivan@xn--e1afmkfd.xn--p1ai"),
        ("ivan@xn--e1afmkfd.xn--p1ai", "ivan@xn--e1afmkfd.xn--p1ai", "ivan@xn--e1afmkfd.xn--p1ai"),
        ("a@b-c.example.test", "a@b-c.example.test", "a@b-c.example.test"),
        ("x" * 64 + "@example.test", "x" * 64 + "@example.test", "x" * 64 + "@example.test"),
    ],
)
def test_an_address_gets_an_envelope_form_and_a_key(typed: str, email: str, key: str) -> None:
    assert normalise(typed) == (email, key)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("", "address_missing"),
        (" \u200b", "address_missing"),
        ("ivan", "address_without_at"),
        ("a" * 50_000, "address_without_at"),
        ("@example.test", "address_without_local"),
        ("ivan@", "address_without_domain"),
        ("ivan@localhost", "address_without_dot"),
        ("ivan@example.test.", "address_trailing_dot"),
        ("a..b@example.test", "address_dots"),
        (".a@example.test", "address_dots"),
        ("a.@example.test", "address_dots"),
        ("a@example..test", "address_dots"),
        ("a@.example.test", "address_dots"),
        ("a b@example.test", "address_with_space"),
        ("a@b@example.test", "address_two_ats"),
        ("a@example.test;b@example.test", "address_several"),
        ("a@example.test, b@example.test", "address_several"),
        ("Имя <a@example.test>", "address_with_name"),
        ('"q"@example.test', "address_quoted"),
        ("a@[192.0.2.1]", "address_literal"),
        ("ж" * 33 + "@example.test", "address_local_too_long"),
        ("x" * 65 + "@example.test", "address_local_too_long"),
        ("a@" + ".".join(["x" * 60] * 5), "address_too_long"),
        ("a@b>\r\nRCPT TO:<x@y", "address_control_character"),
        ("a\x00b@example.test", "address_control_character"),
        ("a\u202eb@example.test", "address_control_character"),
        ("a@-example.test", "address_syntax"),
        ("a@exam_ple.test", "address_syntax"),
        ("a@" + "x" * 64 + ".test", "address_syntax"),
        ("a@example.1", "address_syntax"),
        ("a@" + "a." * 25_000 + "!", "address_too_long"),
    ],
)
def test_what_is_no_address_is_refused_with_its_own_reason(typed: str, code: str) -> None:
    with pytest.raises(ValueRefused) as refused:
        normalise(typed)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("typed", "is_mixed"), [("a@раypal.test", True), ("a@пример.рф", False), ("a@example.test", False)]
)
def test_a_look_alike_domain_is_noticed(typed: str, is_mixed: bool) -> None:
    assert normalise(typed).is_mixed_script is is_mixed


@pytest.mark.parametrize(
    ("typed", "email", "key"),
    [
        ("иван@почта.рф", "иван@xn--80a1acny.xn--p1ai", "иван@xn--80a1acny.xn--p1ai"),
        (" Иван.Петров@example.test ", "Иван.Петров@example.test", "иван.петров@example.test"),
        ("и\u0306од@example.test", "\u0439од@example.test", "\u0439од@example.test"),
    ],
)
def test_letters_of_any_script_may_stand_before_the_at(typed: str, email: str, key: str) -> None:
    assert normalise(typed) == (email, key)
