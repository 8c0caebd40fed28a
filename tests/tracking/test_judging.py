"""People and machines told apart, by the hits of one mail."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.models.reaction import Asker, JudgedBy
from mailer.tracking.judging import Hit, Judged, judged

TAKEN = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


def at(seconds: float, link: int = 1, **about: object) -> Hit:
    return Hit(link, TAKEN + timedelta(seconds=seconds), **({"agent": CHROME} | about))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("hit", "verdict", "rule"),
    [
        (at(3600), Asker.PERSON, JudgedBy.NONE),
        (at(3600, agent="Opera/9.80 (J2ME/MIDP; Opera Mini/4.2; U; ru) Presto/2.5.25"), Asker.PERSON, JudgedBy.NONE),
        (at(3600, is_head=True), Asker.MACHINE, JudgedBy.HEAD),
        (at(3600, purpose="prefetch;prerender"), Asker.MACHINE, JudgedBy.AHEAD),
        (at(3600, agent=""), Asker.MACHINE, JudgedBy.PROGRAM),
        (at(3600, agent="curl/8.5"), Asker.MACHINE, JudgedBy.PROGRAM),
        (at(3600, agent="Mozilla/5.0 (compatible; BarracudaCentral/1.0)"), Asker.MACHINE, JudgedBy.PROGRAM),
        (at(3600, 0, agent="Mozilla/5.0"), Asker.MACHINE, JudgedBy.APPLE),
        (at(3600, 0, agent=CHROME + " Edge/12.246 Mozilla/5.0"), Asker.MACHINE, JudgedBy.GMAIL),
        (at(3600, 0, agent=GOOGLE), Asker.PERSON, JudgedBy.PROXY),
        (at(9, 0, agent=GOOGLE), Asker.PROBABLY, JudgedBy.PROXY_SOON),
        (at(3600, 0, agent="YahooMailProxy; https://help.yahoo.com/"), Asker.PERSON, JudgedBy.PROXY),
        (at(2), Asker.MACHINE, JudgedBy.AT_ONCE),
        (at(-1), Asker.MACHINE, JudgedBy.AT_ONCE),  # some look before they accept
        (at(15), Asker.PROBABLY, JudgedBy.SOON),
        (at(3600, is_listed=True), Asker.PROBABLY, JudgedBy.NETWORK),
        (at(3600, 0, is_listed=True), Asker.PERSON, JudgedBy.NONE),  # opens come from anywhere
    ],
)
def test_one_hit_is_judged_by_what_it_says_and_by_when_it_came(hit: Hit, verdict: Asker, rule: JudgedBy) -> None:
    (one,) = judged([hit], [], TAKEN, 5)
    assert (one.link, one.verdict, one.rule, one.count) == (hit.link, verdict, rule, 1)


def test_without_a_time_of_acceptance_no_hit_is_too_early() -> None:
    assert judged([at(1)], [], None, 5)[0].verdict is Asker.PERSON


def verdicts(hits: list[Hit], link_count: int, known: list[Judged] | None = None) -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for one in judged(hits, known or [], TAKEN, link_count):
        found.setdefault(one.link, set()).add(one.verdict.value)
    return found


def test_many_links_within_seconds_are_a_machines_whatever_its_name() -> None:
    burst = [at(600, 1), at(601, 2), at(602, 3)]
    machine = {"machine"}
    assert verdicts(burst, 9) == {1: machine, 2: machine, 3: machine}
    assert verdicts([*burst, at(900, 2)], 9) == {1: machine, 2: {"machine", "person"}, 3: machine}
    assert verdicts(burst[:2], 2) == {1: machine, 2: machine}, "all there are"
    assert verdicts(burst[:2], 9) == {1: {"person"}, 2: {"person"}}, "somebody who is quick"
    assert verdicts([at(600, 1), at(602, 2), at(604, 3)], 9) == {1: {"person"}, 2: {"person"}, 3: {"person"}}
    assert verdicts([at(600, 1)] * 50, 1) == {1: {"person"}}, "one link, over and over"
    assert verdicts([at(600, 0), at(600, 1), at(601, 2)], 9) == {0: {"person"}, 1: {"person"}, 2: {"person"}}


def test_what_was_judged_before_is_judged_anew_when_the_rest_of_a_burst_comes() -> None:
    early = judged([at(600, 1), at(601, 2)], [], TAKEN, 9)
    assert {one.verdict for one in early} == {Asker.PERSON}
    whole = judged([at(602, 3)], early, TAKEN, 9)
    assert {(one.link, one.verdict, one.rule, one.count) for one in whole} == {
        (link, Asker.MACHINE, JudgedBy.BURST, 1) for link in (1, 2, 3)
    }
    # Somebody who had clicked before and a machine that came later are told apart as far as it is known.
    known = judged([at(100, 1), at(600, 1), at(601, 2)], [], TAKEN, 9)
    assert {(one.link, one.verdict.value, one.count) for one in judged([at(602, 3)], known, TAKEN, 9)} == {
        (1, "person", 1), (1, "machine", 1), (2, "machine", 1), (3, "machine", 1)
    }  # fmt: skip
