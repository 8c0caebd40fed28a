"""The forms that a person has come across, and how they are filled in and sent."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pyotp

from tests.walkabout.pages import Field, Form, Page
from tests.walkabout.person import Answer, Files, address
from tests.walkabout.values import file_for, plausible
from tests.walkabout.visitor import Visitor

Kind = tuple[str, str, tuple[str, ...], str]  # forms alike in what they send and where are one kind
Pairs = list[tuple[str, str]]
REFUSED = re.compile(r'class="flash flash-(?:danger|warning)".*?class="flash-text">(.*?)</div>', re.DOTALL)
NUMBERS = re.compile(r"\d+(?:[-.]\d+)*")  # of a part of a form that may have ever more of them
KEPT_SPOTS = 3
BY_ADDRESS = ("auth.forgot", "auth.login", "auth.resend")  # asked for by whom the account belongs to


class Forms:
    """What one visitor can send."""

    def __init__(self, visitor: Visitor) -> None:
        self.visitor = visitor
        self.spots: dict[Kind, list[tuple[str, Form]]] = defaultdict(list)
        self.met: Counter[Kind] = Counter()

    def take_in(self, answer: Answer, page: Page) -> None:
        """Remember the forms of a page."""
        for form in page.forms:
            if form.action:
                kind = self.kind_of(form)
                self.met[kind] += 1
                spots = self.spots[kind]
                spots.append((answer.path, form))
                del spots[1:-KEPT_SPOTS]

    def kind_of(self, form: Form) -> Kind:
        """Its endpoint (or address), its method, its fields and the button that sends it."""
        method = form.method.upper()
        endpoint = self.visitor.routes.match(method, form.action)[0] or form.action
        pressed = next((f"{each.name}={each.values[0]}" for each in form.fields if each.kind == "button"), "")
        names = tuple(sorted({NUMBERS.sub("n", name) for name in form.names}))
        return endpoint, method, names, NUMBERS.sub("n", pressed)

    def seen(self, kind: Kind) -> Form:
        """The form as it was seen last."""
        form = self.spots[kind][-1][1]
        for each in form.fields:
            if each.name == "csrf_token" and self.visitor.token:
                each.values = [self.visitor.token]
        return form

    def fresh(self, kind: Kind) -> Form:
        """The form as it stands on its page now; as it was seen when it is there no more."""
        for path, _form in reversed(self.spots[kind][-2:]):
            if not self.visitor.routes.match("GET", path)[0]:
                continue
            page = self.visitor.page_of(self.visitor.get(path, "back to a form"))
            for form in page.forms if page else []:
                if self.kind_of(form) == kind:
                    return form
        return self.seen(kind)

    def filled(self, form: Form, variant: int) -> tuple[Pairs, Files | None]:
        """The fields as somebody in earnest fills them in."""
        pairs: Pairs = []
        files: Files = {}
        for each in form.fields:
            if each.kind == "file":
                files[each.name] = file_for(each.name)
            elif each.kind == "button" or each.name == "csrf_token":
                pairs.append((each.name, each.values[0]))
            else:
                chance = self.visitor.chance((form.action, each.name))
                known = self._known(form, each)
                values = known or plausible(each, self.visitor.person.password, chance, variant)
                if each.attributes.get("type") == "email" and form.action.startswith("/profile/"):
                    self.visitor.person.addresses.update(values)
                pairs += [(each.name, value) for value in values]
        return pairs, files if form.is_multipart else None

    def send(self, form: Form, pairs: Pairs, files: Files | None, why: str) -> tuple[Answer, str]:
        """Send it; where that led in the end, and with which words it was refused, "" when it was taken."""
        headers = {"HX-Request": "true"} if form.by_script else {}
        if form.by_script and form.method == "post":
            headers["X-CSRFToken"] = self.visitor.token
        if form.method == "get":
            answer = self.visitor.get(address(form.action, pairs), why, **headers)
        else:
            answer = self.visitor.post(form.action, pairs, files, why, **headers)
        end = self.visitor.follow(answer)
        refused = refusal(answer, end)
        route = self.visitor.routes.match(answer.method, form.action)[0], answer.method
        if route[0]:
            self.visitor.findings.taken(self.visitor.name, route, refused)
        return end, refused

    def _known(self, form: Form, each: Field) -> list[str]:
        """What only this person can know."""
        person, endpoint = self.visitor.person, self.visitor.routes.match("POST", form.action)[0]
        if each.name == "password" and endpoint == "auth.login" and not person.has_account:
            return ["not the password"]
        if each.name == "code" and (secret := person.secret or person.secret_shown):
            return [pyotp.TOTP(secret).now()]
        if each.name == "domain" and endpoint == "warm_ups.start":
            return ["nothing.leaves.test"]  # a warm-up of the service's own domain would keep the others' mail back
        if each.name == "email" and endpoint in BY_ADDRESS:
            return [person.logins[0][0]]
        return []


def refusal(answer: Answer, end: Answer) -> str:
    """What the site says against it: a status, the way to the login, or a word on the page it leads to."""
    found = REFUSED.search(end.text) if end.kind == "text/html" else None
    words = " ".join(found[1].split())[:200] if found else ""
    if answer.status >= 400 or not answer.status:
        return f"{answer.status} {words}".strip()
    if answer.leads_to_login and not answer.path.startswith(("/reset/", "/logout", "/register", "/confirm")):
        return "the way to the login"
    return words
