"""Figures by recipient domain and day: exact, grouped by provider, one's own, and the same in the file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, text

from mailer.clock import today_in, utcnow
from mailer.extensions import db
from mailer.models.domain_day import DomainDay
from mailer.models.mail_report import Door
from mailer.models.run import Run
from mailer.models.user import User
from mailer.periods import DateRange
from mailer.recipient_domains import GROUP_OF, GROUPS
from mailer.reports import domain_queries
from mailer.reports.domain_queries import DomainScope
from mailer.returns.taking import take
from mailer.sending.runs import domain_days, domain_sums
from mailer.sending.runs.closing import stop_what_must
from mailer.smtp.testserver import Lab
from tests.bounces import shapes
from tests.conftest import Browser, owner_engine
from tests.factories import make_client, make_due_run
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


def test_a_year_of_everybody_reads_months_and_not_runs(
    owner: User, stranger: User, as_owner: Browser, as_manager: Browser
) -> None:
    """Two owners over 13 months: what is read does not grow with the days and the runs, and the sums are exact."""
    for user in (owner, stranger):
        make_due_run(user, [make_client(user)])
    add = text(
        "INSERT INTO domain_days (run_id, day, domain, figure, words, owner_id, count) "
        "SELECT r.id, date '2025-01-15' + n, d, f, CASE WHEN f = 'refused' THEN '550 ' || d ELSE '' END, r.owner_id, 1 "
        "FROM runs r, generate_series(:first, :last) n, unnest(ARRAY['gmail', 'own.example']) d, "
        "unnest(ARRAY['accepted', 'refused']) f"
    )
    db.session.execute(add, {"first": 0, "last": 400})
    db.session.commit()

    def accepted(period: str, who: Browser) -> int:
        page = who.get(f"/reports/domains?{period}").text
        found = re.findall(r'data-key="gmail".*?data-figure="accepted">([^<]+)', page, re.S)
        return int(re.sub(r"\D", "", found[0]))

    year = "from=2025-02-10&to=2026-02-09"
    for is_folded in (False, True):  # before the rows are added up, and after
        if is_folded:
            folded()
        assert accepted(year, as_manager) == 2 * 365
        assert accepted(year, as_owner) == 365
        assert accepted("from=2025-03-01&to=2025-03-31", as_owner) == 31
        assert accepted("from=2025-03-02&to=2025-03-30", as_owner) == 29
        assert accepted("from=2025-03-31&to=2025-04-01", as_owner) == 2
        assert accepted("from=2025-01-31&to=2025-02-28", as_owner) == 29
        assert accepted("from=&to=", as_manager) == 802
    days = as_owner.get(f"/reports/domains?domain=gmail&{year}").text
    assert days.count("data-key=") == 365
    assert "550 gmail" in days

    scope = DomainScope(None, DateRange(date(2025, 2, 10), date(2026, 2, 9), "UTC"))
    with owner_engine().begin() as connection:
        connection.execute(text("ANALYZE domain_sums"))
    db.session.execute(text("SET LOCAL enable_seqscan = off"))  # the table is too small here for an index to pay
    with statements() as asked:
        domain_queries.by_domain(scope, domain_queries.total_of(scope))
    assert len(asked) == 3
    for statement, values in asked:
        assert "domain_days" not in statement
        (plan,) = db.session.connection().exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", values).one()
        # Eleven months and two parts of months, two domains, two figures: of 2,920 rows of runs.
        assert rows_read(plan[0]["Plan"]) < 300, plan
    db.session.execute(text("DELETE FROM domain_days"))
    db.session.commit()
    folded()
    assert db.session.scalar(text("SELECT count(*) FROM domain_sums")) == 0


def folded() -> None:
    while domain_sums.fold():
        pass


@contextmanager
def statements() -> Iterator[list[tuple[str, Any]]]:
    """What is asked of the database meanwhile."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        seen.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def rows_read(plan: dict[str, Any]) -> int:
    """Of tables, with those that were thrown away."""
    removed = plan.get("Rows Removed by Filter", 0) + plan.get("Rows Removed by Index Recheck", 0)
    is_of_table = "Relation Name" in plan
    own = (plan["Actual Rows"] + removed) * plan["Actual Loops"] if is_of_table else 0
    return int(own) + sum(map(rows_read, plan.get("Plans", [])))


def test_no_domain_belongs_to_two_providers() -> None:
    assert len(GROUP_OF) == sum(map(len, GROUPS.values()))
    assert all(domain == domain.lower() and "." in domain for domain in GROUP_OF)
    assert not any("." in group for group in GROUPS)
