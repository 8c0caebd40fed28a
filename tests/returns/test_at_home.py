"""The whole way, as at home: a run leaves, the catcher's own reports come back by SMTP, and the figures are exact."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select

from mailer.bounces.report import Kind
from mailer.extensions import db
from mailer.models.client import Suppression
from mailer.models.delivery import Delivery
from mailer.models.mail_report import MailReport
from mailer.models.run import Run
from tests.catchers import running
from tests.conftest import Browser
from tests.sending.conftest import assert_adds_up, finish
from tests.waiting import wait_until

MEANT = {
    "bounce-hard@far.example": ("permanent", [Kind.BOUNCE], "bounced"),
    "bounce-soft@far.example": ("transient", [Kind.DELAYED, Kind.BOUNCE], None),
    "complain@far.example": ("complained", [Kind.COMPLAINT], "complained"),
    "autoreply@far.example": (None, [Kind.AUTO_REPLY], None),
    "person@far.example": (None, [], None),
}


def test_what_the_catcher_sends_back_comes_home(
    app: Flask, port: int, tmp_path: Path, make_run: Callable[..., Run], as_owner: Browser
) -> None:
    with running(tmp_path, BOUNCE_PORT=str(port)) as catcher:
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{catcher.smtp_port}"
        run = finish(make_run(*MEANT))
        wait_until(lambda: db.session.scalar(select(func.count()).select_from(MailReport)) == 5)
        assert "bounce-soft@" in catcher.ask("")[0]
    reports = select(Delivery.email, Delivery.came_back, MailReport.kind).outerjoin(
        MailReport, (MailReport.run_id == Delivery.run_id) & (MailReport.position == Delivery.position)
    )
    kinds: dict[str, list[Kind]] = {}
    outcomes: dict[str, str | None] = {}
    for email, what, kind in db.session.execute(reports.order_by(MailReport.id)):
        outcomes[email] = what and what.value
        kinds.setdefault(email, []).extend([kind] if kind else [])
    reasons = {row.email_key: row.reason.value for row in db.session.scalars(select(Suppression))}
    assert {email: (outcomes[email], kinds[email], reasons.get(email)) for email in outcomes} == MEANT
    assert_adds_up(run)
    assert (run.accepted_count, run.bounced_count, run.complained_count) == (5, 2, 1)
    page = as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}?outcome=came_back").text
    assert page.count("data-position=") == 3
    assert "550 5.1.1 No such mailbox here" in page
