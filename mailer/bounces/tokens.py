"""Variable envelope return paths: an envelope sender for each delivery, so that a bounce says which one it is about.

A token is 24 letters and digits: 6 for the run, 5 for the position in it, 13 for 64 bits of a MAC, in the alphabet of
RFC 4648's base32, lower case. Relays fold case, and put SRS or BATV around it; 64 octets is all a local part may have.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2s
from hmac import compare_digest

TOKEN_LENGTH = 24
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _LETTERS for second in _LETTERS]
_VALUES = {letter: value for value, letter in enumerate(_LETTERS)}
_RUN, _POSITION = 6, 5  # characters: runs up to 2^30, positions up to 2^25
_TOKEN = re.compile(rf"(?<![a-z0-9])[a-z2-7]{{{TOKEN_LENGTH}}}(?![a-z0-9])", re.IGNORECASE)
_LOOKED_AT = 20  # candidates in one text: a hostile one is full of them


@dataclass(frozen=True, slots=True)
class ReturnPath:
    """Where mail of deliveries comes back to; `address` has a `*` in the place of the token. It is empty where a token
    stands in a header alone, which a provider gives back."""

    address: str
    key: bytes

    def tokens_of(self, run_id: int) -> Callable[[int], str]:
        """How the tokens of a run are made of positions; about 2 µs each."""
        if not 0 < run_id < 32**_RUN:
            raise ValueError(f"no token for run {run_id}")
        run, run_key = _written(run_id, _RUN), _key_of_run(self.key, run_id)

        def token(position: int) -> str:
            mac = int.from_bytes(_mac(run_key, position), "big")
            return (
                f"{run}{_LETTERS[position >> 20 & 31]}{_PAIRS[position >> 10 & 1023]}{_PAIRS[position & 1023]}"
                f"{_LETTERS[mac >> 60]}{_PAIRS[mac >> 50 & 1023]}{_PAIRS[mac >> 40 & 1023]}{_PAIRS[mac >> 30 & 1023]}"
                f"{_PAIRS[mac >> 20 & 1023]}{_PAIRS[mac >> 10 & 1023]}{_PAIRS[mac & 1023]}"
            )

        return token

    def senders_of(self, run_id: int) -> Callable[[int], tuple[str, str]]:
        """How the envelope senders of a run, and their tokens, are made of positions."""
        token_of, (before, _star, after) = self.tokens_of(run_id), self.address.partition("*")

        def sender(position: int) -> tuple[str, str]:
            token = token_of(position)
            return f"{before}{token}{after}", token

        return sender

    @property
    def domain(self) -> str:
        """Whose MX gets the reports."""
        return self.address.rpartition("@")[2]

    def delivery_in(self, text: str) -> tuple[int, int] | None:
        """Run and position named by a token somewhere in the text; None when none there is signed by us."""
        for count, found in enumerate(_TOKEN.finditer(text)):
            if count >= _LOOKED_AT:
                break
            token = found[0].lower()
            run_id, position = _number(token[:_RUN]), _number(token[_RUN : _RUN + _POSITION])
            said = _number(token[_RUN + _POSITION :])
            made = _mac(_key_of_run(self.key, run_id), position)
            if said < 2**64 and compare_digest(said.to_bytes(8, "big"), made):
                return run_id, position
        return None


def _key_of_run(key: bytes, run_id: int) -> bytes:
    return blake2s(b"%d" % run_id, key=blake2s(key).digest(), person=b"returns1").digest()


def _mac(run_key: bytes, position: int) -> bytes:
    return blake2s(position.to_bytes(4, "big"), key=run_key, digest_size=8).digest()


def _written(number: int, length: int) -> str:
    return "".join(_LETTERS[number >> shift & 31] for shift in range(5 * (length - 1), -1, -5))


def _number(letters: str) -> int:
    value = 0
    for letter in letters:
        value = value << 5 | _VALUES[letter]
    return value
