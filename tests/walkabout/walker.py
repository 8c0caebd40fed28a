"""Goes wherever the pages lead, sends whatever they let one send, and writes down what is broken."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable
from random import Random
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urljoin, urlsplit

import pyotp
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect

from tests.walkabout.findings import Bounds, Findings
from tests.walkabout.pages import Field, Form, Page
from tests.walkabout.person import Answer, Files, Person, address
from tests.walkabout.values import HIDDEN_PARAMETERS, LARGE, ODD, ODD_IN_ADDRESSES, file_for, plausible

# What takes something away comes last, or there would be nothing left to look at.
TAKES_AWAY = re.compile(
    r"delete|erase|stop|undo|block|disable|revoke|forget|end_|_off|remove|role|reset|logout|suppress|unsubscribe|reject"
    r"|take_back|auth\.password|auth\.email|action_view|bulk|set_language|confirm_email|pause|retire"
)
# What a member of staff does to other people waits until these have seen everything.
TO_OTHERS = re.compile(r"manager\.|panel|admin|_view$|users\.|instances?\.|approv")
FAREWELLS = ("auth.logout", "auth.erase_account", "auth.end_other_sessions", "auth.do_confirm_email")
KEPT = {"auth.erase_account"}  # only by whoever came for that
Kind = tuple[str, str, tuple[str, ...], str]


class Walk:
    """One person's way through the site."""

    def __init__(
        self,
        person: Person,
        routes: MapAdapter,
        findings: Findings,
        bounds: Bounds,
        seed: int,
        calm: Callable[[], None],
    ) -> None:
        self.person, self.routes, self.findings, self.bounds = person, routes, findings, bounds
        self.seed, self.calm = seed, calm
        self.queue: deque[str] = deque()
        self.seen: set[str] = set()
        self.kinds: Counter[Any] = Counter()
        self.spots: dict[Kind, list[tuple[str, Form]]] = defaultdict(list)
        self.sent: set[Kind] = set()
        self.token = ""

    # ---- going about

    def explore(self, *entrances: str) -> None:
        """Follow the links, and send what takes nothing away and concerns nobody else."""
        self.wander(*entrances)
        self._send_all(lambda endpoint: not TAKES_AWAY.search(endpoint))

    def be_odd(self) -> None:
        """Send what nobody would send, and ask for what no page leads to."""
        for kind in list(self.sent):
            if kind[0] not in FAREWELLS and not TAKES_AWAY.search(kind[0]):
                self.send_odd(kind)
        self.ask_oddly()

    def take_away(self, from_others: bool) -> None:
        """Send what would leave less to look at: first of one's own, then that of other people."""
        before = set(self.sent)
        self._send_all(lambda endpoint: from_others or not TO_OTHERS.search(endpoint))
        for kind in [kind for kind in self.sent if kind not in before and kind[0] not in FAREWELLS]:
            self.send_odd(kind)

    def _send_all(self, is_meant: Callable[[str], bool]) -> None:
        while todo := [kind for kind in self.spots if kind not in self.sent and is_meant(kind[0])]:
            for kind in todo:
                self.sent.add(kind)
                self.kinds[kind[:2]] += 1
                most = self.bounds.forms
                if kind[0] not in FAREWELLS and (most is None or self.kinds[kind[:2]] <= most):
                    self.send(kind)
            self.wander()

    def say_goodbye(self) -> None:
        """What ends a session, or the account."""
        for endpoint in FAREWELLS:
            for kind in [kind for kind in self.spots if kind[0] == endpoint]:
                self.send(kind)

    def wander(self, *entrances: str) -> None:
        """Follow every link there is, so many of a kind."""
        self.queue.extend(entrances)
        while self.queue:
            path = self.queue.popleft()
            endpoint, _rule = self.match("GET", path)
            kind = (endpoint, tuple(sorted({name for name, _ in parse_qsl(urlsplit(path).query, True)})))
            more = 1 + bool(self.sent)  # there is something new to look at after something was sent
            is_file = endpoint in ("static", "admin.static")
            if is_file or path in self.seen or self._enough(kind, self.bounds.links, more):
                self._note_static(endpoint, path, is_file)
                continue
            if self._enough((endpoint, "page"), self.bounds.pages, more):
                continue
            self.seen.add(path)
            self.kinds[kind] += 1
            self.kinds[endpoint, "page"] += 1
            self.look(path)

    def _enough(self, kind: Any, most: int | None, more: int) -> bool:
        return most is not None and self.kinds[kind] >= most * more

    def look(self, path: str) -> Answer:
        """Open a page, go where it leads on to, and take in what is on it."""
        answer = self.judge(self.person.get(path), "a link")
        for _hop in range(5):
            target = self.own(answer.location) if answer.location else ""
            if not target or self._has_to_log_in(target):
                break
            answer = self.judge(self.person.get(target), "a redirect")
        self.take_in(answer)
        return answer

    def take_in(self, answer: Answer) -> None:
        """The links and forms of an answer."""
        if answer.kind != "text/html" or not answer.body:
            return
        page = Page(answer.text)
        self.token = page.token or self.token
        if answer.status == 200 and "<html" in answer.text[:200]:
            self.findings.pages[self.person.name].append(answer.path)
        self.queue.extend(target for link in page.links if (target := self.own(urljoin(answer.path, link))))
        for form in page.forms:
            if (target := self.own(urljoin(answer.path, form.action or answer.path))) is None:
                continue
            form.action = target
            spots = self.spots[self.kind_of(form)]
            if len(spots) < 3 or answer.method == "POST":
                spots.append((answer.path, form))

    # ---- forms

    def send(self, kind: Kind) -> None:
        """Fill a form in as somebody in earnest would, in two ways."""
        if kind[0] in KEPT and self.person.name != "leaver":
            return
        for variant in range(2):
            found = self.fresh(kind)
            pairs, files = self.filled(found, variant)
            answer = self.submit(found, pairs, files, "as meant")
            if found.method == "post" and not found.by_script and variant == 0:
                again = self.judge(self.person.get(found.action), "its address typed in")
                if again.status == 405:
                    self.findings.faults[f"{self.person.name}: GET {kind[0]}: 405"] += 1
            if answer.status < 400 and kind[0] == "auth.second_factor" and not self.person.secret:
                self.person.secret = self._secret
            if variant == 0:
                self.take_in(self.judge(self.person.get(self.spots[kind][0][0]), "back to the page"))
            if not found.names:
                break

    def send_odd(self, kind: Kind) -> None:
        """The same with one field that nobody would fill in like that."""
        found, chance = self.fresh(kind), self._chance(kind)
        for name in _some(chance, kind[2], self.bounds.odd_fields):
            values = [value for value in ODD if value != LARGE] if kind[1] == "GET" else list(ODD)
            for value in _some(chance, [*values, None, ()], self.bounds.odd_values):
                pairs, files = self.filled(found, 0)
                if files and name in files:
                    files[name] = file_for(name, chance)
                rest = [pair for pair in pairs if pair[0] != name]
                mine = [pair for pair in pairs if pair[0] == name]
                odd = mine * 2 + [(name, "x")] if value == () else [] if value is None else [(name, str(value))]
                answer = self.submit(found, rest + odd, files, f"{name}={_short(value)}")
                if answer.location:  # it was taken: the page is another one now
                    found = self.fresh(kind)

    def submit(self, form: Form, pairs: list[tuple[str, str]], files: Files | None, why: str) -> Answer:
        """Send it, and go where the answer leads on to."""
        headers = {"HX-Request": "true"} if form.by_script else {}
        if form.by_script and form.method == "post":
            headers["X-CSRFToken"] = self.token
        for _again in range(2):
            if form.method == "get":
                answer = self.judge(self.person.get(address(form.action, pairs), **headers), why)
            else:
                answer = self.judge(self.person.post(form.action, pairs, files, **headers), why)
            if answer.status != 429:
                break
            self.calm()
        target = self.own(answer.location) if answer.location else ""
        if target and not self._has_to_log_in(target):
            self.look(target)
        else:
            self.take_in(answer)
        return answer

    def fresh(self, kind: Kind) -> Form:
        """The form as it stands on its page now; as it was seen when it is there no more."""
        seen = self.spots[kind][-1][1]
        for path, _form in self.spots[kind][-2:]:
            if self.match("GET", path)[0] is None:
                continue
            page = Page(self.judge(self.person.get(path), "back to a form").text)
            self.token = page.token or self.token
            for form in page.forms:
                form.action = urljoin(path, form.action or path)
                if self.kind_of(form) == kind:
                    self._remember_secret(page)
                    return form
        for each in seen.fields:
            if each.name == "csrf_token" and self.token:
                each.values = [self.token]
        return seen

    def filled(self, form: Form, variant: int) -> tuple[list[tuple[str, str]], Files | None]:
        """The fields as somebody in earnest fills them in."""
        pairs: list[tuple[str, str]] = []
        files: Files = {}
        for each in form.fields:
            if each.kind == "file":
                files[each.name] = file_for(each.name)
            elif each.kind == "button" or each.name == "csrf_token":
                pairs.append((each.name, each.values[0]))
            else:
                chance = self._chance((form.action, each.name))
                values = self.own_words(form, each) or plausible(each, self.person.password, chance, variant)
                pairs += [(each.name, value) for value in values]
        return pairs, files if form.is_multipart else None

    def own_words(self, form: Form, each: Field) -> list[str]:
        """What only this person can know."""
        if (
            each.name == "password"
            and not self.person.has_account
            and "auth.login" in str(self.match("POST", form.action))
        ):
            return ["not the password"]
        if each.name == "code" and self._secret:
            return [pyotp.TOTP(self._secret).now()]
        if each.name == "email" and self.match("POST", form.action)[0] in ("auth.forgot", "auth.login", "auth.resend"):
            return [self.person.logins[0][0]]
        return []

    _secret = ""

    def _remember_secret(self, page: Page) -> None:
        if page.secret:
            self._secret = page.secret

    # ---- odd addresses

    def ask_oddly(self) -> None:
        """Every address with one part or parameter that no page would write."""
        asked: Counter[str | None] = Counter()
        for path in list(self.seen):
            endpoint, rule = self.match("GET", path)
            asked[endpoint] += 1
            if endpoint is None or asked[endpoint] > (self.bounds.odd_pages or len(self.seen)):
                continue
            url, query = urlsplit(path), parse_qsl(urlsplit(path).query, True)
            chance, most = self._chance(endpoint), self.bounds.odd_values
            own = list(dict.fromkeys(name for name, _ in query))
            hidden = [name for name in HIDDEN_PARAMETERS if name not in own]
            parts = self.bounds.odd_parts
            for name in _some(chance, own, parts) + _some(chance, hidden, parts):
                for value in _some(chance, ODD_IN_ADDRESSES, most):
                    pairs = [pair for pair in query if pair[0] != name] + [(name, value)]
                    self.judge(self.person.get(address(url.path, pairs)), f"{name}={_short(value)}")
            for argument in _some(chance, rule, parts):
                for value in _some(chance, ODD_IN_ADDRESSES, most):
                    odd = quote(value, safe="", errors="surrogatepass")
                    path_parts = [odd if unquote(part) == str(rule[argument]) else part for part in url.path.split("/")]
                    self.judge(self.person.get("/".join(path_parts)), f"{argument}={_short(value)}")

    def _chance(self, what: object) -> Random:
        """The same choice for the same form, whoever else is about meanwhile."""
        return Random(f"{self.seed} {self.person.name} {what}")

    # ---- judging

    def judge(self, answer: Answer, why: str) -> Answer:
        """Write down what is broken, and which route was reached."""
        self.findings.note(self.person.name, answer, self.match(answer.method, answer.path)[0], why)
        return answer

    def match(self, method: str, path: str) -> tuple[str | None, dict[str, Any]]:
        """The route that an address belongs to."""
        try:
            return self.routes.match(unquote(urlsplit(path).path, errors="replace"), method)
        except RequestRedirect as redirect:
            return self.routes.match(urlsplit(redirect.new_url).path, method)
        except HTTPException:
            return None, {}

    def kind_of(self, form: Form) -> Kind:
        """Forms alike in what they send and where are one kind."""
        method = form.method.upper()
        endpoint = self.match(method, form.action)[0] or form.action
        pressed = next((f"{each.name}={each.values[0]}" for each in form.fields if each.kind == "button"), "")
        return endpoint, method, form.names, pressed

    def own(self, link: str) -> str | None:
        """The path, when it is one of this site."""
        url = urlsplit(urljoin(f"{self.person.site}/", link))
        if url.netloc != urlsplit(self.person.site).netloc or url.scheme not in ("http", "https"):
            return None
        return url.path + (f"?{url.query}" if url.query else "")

    def _note_static(self, endpoint: str | None, path: str, is_file: bool) -> None:
        if is_file and endpoint and (endpoint, "GET") not in self.findings.reached:
            self.judge(self.person.get(path), "a file")

    def _has_to_log_in(self, target: str) -> bool:
        """Whether this leads to the login although somebody has an account; then they have signed in again."""
        if not self.person.has_account or urlsplit(target).path != "/login":
            return False
        self.log_in()
        return True

    def log_in(self) -> bool:
        """Through the form, with a code when one is asked for."""
        for email, password in self.person.logins:
            self.calm()
            page = self.person.get("/login")
            if page.location:  # signed in still
                return True
            [form] = [form for form in Page(page.text).forms if "password" in form.names]
            token = [(each.name, each.values[0]) for each in form.fields if each.name == "csrf_token"]
            answer = self.person.post("/login", [*token, ("email", email), ("password", password)])
            if answer.location.startswith("/login/code"):
                answer = self._give_code(answer.location)
            if answer.status == 303 or 300 <= answer.status < 400:
                return True
        return False

    def _give_code(self, path: str) -> Answer:
        page = self.judge(self.person.get(path), "a link")
        [form] = [form for form in Page(page.text).forms if "code" in form.names]
        form.action = urljoin(path, form.action or path)
        pairs, files = self.filled(form, 0)
        return self.judge(self.person.post(form.action, pairs, files), "the code")


def _some(chance: Random, values: Iterable[Any], most: int | None) -> list[Any]:
    """So many of them."""
    found = list(values)
    return found if most is None else chance.sample(found, min(most, len(found)))


def _short(value: object) -> str:
    text = "left out" if value is None else "repeated" if value == () else str(value)
    text = text.encode("unicode_escape").decode()
    return text if len(text) < 40 else f"{text[:12]}… ({len(text)})"
