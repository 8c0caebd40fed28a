"""What is too weak, what is welcome, and how it is hashed."""

from __future__ import annotations

import threading
import time

import pytest
from flask import Flask
from werkzeug.exceptions import ServiceUnavailable

from mailer.auth import passwords
from mailer.auth.weakness import Weakness, weakness

OWNER = "ivan.petrov@golub-mail.test"


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("7 chars", Weakness.TOO_SHORT),
        ("", Weakness.TOO_SHORT),
        ("я" * 513, Weakness.TOO_LONG),
        ("nul\x00 in the middle", Weakness.CONTROL_CHARACTER),
        ("12345678", Weakness.MONOTONOUS),
        ("qwertyuiop", Weakness.MONOTONOUS),
        ("йцукенгш", Weakness.MONOTONOUS),
        ("1q2w3e4r", Weakness.MONOTONOUS),
        ("aaaaaaaaaaaa", Weakness.MONOTONOUS),
        ("abcabcabcabc", Weakness.MONOTONOUS),
        ("19841231", Weakness.MONOTONOUS),
        ("a1234567", Weakness.MONOTONOUS),
        ("password", Weakness.COMMON),
        ("P@ssw0rd!", Weakness.COMMON),
        ("iloveyou2024", Weakness.COMMON),
        ("пароль123", Weakness.COMMON),
        ("gfhjkm12", Weakness.COMMON),
        ("Golub2026!", Weakness.PRODUCT_NAME),
        ("Голубь!!!", Weakness.PRODUCT_NAME),
        (OWNER, Weakness.OWN_ADDRESS),
        ("Ivan.Petrov", Weakness.OWN_ADDRESS),
        ("golub-mail.test1", Weakness.OWN_ADDRESS),
    ],
)
def test_what_attackers_try_first_is_refused(password: str, reason: Weakness) -> None:
    assert weakness(password, OWNER) is reason


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "tk9#vLq2",
        "лодка плывёт под мостом",
        "🕊🌳🚲🥐🎈🧭📎🪁",
        "x7" + "kd;" * 42,
        "Ünïcödé ok",
    ],
)
def test_anything_else_is_welcome_whole(password: str) -> None:
    assert weakness(password, OWNER) is None
    kept = passwords.hash_password(password)
    assert passwords.verify(kept, password)
    assert not passwords.verify(kept, password[:-1])
    assert not passwords.verify(kept, password + "x")


def test_a_password_typed_on_another_keyboard_is_the_same() -> None:
    assert passwords.verify(passwords.hash_password("Ёлка и é"), "Е\u0308лка и e\u0301")


def test_a_broken_hash_verifies_nothing() -> None:
    assert not passwords.verify("", "anything at all")
    assert not passwords.verify_nobody("the password of nobody, guessed")


def test_hashing_is_bounded_and_refuses_politely_beyond(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "MAX_WAIT_SECONDS", 0.05)
    release, running = threading.Event(), threading.Semaphore(0)

    def occupy() -> None:
        with passwords._place():
            running.release()
            release.wait()

    holders = [threading.Thread(target=occupy) for _number in range(passwords.CONCURRENT_COUNT)]
    for holder in holders:
        holder.start()
    for _holder in holders:
        running.acquire()
    begun = time.monotonic()
    with pytest.raises(ServiceUnavailable):
        passwords.hash_password("some password")
    assert time.monotonic() - begun >= 0.05
    release.set()
    for holder in holders:
        holder.join()
    assert passwords.hash_password("some password")
