"""What the test server does instead of what it should: one line of text, one rule.

    CONNECT -> drop
    GREETING x2 -> 421 4.7.0 Too many connections
    RCPT nobody@* -> 550 5.1.1 No such user
    RCPT *@grey.test 30% -> 450 4.7.1 Come back later
    DOT slow@* -> accept; delay 2; 250 2.0.0 At last
    DOT -> accept; drop

`EVENT [pattern] [odds%] [xTIMES] -> step; step; …`. The pattern is compared with the recipient (at MAIL
with the sender). The first rule that fits and wins its odds is played; TIMES limits how often it is.
"""

import fnmatch
import random
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Event(StrEnum):
    """The moments at which a rule can step in."""

    CONNECT = "CONNECT"  # before the greeting: for `drop`, `reset`, `silence`, `delay`
    GREETING = "GREETING"
    EHLO = "EHLO"
    STARTTLS = "STARTTLS"
    AUTH = "AUTH"
    MAIL = "MAIL"
    RCPT = "RCPT"
    DATA = "DATA"
    CONTENT = "CONTENT"  # the first bytes of the content have arrived, the dot has not been looked for
    DOT = "DOT"
    RSET = "RSET"
    QUIT = "QUIT"


class Verb(StrEnum):
    """What one step does."""

    REPLY = "reply"  # a reply line; a step that starts with a digit is one
    RAW = "raw"  # bytes as they are, Python escapes understood
    DRIBBLE = "dribble"  # `dribble 0.5 250 Ok`: one byte every half second
    FLOOD = "flood"  # the same line again and again, for ever
    DELAY = "delay"  # seconds
    ACCEPT = "accept"  # write the message to the ledger
    DROP = "drop"  # close the connection
    RESET = "reset"  # close it with a TCP reset
    SILENCE = "silence"  # say nothing more, read nothing more


@dataclass(frozen=True, slots=True)
class Step:
    """One thing done: the verb, its seconds, its bytes."""

    verb: Verb
    seconds: float = 0.0
    payload: bytes = b""

    @classmethod
    def parse(cls, text: str) -> "Step":
        """Read one step; ValueError when it says nothing known."""
        word, _, rest = text.strip().partition(" ")
        if word[:1].isdigit():
            return cls(Verb.REPLY, payload=text.strip().encode() + b"\r\n")
        verb = Verb(word)
        if verb is Verb.DELAY:
            return cls(verb, seconds=float(rest))
        if verb is Verb.DRIBBLE:
            pause, _, reply = rest.partition(" ")
            return cls(verb, seconds=float(pause), payload=reply.encode() + b"\r\n")
        if verb is Verb.RAW:
            return cls(verb, payload=rest.encode("latin-1").decode("unicode_escape").encode("latin-1"))
        return cls(verb, payload=rest.encode() + b"\r\n" if rest else b"")


_RULE = re.compile(
    r"(?P<event>[A-Z]+)"
    r"(?:\s+(?P<pattern>[^\s%]*[@*][^\s%]*))?"
    r"(?:\s+(?P<percent>\d+(?:\.\d+)?)%)?"
    r"(?:\s+x(?P<times>\d+))?"
    r"\s*->\s*(?P<steps>.+)"
)


@dataclass(slots=True)
class ReplyRule:
    """One misbehaviour; `odds` 0..1; `times` is how often it may still be played (None: always)."""

    event: Event
    steps: tuple[Step, ...]
    pattern: str = "*"
    odds: float = 1.0
    times: int | None = None

    @classmethod
    def parse(cls, text: str) -> "ReplyRule":
        """Read one line of the language above; ValueError when it is not one."""
        match = _RULE.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not a rule: {text!r}")
        return cls(
            event=Event(match["event"]),
            steps=tuple(Step.parse(step) for step in match["steps"].split(";")),
            pattern=match["pattern"] or "*",
            odds=float(match["percent"] or 100) / 100,
            times=int(match["times"]) if match["times"] else None,
        )

    def fits(self, subject: str) -> bool:
        """Tell whether the rule is about this address and not used up."""
        return self.times != 0 and (self.pattern == "*" or fnmatch.fnmatchcase(subject, self.pattern))


class RuleBook:
    """The rules in force; replaced as a whole, so another thread may do so at any moment."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable odds, no secret
        self._by_event: dict[Event, list[ReplyRule]] = {}

    def replace(self, rules: Iterable[ReplyRule]) -> None:
        """Forget the old rules, obey these from the next event on."""
        by_event: dict[Event, list[ReplyRule]] = {}
        for rule in rules:
            by_event.setdefault(rule.event, []).append(rule)
        self._by_event = by_event

    def steps_for(self, event: Event, subject: str) -> tuple[Step, ...] | None:
        """Return what to do about the event, None for the ordinary thing."""
        for rule in self._by_event.get(event, ()):
            if rule.fits(subject) and (rule.odds >= 1 or self._random.random() < rule.odds):
                if rule.times is not None:
                    rule.times -= 1
                return rule.steps
        return None

    def has(self, event: Event) -> bool:
        """Tell whether any rule is about the event."""
        return event in self._by_event


def parse_rules(text: str) -> list[ReplyRule]:
    """Read a file of rules; empty lines and lines starting with # say nothing."""
    lines = (line.strip() for line in text.splitlines())
    return [ReplyRule.parse(line) for line in lines if line and not line.startswith("#")]
