"""Figures by recipient domain and day: exact, grouped by provider, one's own, and the same in the file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from mailer.clock import today_in, utcnow
from mailer.extensions import db
from mailer.models.domain_day import DomainDay
from mailer.models.mail_report import Door
from mailer.models.run import Run
from mailer.models.user import User
from mailer.recipient_domains import GROUP_OF, GROUPS
from mailer.returns.taking import take
from mailer.sending.runs import domain_days
from mailer.sending.runs.closing import stop_what_must
from mailer.smtp.testserver import Lab
from tests.bounces import shapes
from tests.conftest import Browser
from tests.reports.test_reports import figures, rows_of
from tests.returns.conftest import address_of, path  # noqa: F401 - fixture
from tests.sending.conftest import finish, lab, make_run  # noqa: F401 - fixtures


def test_a_run_is_counted_by_provider_and_day(
    app: Flask, owner: User, make_run: Callable[..., Run], as_owner: Browser, as_stranger: Browser,  # noqa: F811
    as_manager: Browser, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    owner.timezone, owner.language = "Asia/Vladivostok", "en"
    rules = "RCPT nobody* -> 550 5.1.1 No such user\nRCPT busy* -> 451 4.7.1 Mailbox of <x@y.z> is busy, id 7F3"
    with Lab(rules) as server:
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{server.port}?connections=2"
        run = finish(make_run("a@gmail.com", "b@googlemail.com", "nobody@gmail.com", "busy@bk.ru", "c@own.example"))
    assert domain_days.count_closed_runs() == 0  # it goes on
    assert domain_days.count_open_runs() == 1
    page = as_owner.get("/reports/domains").text
    assert "451 4.7.1 Mailbox of is busy, id" in page
    assert "7F3" not in page
    lines = dict(zip(("gmail", "mailru", "own.example"), figures(page, r"[\w.]+"), strict=True))
    zero = {"accepted": 0, "deferred": 0, "refused": 0, "bounced": 0, "complained": 0}
    assert lines == {
        "gmail": zero | {"accepted": 2, "refused": 1}, "mailru": zero | {"deferred": 1},
        "own.example": zero | {"accepted": 1},
    }  # fmt: skip

    monkeypatch.setattr(domain_days, "LARGEST", 2)  # from here on the smaller one has no line of its own
    take(shapes.complaint(address_of(run, 1)), Door.RECEIVER)  # before the run is counted for good, and after
    run = db.session.get_one(Run, run.id, populate_existing=True)
    run.ends_at = utcnow()
    db.session.commit()
    stop_what_must()
    assert domain_days.count_closed_runs() == 1
    assert domain_days.count_closed_runs() == 0
    bounce = shapes.dsn(address_of(run, 2), *shapes.failed())
    for again in (bounce, b"Received: twice\r\n" + bounce):
        take(again, Door.RECEIVER)
    (total,) = figures(as_owner.get("/reports/domains?domain=gmail").text, r"[\d-]+")
    assert total == {"accepted": 2, "deferred": 0, "refused": 1, "bounced": 1, "complained": 1}
    db.session.query(Run).filter_by(id=run.id).update({"domains_counted_at": None})
    before = sorted((row.domain, row.figure, row.words, row.count) for row in db.session.query(DomainDay))
    db.session.commit()
    assert domain_days.count_closed_runs() == 1  # anew: what was added one by one is what is counted together
    db.session.expire_all()
    assert before == sorted((row.domain, row.figure, row.words, row.count) for row in db.session.query(DomainDay))

    table = rows_of(as_owner.get("/reports/domains.csv").text)
    today = today_in("Asia/Vladivostok").isoformat()
    assert {(row["Day"], row["Domain"]) for row in table} == {
        (today, "Gmail"),
        (today, "Mail.ru"),
        (today, "other domains"),
    }
    assert {row["Domain"]: int(row["Accepted"]) for row in table} == {"Gmail": 2, "Mail.ru": 0, "other domains": 1}
    day = (today_in("Asia/Vladivostok") - timedelta(days=1)).isoformat()
    assert 'data-key="gmail"' not in as_owner.get(f"/reports/domains?from={day}&to={day}").text
    assert 'data-key="gmail"' not in as_stranger.get("/reports/domains").text
    assert 'data-key="gmail"' in as_manager.get("/reports/domains").text
    assert as_stranger.get(f"/reports/domains?user={owner.id}").status_code == 404
    assert as_owner.get("/reports/domains?from=2026-99-01").status_code == 422


def test_no_domain_belongs_to_two_providers() -> None:
    assert len(GROUP_OF) == sum(map(len, GROUPS.values()))
    assert all(domain == domain.lower() and "." in domain for domain in GROUP_OF)
    assert not any("." in group for group in GROUPS)
