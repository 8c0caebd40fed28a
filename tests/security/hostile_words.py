"""What nobody would like to be called: free text that would run as a script, if a page let it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from sqlalchemy import func, update
from sqlalchemy.orm import DeclarativeBase

from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.blog_post import BlogPost
from mailer.models.client import Client, ClientFilter
from mailer.models.client_import import ClientImport
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.own_address import OwnAddress
from mailer.models.run import Run
from mailer.models.user import User
from mailer.models.user_session import UserSession

HOSTILE = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>{{7*7}}${7*7}{0.__class__}%(x)s"

IN_ASCII = "xn--e1afmkfd.xn--p1ai"
# What only browsers and their keepers of passwords read.
_ADDRESSES = re.compile(r'\b(?:href|src|action|hx-\w+)="[^"]*"|name="username" value="[^"]*"')


def unreadable_in(page: str) -> list[str]:
    """Domains that people are shown as only servers read them."""
    return re.findall(r".{60}xn--.{20}", _ADDRESSES.sub("", page), re.DOTALL)[:2]


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


def alive_in(page: str) -> list[str]:
    """Elements of a page that would run what somebody typed."""
    return Reader(page).alive


def turn_hostile() -> None:
    """Change all free text in the database, and the domains of addresses into `пример.рф` as it is stored."""
    addressed: dict[type[DeclarativeBase], list[str]] = {
        User: ["email"], Client: ["email", "email_key"], OwnAddress: ["email"],  AccountEmail: ["to_email"],
    }  # fmt: skip
    for model, columns in addressed.items():
        there = {name: model.__table__.c[name] for name in columns}
        moved = {name: func.split_part(column, "@", 1) + f"@{IN_ASCII}" for name, column in there.items()}
        db.session.execute(update(model).values(moved))
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
