"""Whatever people type, call themselves or send along stays inert on every page for everybody who may see it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from flask import Flask
from sqlalchemy import update
from sqlalchemy.orm import DeclarativeBase

from mailer.extensions import db
from mailer.models.blog_post import BlogPost
from mailer.models.client import Client, ClientFilter
from mailer.models.client_import import ClientImport
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.user import User
from mailer.models.user_session import UserSession
from tests.conftest import Browser
from tests.test_access import TABLE
from tests.world import address_of, browsers_of_everybody

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}${7*7}{0.__class__}%(x)s"


class Reader(HTMLParser):
    """Reads a page as a browser does and notes what would run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.alive: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        is_ours = tag != "script" or "src" in values
        if not is_ours or (tag == "img" and values.get("src") == "x") or any(name.startswith("on") for name in values):
            self.alive.append(f"<{tag} {attrs}>")


@pytest.fixture
def people(app: Flask, owner: User) -> dict[str, Browser]:
    """Everybody, after all free text in the database has turned hostile."""
    people = browsers_of_everybody(app, owner)
    named: dict[type[DeclarativeBase], list[str]] = {
        User: ["name", "phone", "block_reason"], Client: ["first_name", "last_name", "comment"],
        Message: ["subject", "text_body", "name"], Mailing: ["name", "disabled_reason"], ClientFilter: ["name"],
        ClientImport: ["file_name"], BlogPost: ["title", "content"], UserSession: ["user_agent"],
        Run: ["last_fault"], Delivery: ["last_response"],
    }  # fmt: skip
    for model, columns in named.items():
        for name in columns:
            column = model.__table__.c.get(name)
            if column is not None:
                limit = getattr(column.type, "length", None) or 10_000
                present = column.is_not(None)
                words = HOSTILE.partition("{{")[0] if model is Message else HOSTILE  # no form takes such a placeholder
                db.session.execute(update(model).where(present).values({name: words[:limit]}))
    db.session.commit()
    return people


@pytest.mark.slow
def test_no_page_comes_alive(app: Flask, people: dict[str, Browser]) -> None:
    seen = 0
    for endpoint, methods in TABLE.items():
        if "GET" not in methods:
            continue
        for person in ("anonymous", "owner", "manager", "admin", "editor"):
            address = address_of(app, endpoint)
            answer = people[person].get(address, headers={"User-Agent": HOSTILE, "Referer": f"http://x/{HOSTILE}"})
            if "html" not in (answer.content_type or "") or answer.status_code >= 500:
                assert answer.status_code < 500, (person, address)
                continue
            assert Reader(answer.text).alive == [], (person, address)
            seen += "&lt;script&gt;" in answer.text
    assert seen > 10, "the words were really shown"
