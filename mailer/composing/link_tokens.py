"""Tokens of the links in mails: which delivery they belong to, signed, so that nobody can make one up.

A token is 20 characters of base64url (RFC 4648, section 5): 4 octets for the run, 4 for the position in it, 7 for
56 bits of a MAC. Whoever guesses gains a number in somebody's statistics, and has to ask 2^55 times for it.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from hashlib import blake2s
from hmac import compare_digest
from struct import Struct

TOKEN_LENGTH = 20
_NUMBERS = Struct(">II")
_MAC_SIZE = 7


def tokens_of(key: bytes, run_id: int) -> Callable[[int], str]:
    """How the tokens of a run are made of positions; about 2 µs each. Raises ValueError for a run beyond 2^32."""
    if not 0 < run_id < 2**32:
        raise ValueError(f"no token for run {run_id}")
    run_key = _key_of_run(key, run_id)

    def token(position: int) -> str:
        numbers = _NUMBERS.pack(run_id, position)
        return urlsafe_b64encode(numbers + blake2s(numbers, key=run_key, digest_size=_MAC_SIZE).digest()).decode(
            "ascii"
        )

    return token


def delivery_of(key: bytes, token: str) -> tuple[int, int] | None:
    """Run and position of a token signed with the key; None for any other text."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        octets = urlsafe_b64decode(token)
    except ValueError:
        return None
    if len(octets) != _NUMBERS.size + _MAC_SIZE:
        return None
    numbers, said = octets[: _NUMBERS.size], octets[_NUMBERS.size :]
    run_id, position = _NUMBERS.unpack(numbers)
    made = blake2s(numbers, key=_key_of_run(key, run_id), digest_size=_MAC_SIZE).digest()
    return (run_id, position) if compare_digest(said, made) else None


def _key_of_run(key: bytes, run_id: int) -> bytes:
    return blake2s(b"%d" % run_id, key=blake2s(key).digest(), person=b"clicks01").digest()
