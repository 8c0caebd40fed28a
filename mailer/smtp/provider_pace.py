"""A mailbox provider's words that it gets too much of ours: whom they rest, and how much would not be too much."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

# Gmail 4.7.28 (by address, domain or link), Microsoft 4.7.500, Yahoo [TSS04]: nobody else speaks so.
_PROVIDERS_OWN = re.compile(
    r"unusual rate|\bTSS0\d\b|\b4\.7\.28\b|\b4\.7\.500\b|unexpected volume|exceeded message rate limit", re.IGNORECASE
)
_TOO_FAST = re.compile(
    r"(message|mail|sending|delivery) rate|rate[ -]?limit|too (quickly|fast)|too many (messages|mails|e-?mails)|throttl"
    r"|слишком (много|часто)",
    re.IGNORECASE,
)
# Of one mailbox, not of all: its owner gets too much from anybody (Gmail, Yandex 4.2.1).
_ONE_MAILBOX = re.compile(
    r"\b4\.2\.1\b|user you are trying to contact|receiving mail (at a rate|too quickly)", re.IGNORECASE
)
_ADDRESS = re.compile(r"\S+@\S+")
_SECONDS: Final = (
    (1, r"s|secs?|seconds?|сек\w*"),
    (60, r"m|mins?|minutes?|мин\w*"),
    (3600, r"h|hrs?|hours?|час\w*"),
    (86_400, r"d|days?|день|дня|сут\w*"),
)
_RATE = re.compile(
    r"(?<![\w.:/-])(\d{1,3}(?:[ ,]\d{3})+|\d{1,7})\s*(?:messages?|msgs?|mails?|e-?mails?|recipients?|сообщ\w*|пис\w*)"
    r"\s*(?:per|an?|/|in an?|в)\s*(?:" + "|".join(f"(?P<u{size}>{words})" for size, words in _SECONDS) + r")(?!\w)",
    re.IGNORECASE,
)


def says_too_fast(code: int | None, status: str, text: str) -> bool:
    """Whether a provider's 4yz says that it gets too many mails of ours, whoever they are for."""
    if (code or 0) >= 500 or status.startswith("5") or _ONE_MAILBOX.search(f"{status} {text}"):
        return False
    return bool(_PROVIDERS_OWN.search(f"{status} {text}") or _TOO_FAST.search(text) or named_rate(text))


def hands_on_too_fast(code: int | None, status: str, text: str, domains: Iterable[str]) -> bool:
    """The same of what a relay says, whose own pace these words could be about: only what is a provider's alone counts,
    or names one of its `domains` other than in an address."""
    named = _ADDRESS.sub("", text.lower())
    is_its = _PROVIDERS_OWN.search(f"{status} {text}") or any(domain in named for domain in domains)
    return bool(is_its) and says_too_fast(code, status, text)


def named_rate(text: str) -> float | None:
    """The mails a minute that the words allow; None when they name no number."""
    found = _RATE.search(text)
    if found is None:
        return None
    seconds = next(size for size, _words in _SECONDS if found[f"u{size}"])
    return int(re.sub(r"[ ,]", "", found[1])) * 60 / seconds or None
