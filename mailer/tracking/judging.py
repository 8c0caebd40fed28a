"""Whether it was a person or a machine that followed a link or fetched the pixel, and by which rule.

The rules and where they were learned: docs/clicks.md. They look at one mail's hits together, some seconds after the
last of them; what was judged before is judged anew when a burst that it was part of becomes known.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from mailer.models.reaction import Asker, JudgedBy

AT_ONCE, SOON, BURST = timedelta(seconds=2), timedelta(seconds=15), timedelta(seconds=2)
MANY_LINKS = 3
_AHEAD = re.compile(r"prefetch|prerender|preview", re.IGNORECASE)
_GMAIL = ("Edge/12.246 Mozilla/5.0", "Gmail-content-sampling")  # looks at a mail when it arrives
_PROXY = re.compile(r"GoogleImageProxy|YahooMailProxy", re.IGNORECASE)
_PROGRAM = re.compile(
    r"bot\b|crawl|spider|scan|preview|headless|phantom|python|curl/|wget|java/|go-http|okhttp|httpclient|libwww|axios|"
    r"node-fetch|guzzle|barracuda|proofpoint|mimecast|ciscosecure|ironport|trendmicro|fortinet|sophos|symantec|"
    r"messagelabs|zscaler|virustotal|safelinks|facebookexternal|slack|whatsapp|skypeuri|vkshare",
    re.IGNORECASE,
)


class Hit(NamedTuple):
    """One request; `link` 0 is the pixel."""

    link: int
    at: datetime
    is_head: bool = False
    is_listed: bool = False
    purpose: str = ""
    agent: str = ""


@dataclass(slots=True)
class Judged:
    """All that a link of a mail has been asked for by one kind of asker."""

    link: int
    verdict: Asker
    rule: JudgedBy
    first_at: datetime
    last_at: datetime
    count: int = 1


def judged(hits: Sequence[Hit], known: Sequence[Judged], accepted_at: datetime | None, link_count: int) -> list[Judged]:
    """What one delivery's hits come to, with what was `known` of them before: one for each link and verdict.

    `accepted_at`: when a mail server first may have had the mail, if that is known.
    """
    burst = _Burst(
        [(hit.at, hit.link) for hit in hits] + [(at, one.link) for one in known for at in {one.first_at, one.last_at}],
        min(MANY_LINKS, max(2, link_count)),
    )
    found: dict[tuple[int, Asker], Judged] = {}
    for one in known:
        for part in _anew(one, burst):
            _add(found, part)
    for hit in sorted(hits, key=lambda hit: hit.at):
        verdict, rule = _alone(hit, accepted_at)
        if verdict is not Asker.MACHINE and hit.link and hit.at in burst:
            verdict, rule = Asker.MACHINE, JudgedBy.BURST
        _add(found, Judged(hit.link, verdict, rule, hit.at, hit.at))
    return list(found.values())


def _add(found: dict[tuple[int, Asker], Judged], new: Judged) -> None:
    before = found.setdefault((new.link, new.verdict), new)
    if before is not new:
        before.rule = before.rule if before.first_at <= new.first_at else new.rule
        before.first_at, before.last_at = min(before.first_at, new.first_at), max(before.last_at, new.last_at)
        before.count += new.count


def _anew(one: Judged, burst: _Burst) -> Iterable[Judged]:
    """What was judged before, now that all the hits near it are known; of those between the first and the last one
    nothing is known but that they were."""
    if one.verdict is Asker.MACHINE or not one.link:
        return [one]
    first_is, last_is = one.first_at in burst, one.last_at in burst
    if not (first_is or last_is):
        return [one]
    if one.count == 1 or (first_is and last_is):
        return [Judged(one.link, Asker.MACHINE, JudgedBy.BURST, one.first_at, one.last_at, one.count)]
    of_burst, other = (one.first_at, one.last_at) if first_is else (one.last_at, one.first_at)
    return [
        Judged(one.link, Asker.MACHINE, JudgedBy.BURST, of_burst, of_burst),
        Judged(one.link, one.verdict, one.rule, other, other, one.count - 1),
    ]


class _Burst:
    """The moments at which so many links of one mail were asked for within `BURST`."""

    def __init__(self, moments: Iterable[tuple[datetime, int]], many: int) -> None:
        self._moments: set[datetime] = set()
        points = sorted((at, link) for at, link in moments if link)
        near: Counter[int] = Counter()
        start = noted = 0
        for number, (at, link) in enumerate(points):
            near[link] += 1
            while at - points[start][0] > BURST:
                left = points[start][1]
                near[left] -= 1
                if not near[left]:
                    del near[left]
                start += 1
            if len(near) >= many:
                self._moments.update(point[0] for point in points[max(start, noted) : number + 1])
                noted = number + 1  # nobody is noted twice: it stays linear for any number of hits

    def __contains__(self, at: datetime) -> bool:
        return at in self._moments


def _alone(hit: Hit, accepted_at: datetime | None) -> tuple[Asker, JudgedBy]:
    """By what it says of itself, then by when it came."""
    age = hit.at - accepted_at if accepted_at is not None else None
    rule = _by_itself(hit)
    if rule is not None:
        return Asker.MACHINE, rule
    if _kind_of(hit.agent) is JudgedBy.PROXY:
        is_soon = age is not None and age <= SOON
        return (Asker.PROBABLY, JudgedBy.PROXY_SOON) if is_soon else (Asker.PERSON, JudgedBy.PROXY)
    if age is not None and age <= AT_ONCE:
        return Asker.MACHINE, JudgedBy.AT_ONCE
    if hit.is_listed and hit.link:
        return Asker.PROBABLY, JudgedBy.NETWORK
    if age is not None and age <= SOON:
        return Asker.PROBABLY, JudgedBy.SOON
    return Asker.PERSON, JudgedBy.NONE


def _by_itself(hit: Hit) -> JudgedBy | None:
    if hit.is_head:
        return JudgedBy.HEAD
    if hit.purpose and _AHEAD.search(hit.purpose):
        return JudgedBy.AHEAD
    kind = _kind_of(hit.agent)
    return None if kind in (JudgedBy.PROXY, JudgedBy.NONE) else kind


@lru_cache(maxsize=4096)  # most of a day's hits come from some hundred programs
def _kind_of(agent: str) -> JudgedBy:
    if agent.endswith(_GMAIL):
        return JudgedBy.GMAIL
    if agent == "Mozilla/5.0":
        return JudgedBy.APPLE
    if _PROXY.search(agent):
        return JudgedBy.PROXY
    is_browser = agent.startswith(("Mozilla/", "Opera/"))
    return JudgedBy.NONE if is_browser and not _PROGRAM.search(agent) else JudgedBy.PROGRAM
