"""A person who knows the URL map: asks, follows, signs in again when asked to, and writes down what comes back."""

from __future__ import annotations

import time
from collections.abc import Callable
from random import Random
from urllib.parse import urljoin

import pyotp

from tests.walkabout.findings import Findings
from tests.walkabout.pages import Form, Page
from tests.walkabout.person import Answer, Files, Pairs, Person
from tests.walkabout.routes import Routes

HOPS = 5
PATIENCE = 5


class ShownOut(Exception):
    """The login is refused."""


class Visitor:
    """`calm` lets an hour pass, when the site asks for patience; `seed` is what all choices hang on."""

    def __init__(self, person: Person, routes: Routes, findings: Findings, seed: int, calm: Callable[[], None]) -> None:
        self.person, self.routes, self.findings, self.seed, self.calm = person, routes, findings, seed, calm
        self.token = ""

    @property
    def name(self) -> str:
        """Who it is."""
        return self.person.name

    def chance(self, what: object) -> Random:
        """The same choice for the same thing, whoever else is about meanwhile."""
        return Random(f"{self.seed} {self.name} {what}")

    def get(self, path: str, why: str, **headers: str) -> Answer:
        """Look at a page."""
        return self._judged(lambda: self.person.get(path, **headers), why)

    def post(self, path: str, pairs: Pairs, files: Files | None, why: str, **headers: str) -> Answer:
        """Send a form."""
        return self._judged(lambda: self.person.post(path, pairs, files, **headers), why)

    def follow(self, answer: Answer) -> Answer:
        """Go where it leads on to, but to the login only who has no account."""
        for _hop in range(HOPS):
            target = self.routes.own(answer.location) if answer.location else ""
            if not target:
                break
            if answer.leads_to_login and self.person.has_account:
                self.log_in()
                break
            answer = self.get(target, "a redirect")
        return answer

    def page_of(self, answer: Answer) -> Page | None:
        """What is on it, when it is a page."""
        if answer.kind != "text/html" or not answer.body:
            return None
        page = Page(answer.text)
        self.token = page.token or self.token
        self.person.secret_shown = page.secret or self.person.secret_shown
        for form in page.forms:
            form.action = self.routes.own(urljoin(answer.path, form.action or answer.path))
        return page

    def log_in(self) -> None:
        """Through the form, with a code when one is asked for."""
        for email, password in self.person.logins:
            self.calm()
            answer = self.get("/login", "signing in")
            if answer.location:  # signed in still
                return
            answer = self._send_first(answer, email=email, password=password)
            if answer.location.startswith("/login/code"):
                code = pyotp.TOTP(self.person.secret).now()
                answer = self._send_first(self.get(answer.location, "signing in"), code=code)
            if answer.location:
                return
        raise ShownOut(f"{self.name} cannot sign in: {answer.status}")

    def _send_first(self, answer: Answer, **values: str) -> Answer:
        """The form that holds these fields, with them filled in."""
        page = self.page_of(answer)
        assert page is not None
        [form] = [form for form in page.forms if set(values) <= set(form.names)]
        sent = self.post(form.action, [*_hidden(form), *values.items()], None, "signing in")
        route = self.routes.match("POST", form.action)[0], "POST"
        self.findings.taken(self.name, route, "" if sent.location else str(sent.status))
        return sent

    def _judged(self, ask: Callable[[], Answer], why: str) -> Answer:
        answer = ask()
        for _again in range(PATIENCE):
            if answer.status == 429:
                self.calm()
            elif answer.status == 503 and "retry-after" in answer.headers:  # the few places for long work are taken
                time.sleep(int(answer.headers["retry-after"]))
            else:
                break
            answer = ask()
        self.findings.note(self.name, answer, self.routes.match(answer.method, answer.path)[0], why)
        return answer


def _hidden(form: Form) -> list[tuple[str, str]]:
    return [(each.name, each.values[0]) for each in form.fields if each.kind == "hidden"]
