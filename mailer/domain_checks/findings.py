"""What was found at one place of the DNS, as it can be kept in JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

SHOWN_RECORDS = 5
SHOWN_CHARACTERS = 600  # of a record: a key of 4096 bits is longer than any other of use


class RecordVerdict(StrEnum):
    """How a record stands. `UNKNOWN`: nobody could say, which is never the same as `MISSING`."""

    RIGHT = "right"
    ADVICE = "advice"  # missing, and mail goes without it
    MISSING = "missing"
    WRONG = "wrong"
    UNKNOWN = "unknown"


class Check(StrEnum):
    """What is looked at."""

    PROOF = "proof"
    DKIM = "dkim"
    SPF = "spf"
    DMARC = "dmarc"
    MX = "mx"
    REVERSE = "reverse"
    TLS_RPT = "tls-rpt"
    MTA_STS = "mta-sts"


class Away(Exception):
    """No answer that means anything: SERVFAIL, a refusal, silence."""


@dataclass(slots=True)
class DnsFinding:
    """What stands at `name`, and what is wrong with it: words that the pages know (`problems`), each with a detail."""

    check: Check
    name: str
    verdict: RecordVerdict
    records: list[str] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    lookups: int = 0  # that an SPF record costs a receiver

    def blame(self, problem: str, detail: str = "") -> None:
        """Note something that is wrong."""
        self.verdict = RecordVerdict.WRONG
        if (problem, detail) not in self.problems:
            self.problems.append((problem, detail[:100]))

    def show(self, records: list[str]) -> None:
        """Keep what stands there, as far as it can be shown: it may be anybody's and of any length."""
        self.records = [_shown(record) for record in records[:SHOWN_RECORDS]]

    def as_json(self) -> dict[str, Any]:
        """For a column or a cache."""
        return {
            "check": self.check.value, "name": self.name, "verdict": self.verdict.value, "records": self.records,
            "problems": [list(problem) for problem in self.problems], "lookups": self.lookups,
        }  # fmt: skip

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> DnsFinding:
        """The same again. Errors: KeyError and ValueError for what an other release has kept."""
        return cls(
            Check(kept["check"]), kept["name"], RecordVerdict(kept["verdict"]), list(kept["records"]),
            [(problem, detail) for problem, detail in kept["problems"]], kept["lookups"],
        )  # fmt: skip


def unknown(check: Check, name: str) -> DnsFinding:
    """Nobody could say."""
    return DnsFinding(check, name, RecordVerdict.UNKNOWN)


def _shown(record: str) -> str:
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in record[:SHOWN_CHARACTERS])
