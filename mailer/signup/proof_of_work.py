"""What a browser does before a form of strangers is taken: puzzles of a signed challenge, and a little time.

No third party is asked and nothing is shown to read or to click. It makes a robot pay for each try; the limits of
`mailer.signup.limits` stop it. Who has no scripts waits instead. Puzzle k of challenge c is solved by a number n whose
SHA-256 of "c~k~n" begins with `BITS` zero bits; `static/js/proof_worker.js` looks for them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum

import structlog
from flask import current_app
from redis import RedisError

from mailer import queue

log = structlog.get_logger()
BITS, PUZZLES = 14, 8  # several small ones: nobody waits long by bad luck
SHORTEST_SECONDS = 3  # nobody fills in a form faster
WAIT = timedelta(seconds=10)  # without scripts
LIFE = timedelta(hours=2)
MAX_CHALLENGE, MAX_ANSWER = 100, 200
SPENT = "sign-up:spent:"  # in Redis


class Proof(Enum):
    """What came with a form."""

    NONE = "none"  # no challenge of ours, too old a one, or one that was used
    TOO_SOON = "too soon"
    WORKED = "worked"
    WAITED = "waited"  # not solved, and old enough for who has no scripts


@dataclass(frozen=True, slots=True)
class Challenge:
    """A challenge that `read` found to be ours."""

    text: str
    made_at: datetime

    def seconds_left(self, now: datetime) -> int:
        """How long somebody without scripts has still to wait."""
        left = self.made_at + WAIT - now
        return int(left.total_seconds()) + 1 if left > timedelta(0) else 0


def issue(form_token: object, now: datetime) -> str:
    """A new challenge for one form: short, so that with a puzzle's number it is one block of SHA-256."""
    body = f"{int(now.timestamp())}.{secrets.token_urlsafe(6)}"
    return f"{body}.{_signature(form_token, body)}"


def read(text: str, form_token: object, now: datetime) -> Challenge | None:
    """The challenge, if it is ours, of this form and not too old."""
    body, _dot, signature = text[:MAX_CHALLENGE].rpartition(".")
    if not hmac.compare_digest(signature.encode(errors="replace"), _signature(form_token, body).encode()):
        return None
    made_at = datetime.fromtimestamp(int(body.partition(".")[0]), UTC)
    return Challenge(text, made_at) if now - LIFE < made_at <= now + timedelta(seconds=1) else None


def judge(challenge: Challenge | None, answer: str, now: datetime) -> Proof:
    """What the challenge and the answer to it are worth."""
    if challenge is None or _is_spent(challenge):
        return Proof.NONE
    age = now - challenge.made_at
    if is_solved(challenge.text, answer):
        return Proof.WORKED if age >= timedelta(seconds=SHORTEST_SECONDS) else Proof.TOO_SOON
    return Proof.WAITED if age >= WAIT else Proof.TOO_SOON


def is_solved(text: str, answer: str) -> bool:
    """Whether each puzzle has its number: `PUZZLES` numbers with dots between them."""
    numbers = answer[:MAX_ANSWER].split(".")
    if len(numbers) != PUZZLES:
        return False
    return all(
        number.isascii() and number.isdecimal() and is_hit(f"{text}~{place}~{number}")
        for place, number in enumerate(numbers)
    )


def is_hit(text: str) -> bool:
    """Whether a hash begins with so many zeros."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> (32 - BITS) == 0


def spend(challenge: Challenge) -> bool:
    """Use it up: of several at once one wins. With Redis away everybody does, and the limits hold."""
    try:
        name = SPENT + challenge.text.rpartition(".")[2]
        return bool(queue.connection().set(name, 1, nx=True, ex=int(LIFE.total_seconds())))
    except RedisError as error:
        log.warning("a used challenge is not noted", error=str(error))
        return True


def _is_spent(challenge: Challenge) -> bool:
    try:
        return bool(queue.connection().exists(SPENT + challenge.text.rpartition(".")[2]))
    except RedisError:
        return False


def _signature(form_token: object, body: str) -> str:
    key, text = current_app.config["SECRET_KEY"].encode(), f"sign-up challenge {form_token} {body}"
    digest = hmac.digest(key, text.encode(errors="replace"), "sha256")
    return base64.urlsafe_b64encode(digest[:16]).decode().rstrip("=")
