"""Why a password is too weak, if it is: length, and what attackers try first. No rules of composition."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from functools import cache
from pathlib import Path

MIN_CHARACTERS = 8
MAX_BYTES = 1024
PRODUCT_WORDS = ("golub", "голубь", "голуб", "mailing", "рассылка")
KEYBOARD_ROWS = (
    "1234567890",
    "!@#$%^&*()",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "йцукенгшщзхъ",
    "фывапролджэ",
    "ячсмитьбю",
    "abcdefghijklmnopqrstuvwxyz",
    "абвгдежзийклмнопрстуфхцчшщъыьэюя",
    "1qaz2wsx3edc4rfv5tgb6yhn",
    "q1w2e3r4t5y6u7i8o9p0",
    "1q2w3e4r5t6y7u8i9o0p",
    "й1ц2у3к4е5н6г7",
    "1й2ц3у4к5е6н7г",
)
_ROWS = tuple(walk * 2 for row in KEYBOARD_ROWS for walk in (row, row[::-1]))
# What people write instead of letters; 1 stands for i and l, so both readings are looked up.
LEET = (str.maketrans("013457@$!", "oieastasi"), str.maketrans("013457@$!", "oleastasl"))
DECORATION = "0123456789!@#$%^&*()_+-=.,?*~ "


class Weakness(StrEnum):
    """The reason of a refusal."""

    TOO_SHORT = "too-short"
    TOO_LONG = "too-long"
    CONTROL_CHARACTER = "control-character"
    MONOTONOUS = "monotonous"
    COMMON = "common"
    PRODUCT_NAME = "product-name"
    OWN_ADDRESS = "own-address"


def weakness(password: str, email: str = "") -> Weakness | None:
    """Why `password` will not do for the owner of `email`; None when it will."""
    if len(password.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        return Weakness.TOO_LONG
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in password):
        return Weakness.CONTROL_CHARACTER
    if len(password) < MIN_CHARACTERS:
        return Weakness.TOO_SHORT
    plain = unicodedata.normalize("NFKC", password).casefold()
    if (
        len(set(plain)) <= 2
        or _repeats_a_piece(plain)
        or len(_without_runs(plain)) < MIN_CHARACTERS / 2
        or _is_short_number(plain)
    ):
        return Weakness.MONOTONOUS
    stems = _stems(plain)
    if stems & set(PRODUCT_WORDS):
        return Weakness.PRODUCT_NAME
    if stems & _common():
        return Weakness.COMMON
    local_part, _, domain = email.casefold().partition("@")
    if email and stems & {email.casefold(), local_part, domain, domain.partition(".")[0]}:
        return Weakness.OWN_ADDRESS
    return None


def _stems(plain: str) -> set[str]:
    """The words behind the digits and signs that people put around and into them."""
    bare = {plain, plain.strip(DECORATION)}
    read = {word.translate(table).strip(DECORATION) for word in bare for table in LEET}
    return (bare | read) - {""}


def _without_runs(plain: str) -> str:
    """What is left when walks of four keys or more along a row or the alphabet, either way, are taken out."""
    left, start = "", 0
    while start < len(plain):
        end = start + 4
        while end <= len(plain) and any(plain[start:end] in row for row in _ROWS):
            end += 1
        length = end - 1 - start
        if length >= 4:
            start += length
        else:
            left += plain[start]
            start += 1
    return left


def _is_short_number(plain: str) -> bool:
    """Dates, telephone numbers, patterns of the keypad: few enough to be tried one by one."""
    return plain.isdecimal() and len(plain) < 12


def _repeats_a_piece(plain: str) -> bool:
    """`abcabcabc`: at most four characters over and over."""
    return any(plain == (plain[:size] * len(plain))[: len(plain)] for size in (1, 2, 3, 4))


@cache
def _common() -> frozenset[str]:
    lines = Path(__file__).with_name("common_passwords.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())
