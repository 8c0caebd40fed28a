"""The delay that a server names in its own words: "greylisted, try again in 300 seconds"."""

import re
from datetime import timedelta

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=6)

_UNITS = (
    (1, r"s|secs?|seconds?|сек\w*|sekunden?|sek"),
    (60, r"m|min|mins|minutes?|мин\w*|minuten?"),
    (3600, r"h|hrs?|hours?|ч|час\w*|stunden?|std"),
)
# A number says something only beside words about coming back: a size or a count is no delay.
_INVITATION = re.compile(
    r"again|later|retry|retries|wait|delay|back|greylist|graylist|grey-list|defer|throttl|rate"
    r"|повтор|позже|попроб|подожд|через|ожида|сер\w+ спис|грейлист"
    r"|erneut|später|spaeter|versuch|warten|wieder",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2}))?(?![\d:.])")
_NUMBER = re.compile(
    r"(?<![\w.:/-])(\d{1,6})\s*(?:" + "|".join(f"(?P<u{size}>{words})" for size, words in _UNITS) + r")(?!\w)",
    re.IGNORECASE,
)
_BARE = re.compile(r"(?:retry-?after|retry in|try again in|wait)[\s:=]+(\d{1,6})(?![\w.:])", re.IGNORECASE)


def named_delay(text: str) -> timedelta | None:
    """How long the server asks us to wait, held between a minute and six hours; None when it names no time.

    "5 minutes and 30 seconds" is added up, "00:04:59" is hours, minutes and seconds; a number without a unit after
    "retry after" is seconds.
    """
    if not _INVITATION.search(text):
        return None
    seconds = _spelled(text) or _clock(text) or _bare(text)
    return min(max(timedelta(seconds=seconds), SHORTEST), LONGEST) if seconds else None


def _spelled(text: str) -> int:
    return sum(int(match[1]) * _size(match) for match in _NUMBER.finditer(text))


def _size(match: re.Match[str]) -> int:
    return next(size for size, _words in _UNITS if match[f"u{size}"])


def _clock(text: str) -> int:
    match = _CLOCK.search(text)
    if match is None:
        return 0
    first, second, third = int(match[1]), int(match[2]), match[3]
    return first * 60 + second if third is None else first * 3600 + second * 60 + int(third)


def _bare(text: str) -> int:
    match = _BARE.search(text)
    return int(match[1]) if match else 0
