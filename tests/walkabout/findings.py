"""What the walks have seen, and how much they look at."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from threading import Lock

from tests.walkabout.person import Answer
from tests.walkabout.routes import Route

STEP = 500  # requests between two lines that tell how far it has got


@dataclass(frozen=True)
class Bounds:
    """How much of everything."""

    pages: int = 1  # of one endpoint, for one person …
    kinds: int = 1  # … and more while so few have been seen of one kind by anybody
    forms: int = 1  # the same of forms
    ways: int = 1  # to fill in a form that was taken at once
    odd_values: int = 0  # for each field, where that is more than each value needs to meet each kind of field
    in_chromium: int = 5  # pages of each person
    hidden: int = 30  # addresses that are asked with a parameter that no page shows


LONG = Bounds(pages=8, kinds=3, forms=3, ways=2, odd_values=3, in_chromium=40, hidden=600)


@dataclass
class Findings:
    """What all walks together have seen."""

    routes: set[Route]  # that are to be reached
    faults: Counter[str] = field(default_factory=Counter)
    reached: set[Route] = field(default_factory=set)
    tried: dict[Route, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    pages: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))  # one of each endpoint
    asked: Counter[str] = field(default_factory=Counter)  # requests of each person
    routes_of: dict[str, set[Route]] = field(default_factory=lambda: defaultdict(set))
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))  # what each endpoint took
    kinds: Counter[Hashable] = field(default_factory=Counter)
    lock: Lock = field(default_factory=Lock)

    @property
    def unreached(self) -> set[str]:
        """Endpoints where something was never reached."""
        return {endpoint for endpoint, _method in self.routes - self.reached}

    def note(self, name: str, answer: Answer, endpoint: str, why: str) -> None:
        """Write an answer down; everybody does so at once."""
        with self.lock:
            self.asked[name] += 1
            if self.asked.total() % STEP == 0:
                print(f"{time.strftime('%T')} {dict(self.asked)}, {len(self.faults)} faults", flush=True)
            self.seconds[f"{answer.method} {endpoint}"] += answer.seconds
            if answer.fault:
                self._fault(f"{name}: {answer.method} {endpoint} {answer.path[:200]} ({why}): {answer.fault}")
            is_there = answer.status == 200 or (300 <= answer.status < 400 and not answer.leads_to_login)
            if answer.method == "GET" and endpoint and is_there:
                self._reach(name, (endpoint, "GET"))
            elif endpoint:
                self.tried[endpoint, answer.method][str(answer.status)] += 1

    def fault(self, text: str) -> None:
        """Something broken, told at once and once."""
        with self.lock:
            self._fault(text)

    def taken(self, name: str, route: Route, refused: str) -> None:
        """A form was sent: it reached its route when nobody said no."""
        with self.lock:
            if refused:
                self.tried[route][refused] += 1
            else:
                self._reach(name, route)

    def is_new(self, kind: Hashable, most: int) -> bool:
        """Whether fewer than so many of that kind were seen by anybody; counts this one."""
        with self.lock:
            self.kinds[kind] += 1
            return self.kinds[kind] <= most

    def _fault(self, text: str) -> None:
        if text not in self.faults:
            print(text, flush=True)
        self.faults[text] += 1

    def _reach(self, name: str, route: Route) -> None:
        self.reached.add(route)
        self.routes_of[name].add(route)
