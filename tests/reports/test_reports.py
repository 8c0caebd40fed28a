"""Reports over a period: they add up, belong to one's own, and are the same on the page, in the file and on paper."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import RunState, StopReason
from mailer.models.user import User
from mailer.sending.runs.tallies import tally_closed_runs
from tests.conftest import Browser
from tests.factories import make_mailing
from tests.mailings.builders import close, make_deliveries, make_run


@pytest.fixture
def mailing(owner: User) -> Mailing:
    """A mailing with two runs that are over, one that goes on and one that was skipped; its owner reads English."""
    owner.language = "en"
    mailing = make_mailing(owner, name="Weekly news")
    first, second = make_run(mailing, utcnow() - timedelta(days=3)), make_run(mailing, utcnow() - timedelta(days=2))
    make_deliveries(first, accepted=3, refused=2, excluded=1)
    make_deliveries(second, accepted=1, uncertain=1)
    make_deliveries(second, reason="retries_ran_out", refused=1)
    close(first)
    close(second)
    make_deliveries(make_run(mailing, utcnow() - timedelta(days=1)), accepted=1, refused=1, waiting=2)
    close(make_run(mailing, stop_reason=StopReason.OVERLAP, started_at=None), RunState.SKIPPED)
    tally_closed_runs()
    return mailing


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


def figures(page: str, key: str = r"\d+") -> list[dict[str, int]]:
    """The figures of each row of the page's table."""
    rows = re.findall(rf'<tr data-key="{key}">(.*?)</tr>', page, re.S)
    return [{name: int(n) for name, n in re.findall(r'data-figure="(\w+)">(\d+)<', row)} for row in rows]


def reasons(page: str, kind: str) -> dict[str, int]:
    part = page.split(f'data-kind="{kind}"')[1].split("</section>")[0]
    return {name: int(n) for name, n in re.findall(r'data-reason="(\w+)"><dt>.*?</dt><dd>(\d+)', part)}


def test_a_mailings_report_sums_its_runs_and_says_why(as_owner: Browser, mailing: Mailing) -> None:
    page = as_owner.get(f"/reports?mailing={mailing.id}").text
    runs = figures(page)
    assert len(runs) == 4
    assert [run["sent"] for run in runs] == [0, 1, 2, 3]
    for run in runs:
        parts = ("accepted", "refused", "uncertain", "excluded", "stopped", "waiting")
        assert run["planned"] == sum(run[name] for name in parts)
    assert reasons(page, "refused") == {"bad_address": 2, "retries_ran_out": 1}  # and one in the run that goes on
    assert reasons(page, "excluded") == {"unsubscribed": 1}

    (line,) = figures(as_owner.get("/reports?rows=mailing").text)
    assert line == {
        "runs": 3, "planned": 13, "accepted": 5, "refused": 4, "uncertain": 1, "excluded": 1, "stopped": 0,
        "waiting": 2, "unsubscribed": 0, "sent": 6,
    }  # fmt: skip


def test_the_mailings_page_shows_all_its_runs_together(as_owner: Browser, mailing: Mailing) -> None:
    page = as_owner.get(f"/mailings/{mailing.id}").text.split('id="totals"')[1]
    assert 'data-figure="runs">3<' in page and 'data-figure="sent">6<' in page


def test_the_file_has_a_row_for_each_with_reasons_that_add_up(as_owner: Browser, mailing: Mailing) -> None:
    answer = as_owner.get(f"/reports/report.csv?mailing={mailing.id}&rows=run")
    assert answer.mimetype == "text/csv" and "attachment" in answer.headers["Content-Disposition"]
    rows = rows_of(answer.text)
    assert [row["Planned people"] for row in rows] == ["0", "4", "3", "6"]
    assert rows[3]["Refused: why"] == "there is no such address: 2"
    assert rows[1]["Refused: why"] == "not sorted yet: 1"
    (row,) = rows_of(as_owner.get("/reports/report.csv?rows=mailing").text)
    assert (row["Mailing"], row["Runs"], row["Skipped runs"], row["Emails sent"]) == ("Weekly news", "3", "1", "6")
    assert row["Successful attempts"] == "5"


def test_the_file_says_the_words_of_the_page_in_its_order(as_owner: Browser, mailing: Mailing) -> None:
    page = as_owner.get("/reports?rows=mailing").text
    said = [re.sub(r"\s+", " ", text).strip() for text in re.findall(r"<th [^>]*>(.*?)</th>", page, re.S)]
    (row,) = rows_of(as_owner.get("/reports/report.csv?rows=mailing").text)
    assert [name for name in row if name in said] == said


def test_paper_holds_every_row(as_owner: Browser, mailing: Mailing) -> None:
    page = as_owner.get(f"/reports/print?mailing={mailing.id}").text
    assert len(figures(page)) == 4 and "data-print" in page and 'class="sidebar"' not in page


def test_a_period_holds_its_days_in_the_readers_zone(as_owner: Browser, owner: User) -> None:
    owner.timezone = "Asia/Vladivostok"  # UTC+10
    mailing = make_mailing(owner)
    make_deliveries(make_run(mailing, datetime(2026, 1, 31, 13, 59, tzinfo=UTC)), accepted=1)  # 23:59 there
    make_deliveries(make_run(mailing, datetime(2026, 1, 31, 14, 0, tzinfo=UTC)), accepted=2)  # 0:00 of February
    for days, accepted in (
        ("from=2026-01-01&to=2026-01-31", 1),
        ("from=2026-02-01&to=2026-02-28", 2),
        ("from=&to=", 3),
    ):
        assert figures(as_owner.get(f"/reports?{days}").text)[0]["accepted"] == accepted, days
    assert figures(as_owner.get("/reports?from=2026-03-01&to=").text) == []


@pytest.mark.parametrize(
    "days", ["from=x", "to=2026-02-30", "from=2026-02-02&to=2026-02-01", "from=0001-01-01", "to=%00"]
)
def test_days_that_are_none_are_said_and_kept(as_owner: Browser, mailing: Mailing, days: str) -> None:
    answer = as_owner.get(f"/reports?{days}")
    assert answer.status_code == 422 and 'id="report-refusal"' in answer.text and "<form" in answer.text
    assert as_owner.get(f"/reports/report.csv?{days}").status_code == 400
    assert as_owner.get(f"/reports/print?{days}").status_code == 400


def test_others_are_seen_by_those_who_oversee_only(
    as_owner: Browser,
    as_stranger: Browser,
    as_manager: Browser,
    manager: User,
    owner: User,
    mailing: Mailing,
) -> None:
    for place in ("/reports", "/reports/print", "/reports/report.csv"):
        assert as_stranger.get(f"{place}?mailing={mailing.id}").status_code == 404
        assert as_stranger.get(f"{place}?user={owner.id}").status_code == 404
        assert as_owner.get(f"{place}?rows=user").status_code == 400
        assert "Weekly" not in as_stranger.get(place).text
    manager.language = "en"
    db.session.commit()
    (line,) = figures(as_manager.get("/reports").text)
    assert (line["mailings"], line["accepted"], line["refused"]) == (1, 5, 4)
    assert len(figures(as_manager.get(f"/reports?user={owner.id}").text)) == 1
    assert [row["Address"] for row in rows_of(as_manager.get("/reports/report.csv").text)] == [owner.email]


def test_no_report_reads_deliveries(app: Flask, as_manager: Browser, mailing: Mailing) -> None:
    asked: list[str] = []
    listen = lambda _c, _cursor, statement, *_rest: asked.append(statement)  # noqa: E731
    event.listen(db.engine, "before_cursor_execute", listen)
    try:
        for rows in ("user", "mailing", "run"):
            for place in ("/reports", "/reports/print", "/reports/report.csv"):
                assert as_manager.get(f"{place}?rows={rows}").status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", listen)
    assert asked and not [one for one in asked if "deliveries" in one or "attempts" in one.replace("attempt_", "")]
