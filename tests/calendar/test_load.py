"""What a month brings: emails by day, and people who would get several on one day."""

from __future__ import annotations

from datetime import UTC, datetime

import time_machine

from mailer.extensions import db
from mailer.models.user import User
from mailer.sending.runs.next_run import set_next_run
from tests.conftest import Browser
from tests.factories import make_client, make_mailing

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def test_a_day_shows_its_emails_and_who_would_get_several(owner: User, web: Browser) -> None:
    people = [make_client(owner, tags=["both" if number < 2 else "one"]) for number in range(5)]
    once = {"period": "once", "timezone": "UTC"}
    for mailing in (
        make_mailing(owner, people, starts_local=datetime(2026, 11, 25, 9), **once),
        make_mailing(owner, people[:2], starts_local=datetime(2026, 11, 25, 15), **once),
        make_mailing(owner, people[:3], starts_local=datetime(2026, 11, 27, 15), **once),
    ):
        set_next_run(mailing, NOW)
    db.session.commit()
    with time_machine.travel(NOW, tick=False):
        as_owner = web.login(owner)
        plain = as_owner.get("/calendar?at=2026-11-20").text
        page = as_owner.get("/calendar?at=2026-11-20&load=1").text
    assert "calendar-load" not in plain
    assert [text in page for text in ("7 писем", "2 человека получат несколько", "3 письма")] == [True] * 3
    assert page.count("calendar-several") == 1
