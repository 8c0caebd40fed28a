"""Goes wherever the pages lead, and sends whatever they let one send."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.walkabout.findings import Bounds
from tests.walkabout.forms import Forms, Kind
from tests.walkabout.person import Answer
from tests.walkabout.visitor import Visitor

# What takes something away comes last, or there would be nothing left to look at.
TAKES_AWAY = re.compile(
    r"delete|erase|stop|undo|block|disable|revoke|forget|end_|_off|remove|role|reset_|logout|suppress|unsubscribe|reject"
    r"|take_back|drop|discard|auth\.password|auth\.email|action_view|bulk|set_language|pause|retire|switch|limits|permissions"
)
# What a member of staff does to other people waits until these have seen everything.
TO_OTHERS = re.compile(r"manager\.|panel|admin|_view$|users\.|instances?\.|approv|review\.")
FAREWELLS = ("auth.do_confirm_email", "auth.end_other_sessions", "auth.logout")  # in this order
ONLY_LEAVER = "auth.erase_account"
LEAVER = "leaver"
ENDS = re.compile(
    r"delete|erase|block|disable|discard|tags\.|auth\.(?:email|password)|role|action_view|bulk|switch|_off"
)
AGAIN = 3  # addresses of one endpoint that were passed by
MOST = 40  # forms of one endpoint that each person sends, however many kinds a page can make of them
TRIES = 6  # of a form that nobody has been able to send yet, by each person


class Walk:
    """One person's way through the site."""

    def __init__(self, visitor: Visitor, bounds: Bounds) -> None:
        self.visitor, self.bounds = visitor, bounds
        self.forms = Forms(visitor)
        self.queue: deque[str] = deque()
        self.seen: set[str] = set()
        self.passed_by: dict[str, dict[str, None]] = defaultdict(dict)  # addresses of each endpoint
        self.count: Counter[Any] = Counter()
        self.sent: dict[Kind, int] = {}  # how often it had been met by then

    @property
    def name(self) -> str:
        """Who walks."""
        return self.visitor.name

    def explore(self, *entrances: str) -> None:
        """Follow the links, and send what takes nothing away and concerns nobody else."""
        self.wander(*entrances)
        self._send_all(lambda endpoint: not TAKES_AWAY.search(endpoint))

    def take_away_own(self) -> None:
        """Send what leaves less of one's own to look at."""
        self._send_all(lambda endpoint: not TO_OTHERS.search(endpoint))

    def take_away(self) -> None:
        """The same, of other people's too."""
        self._send_all(lambda endpoint: True)

    def say_goodbye(self) -> None:
        """What ends a session, or the account."""
        for endpoint in FAREWELLS if self.name != LEAVER else [ONLY_LEAVER]:
            for kind in [kind for kind in self.forms.spots if kind[0] == endpoint][:1]:
                self.visitor.person.has_account = endpoint != ONLY_LEAVER
                self.send(kind)

    def come_back(self) -> None:
        """Sign out, and in again: with a code, for those who have set one up."""
        for kind in [kind for kind in self.forms.spots if kind[0] == "auth.logout"][:1]:
            if self.visitor.person.secret:
                self.send(kind)
                self.visitor.log_in()

    # ---- links

    def wander(self, *entrances: str) -> None:
        """Follow every link there is, so many of a kind."""
        self.queue.extend(entrances)
        while self.queue:
            path = self.queue.popleft()
            endpoint, _parts = self.visitor.routes.match("GET", path)
            if path in self.seen:
                continue
            if self._is_wanted(endpoint, path):
                self.seen.add(path)
                self.look(path)
            else:
                self.passed_by[endpoint][path] = None

    def look_again(self, for_all: bool) -> None:
        """Open what may lead to the routes that nobody has reached: pages seen before, and others of their kind. Those
        that take something away come later, unless it is `for_all`."""
        missing = {each for each in self.visitor.findings.unreached if for_all or not TAKES_AWAY.search(each)}
        for room in {endpoint.rpartition(".")[0] for endpoint in missing}:
            known = self.visitor.findings.pages[self.name]
            for endpoint, path in [(key, path) for key, path in known.items() if key.rpartition(".")[0] == room]:
                for each in [path, *list(self.passed_by[endpoint])[-AGAIN:]]:
                    self.look(each)
        self.wander()

    def _is_wanted(self, endpoint: str, path: str) -> bool:
        if endpoint in ("static", "admin.static"):
            return (endpoint, "GET") not in self.visitor.findings.reached
        self.count[endpoint] += 1
        kind = endpoint, tuple(sorted({name for name, _ in parse_qsl(urlsplit(path).query, True)}))
        is_new = self.visitor.findings.is_new(kind, self.bounds.kinds)
        is_open = endpoint in self.visitor.findings.unreached and self.count[endpoint] <= TRIES
        return is_new or is_open or self.count[endpoint] <= self.bounds.pages

    def look(self, path: str) -> Answer:
        """Open a page, go where it leads on to, and take in what is on it."""
        answer = self.visitor.follow(self.visitor.get(path, "a link"))
        self.take_in(answer)
        return answer

    def take_in(self, answer: Answer) -> None:
        """The links and forms of an answer."""
        page = self.visitor.page_of(answer)
        if page is None:
            return
        endpoint = self.visitor.routes.match("GET", answer.path)[0]
        if answer.status == 200 and endpoint and "<html" in answer.text[:200]:
            self.visitor.findings.pages[self.name].setdefault(endpoint, answer.path)
        self.queue.extend(target for link in page.links_from(answer.path) if (target := self.visitor.routes.own(link)))
        self.forms.take_in(answer, page)

    # ---- forms

    def _send_all(self, is_meant: Callable[[str], bool]) -> None:
        """The gentle ones first: what they change may lead to more of these."""
        while todo := [kind for kind in self.forms.spots if is_meant(kind[0]) and self._is_new(kind)]:
            kind = min(todo, key=lambda kind: bool(TAKES_AWAY.search(kind[0])) + bool(ENDS.search(kind[0])))
            self.sent[kind] = self.forms.met[kind]
            if kind[0] not in (*FAREWELLS, ONLY_LEAVER) and self._is_worth_sending(kind):
                self.send(kind)
                self.wander()

    def _is_new(self, kind: Kind) -> bool:
        """Whether it was never sent, or met again since, and nobody has been able to send the like."""
        is_reached = kind[:2] in self.visitor.findings.reached
        return kind not in self.sent or (not is_reached and self.forms.met[kind] > self.sent[kind])

    def _is_worth_sending(self, kind: Kind) -> bool:
        self.count[kind[:2]] += 1
        is_open = kind[:2] not in self.visitor.findings.reached and self.count[kind[:2]] <= TRIES
        is_new = self.visitor.findings.is_new(kind, self.bounds.kinds) and self.count[kind[:2]] <= MOST
        return is_new or is_open or self.count[kind[:2]] <= self.bounds.forms

    def send(self, kind: Kind) -> bool:
        """Fill a form in as somebody in earnest would: as seen, and otherwise when it is not taken."""
        refused = self._send_once(kind, 0)
        if kind[1] == "POST" and self.visitor.findings.is_new(("typed in", kind[0]), 1):
            answer = self.visitor.get(self.forms.seen(kind).action, "its address typed in")
            if answer.status == 405:
                self.visitor.findings.fault(f"{self.name}: the address of a form typed in: GET {kind[0]}: 405")
        if kind[2] and (refused or self.bounds.ways > 1):
            refused = self._send_once(kind, 1) and refused
        return not refused

    def _send_once(self, kind: Kind, variant: int) -> str:
        form = self.forms.fresh(kind) if variant else self.forms.seen(kind)
        end, refused = self.forms.send(form, *self.forms.filled(form, variant), f"as meant, variant {variant}")
        if not refused and kind[0] == "auth.second_factor":
            self.visitor.person.secret = self.visitor.person.secret_shown
        if not refused and kind[0] == "auth.switch_second_factor_off":
            self.visitor.person.secret = ""
        self.take_in(end)
        return refused
