"""The running service that is walked through: who has accounts there, and what happens from outside its pages."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from redis import Redis

from tests.chromium.conftest import PASSWORD, Service
from tests.waiting import wait_until
from tests.walkabout.findings import Bounds, Findings
from tests.walkabout.person import Answer, Files, Person
from tests.walkabout.routes import Routes
from tests.walkabout.visitor import ShownOut, Visitor
from tests.walkabout.walk import Walk

NEWCOMER, LEAVER = "newcomer@walkabout.test", "leaver@walkabout.test"
PLACES = 8
ROLES = ("newcomer", "user", "editor", "manager", "admin", "leaver")
LINK = re.compile(r"https?://[^\s\"'<>)\]]+")
LIMITS = ("limit*", "LIMIT*", "login-*", "*pause*")


@dataclass
class WalkedService:
    """The running service, and everybody's walks through it."""

    service: Service
    routes: Routes
    seed: int
    bounds: Bounds
    findings: Findings

    def visitor(self, name: str, email: str, password: str = PASSWORD, has_account: bool = True) -> Visitor:
        """A person who has signed in, if there is an account."""
        person = Person(name, self.service.site, [(email, password)], has_account, addresses={email})
        visitor = Visitor(person, self.routes, self.findings, self.seed, self.calm)
        if has_account:
            visitor.log_in()
        return visitor

    def walk(self, name: str, email: str, password: str = PASSWORD, has_account: bool = True) -> Walk:
        """The same, ready to walk."""
        return Walk(self.visitor(name, email, password, has_account), self.bounds)

    def register(self, email: str) -> None:
        """A new account, confirmed by the link of its mail."""
        stranger = self.walk("stranger", email, has_account=False)
        self.fill(stranger, "/register", "auth.register", email=email, consent="y")
        wait_until(lambda: self.mail_links(email))
        [link] = [link for link in self.mail_links(email) if "/confirm/" in link]
        self.fill(stranger, link, "auth.do_confirm", password=PASSWORD)

    def fill(self, walk: Walk, path: str, endpoint: str, **values: str) -> str:
        """Send one form of a page, which must be taken; the address that this led to."""
        return self.fill_on(walk, walk.visitor.get(path, "a form"), endpoint, **values).path

    def fill_on(self, walk: Walk, shown: Answer, endpoint: str, **values: str) -> Answer:
        """The same on a page that is shown already; where this led to."""
        page = walk.visitor.page_of(shown)
        assert page is not None, shown.path
        forms = [form for form in page.forms if walk.forms.kind_of(form)[0] == endpoint]
        form = min(forms, key=lambda form: walk.forms.kind_of(form)[3])  # sent by the button that says nothing more
        pairs = [pair for pair in walk.forms.filled(form, 0)[0] if pair[0] not in values]
        files: Files | None = {} if form.is_multipart else None
        end, refused = walk.forms.send(form, [*pairs, *values.items()], files, "as meant")
        assert not refused, (endpoint, refused, re.findall(r'class="field-errors[^>]*><p>([^<]+)', end.text))
        return end

    def mail_links(self, *recipients: str) -> list[str]:
        """The links to the site in the latest mails, to these or to anybody."""
        found: dict[str, None] = {}
        mails = [mail for recipient in recipients or ("",) for mail in self.service.mails(recipient)[:20]]
        for mail in mails:
            words = self.service.mail(mail["id"])
            for link in LINK.findall(f"{words['text']} {words['html']} {words['headers']}"):
                if link.startswith(self.service.site):
                    found[link.removeprefix(self.service.site).replace("&amp;", "&").rstrip(".,;")] = None
        return list(found)

    def calm(self) -> None:
        """An hour passes: tries and codes count anew."""
        running = json.loads((self.service.var_dir / "running.json").read_text())
        redis = Redis.from_url(running["REDIS_URL"])
        keys = [key for pattern in LIMITS for key in redis.scan_iter(pattern, 1000)]
        if keys:
            redis.delete(*keys)
        self.service.rows("UPDATE second_factors SET last_step = 0")

    def id_of(self, email: str) -> int:
        """Whose account that is."""
        [(found,)] = self.service.rows("SELECT id FROM users WHERE email = %s", email)
        return int(found)

    def together(self, walks: Iterable[Walk], step: Callable[[Walk], object], *, may_shut_out: bool = False) -> None:
        """Everybody at once. With `may_shut_out` staff may block people, or take their second factor away: for them
        the step ends there, and the next one begins as if nothing had been."""

        def take(walk: Walk) -> None:
            try:
                step(walk)
            except ShownOut:
                if not may_shut_out:
                    raise

        with ThreadPoolExecutor(PLACES) as side_by_side:
            list(side_by_side.map(take, walks))
        if may_shut_out:
            self.service.rows("UPDATE users SET blocked_at = NULL, block_reason = NULL WHERE blocked_at IS NOT NULL")
            self.service.rows("DELETE FROM second_factors")
            for walk in walks:
                walk.visitor.person.secret = ""

    def accounts(self) -> dict[str, tuple[str, str]]:
        """Address and password of each sample account."""
        accounts = json.loads((self.service.var_dir / "accounts.json").read_text())
        return {account["role"]: (account["email"], account["password"]) for account in accounts}


def everybody(walked: WalkedService) -> dict[str, Walk]:
    """Those who walk, signed in; one comes to delete an account."""
    for email in (NEWCOMER, LEAVER):
        walked.register(email)
    accounts = walked.accounts() | {"newcomer": (NEWCOMER, PASSWORD), "leaver": (LEAVER, PASSWORD)}
    for _device in range(2):  # at which somebody stays signed in
        walked.visitor("user", *accounts["user"])
    walks = {role: walked.walk(role, *accounts[role]) for role in ROLES}
    path = f"/manager/users/{walked.id_of(NEWCOMER)}"
    walked.fill(walks["manager"], path, "manager.limits", needs_approval="y")
    return walks | {"anonymous": walked.walk("anonymous", NEWCOMER, has_account=False)}
