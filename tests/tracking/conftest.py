"""A run whose clicks and opens are counted, and what its mails hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask

from mailer.clock import utcnow
from mailer.models.run import Run
from mailer.models.user import User
from mailer.sending import tracking
from mailer.smtp.testserver import Lab
from mailer.tracking import targets
from mailer.tracking.folding import AFTER, fold_due
from mailer.tracking.hits import buffer
from tests.factories import make_message
from tests.sending.conftest import finish, lab, make_run  # noqa: F401 - fixtures

SHOP, OFFER = "https://shop.example/?a=1&b=2#top", "https://shop.example/o"
LETTER = (
    f'<p>{{{{ tracking_notice }}}} <a href="{SHOP.replace("&", "&amp;")}">One</a> <a href="{OFFER}">Two</a> '
    f'<a href="{OFFER}">Three</a></p>'
)
CHROME = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"}


@pytest.fixture(autouse=True)
def nothing_is_remembered(app: Flask) -> Iterator[None]:
    """Of runs of other tests, which had the same numbers; and what this one saw is written before its tables go."""
    targets._known.cache_clear()
    yield
    buffer().flush()


@pytest.fixture
def sent(owner: User, make_run: Callable[..., Run], lab: Lab) -> Run:  # noqa: F811
    """Three mails with three links, all accepted, clicks and opens being counted."""
    message = make_message(owner, html_body=LETTER, text_body="")
    addresses = [f"{name}@far.example" for name in "abc"]
    return finish(make_run(*addresses, message=message, counts_clicks=True, counts_opens=True))


def path_of(run: Run, position: int, link: int) -> str:
    """Where that link of that mail leads first."""
    token_of = tracking.link_tokens(run)
    assert token_of is not None
    return f"{tracking.LINK_PATH}{token_of(position)}/{link}"


def links_in(content: bytes) -> list[str]:
    """The paths of the counted links of a mail, in order."""
    text = content.replace(b"=\r\n", b"").decode()
    return re.findall(r"http://golub\.test(/l/[\w-]+/\d+)", text)


def fold(after: timedelta = timedelta(minutes=1), since: datetime | None = None) -> int:
    """Write what this process has seen, and judge it as if that time had passed."""
    assert buffer().flush()
    return fold_due((since or utcnow()) + AFTER + after)
