"""The service exactly as `make run` starts it, with a state folder of its own."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import SystemRandom
from urllib.parse import urlsplit

import pytest
from redis import Redis
from werkzeug.routing import MapAdapter

from config import TestingConfig
from mailer import create_app
from tests.chromium.conftest import PASSWORD, Service, chromium, context, running_service, wait_until
from tests.walkabout.findings import Bounds, Findings
from tests.walkabout.pages import Page
from tests.walkabout.person import Person
from tests.walkabout.walker import Walk

__all__ = ["Town", "chromium", "context", "town"]
LINK = re.compile(r"https?://[^\s\"'<>)\]]+")
LIMITS = ("limit*", "LIMIT*", "login-*", "*pause*")
LONG = Bounds(links=4, pages=None, forms=None, odd_fields=None, odd_values=None, odd_pages=3, odd_parts=None)


@dataclass
class Town:
    """The running service, and everybody's walks through it."""

    service: Service
    routes: MapAdapter
    seed: int
    bounds: Bounds
    findings: Findings = field(default_factory=Findings)

    def walk(self, name: str, email: str, password: str = PASSWORD, has_account: bool = True) -> Walk:
        """A person who has signed in, if there is an account."""
        person = Person(name, self.service.site, [(email, password)], has_account)
        walk = Walk(person, self.routes, self.findings, self.bounds, self.seed, self.calm)
        assert not has_account or walk.log_in(), f"{name} cannot sign in"
        return walk

    def register(self, email: str) -> None:
        """A new account, confirmed by the link of its mail."""
        stranger = self.walk("stranger", email, has_account=False)
        self.fill(stranger, "/register", "auth.register", email=email, consent="y")
        wait_until(lambda: self.letters(email))
        [link] = [link for link in self.letters(email) if "/confirm/" in link]
        self.fill(stranger, link, "auth.do_confirm", password=PASSWORD)

    def fill(self, walk: Walk, path: str, endpoint: str, **values: str) -> None:
        """Send one form of a page."""
        page = Page(walk.person.get(path).text)
        for form in page.forms:
            form.action = form.action or path
            if walk.kind_of(form)[0] == endpoint:
                pairs = [pair for pair in walk.filled(form, 0)[0] if pair[0] not in values]
                answer = walk.submit(form, [*pairs, *values.items()], None, "as meant")
                assert answer.status < 400, (endpoint, answer.text)
                return
        raise AssertionError(f"no form for {endpoint} at {path}")

    def letters(self, recipient: str = "") -> list[str]:
        """The links to the site in the latest mails."""
        found: dict[str, None] = {}
        for mail in self.service.mails(recipient)[:40]:
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

    def accounts(self) -> dict[str, tuple[str, str]]:
        """Address and password of each sample account."""
        accounts = json.loads((self.service.var_dir / "accounts.json").read_text())
        return {account["role"]: (account["email"], account["password"]) for account in accounts}


@pytest.fixture(scope="package")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """WALKABOUT=long looks at more, by a seed of chance; WALKABOUT_SEED repeats one."""
    is_long = os.environ.get("WALKABOUT") == "long"
    seed = int(os.environ.get("WALKABOUT_SEED") or (SystemRandom().randrange(10**6) if is_long else 1))
    print(f"WALKABOUT_SEED={seed}")
    nowhere = {"DATABASE_URL": "postgresql://x/x", "REDIS_URL": "redis://x", "SECRET_KEY": "x" * 40}
    app = create_app(TestingConfig(**nowhere, VAR_DIR=str(tmp_path_factory.mktemp("nowhere"))))
    with running_service(tmp_path_factory.mktemp("town") / "var") as service:
        routes = app.url_map.bind(urlsplit(service.site).netloc)
        yield Town(service, routes, seed, LONG if is_long else Bounds())
