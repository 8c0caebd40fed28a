"""What the walks have seen, and how much they look at."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from threading import Lock
from typing import Any
from urllib.parse import urlsplit

from tests.walkabout.person import Answer

STEP = 250  # requests between two lines that tell how far it has got


@dataclass
class Bounds:
    """How much of everything: `None` for all."""

    links: int | None = 1  # of one kind, for one person
    pages: int | None = 3  # of one endpoint
    forms: int | None = 3  # of one endpoint
    odd_fields: int | None = 2  # of one form
    odd_values: int | None = 1  # for one field
    odd_pages: int | None = 1  # of one endpoint
    odd_parts: int | None = 1  # of one address


@dataclass
class Findings:
    """What all walks together have seen."""

    faults: dict[str, int] = field(default_factory=Counter)
    reached: set[tuple[str, str]] = field(default_factory=set)
    tried: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    pages: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))  # for a browser to look at
    asked: Counter[str] = field(default_factory=Counter)  # requests of each person
    routes_of: dict[str, set[Any]] = field(default_factory=lambda: defaultdict(set))
    seconds: Counter[str] = field(default_factory=Counter)  # what each endpoint took
    lock: Lock = field(default_factory=Lock)

    def note(self, name: str, answer: Answer, endpoint: str | None, why: str) -> None:
        """Write an answer down; everybody does so at once."""
        with self.lock:
            self.asked[name] += 1
            if self.asked.total() % STEP == 0:
                print(f"{time.strftime('%T')} {dict(self.asked)}, {len(self.faults)} faults", flush=True)
            self.seconds[f"{answer.method} {endpoint}"] += answer.seconds
            if answer.fault:
                where = f"{answer.method} {endpoint} {answer.path[:200]}"
                fault = f"{name}: {where} ({why}): {answer.fault}"
                if not self.faults.get(fault):
                    print(fault, flush=True)
                self.faults[fault] += 1
            if endpoint:
                self.tried[endpoint, answer.method].add(answer.status)
                if _is_reached(answer, endpoint):
                    self.reached.add((endpoint, answer.method))
                    self.routes_of[name].add((endpoint, answer.method))


def _is_reached(answer: Answer, endpoint: str) -> bool:
    """A way to the login page is none into the room that asks for it."""
    if 300 <= answer.status < 400:
        return endpoint.startswith("auth.") or urlsplit(answer.location).path != "/login"
    return answer.status in (200, 409, 422)
