"""What passed while sending was held back is not made good, whichever door lets it go on; what comes after is sent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.approval import Approval
from mailer.models.instance import Instance
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import Role, User
from mailer.recurrence.rule import Period
from mailer.sending import instance_guard
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due
from tests.conftest import Browser, browser_of
from tests.factories import make_client, make_mailing, make_user

Door = tuple[Callable[[], None], Callable[[], None]]  # how it is closed, and opened again


@pytest.fixture
def mailing(owner: User) -> Mailing:
    """Every day, to two people; its next moment is an hour off."""
    made = make_mailing(
        owner,
        [make_client(owner), make_client(owner)],
        starts_local=(utcnow() + timedelta(hours=1)).replace(tzinfo=None, second=0, microsecond=0),
    )
    set_next_run(made, utcnow())
    db.session.commit()
    assert not instance_guard.sending_is_blocked()
    return made


@pytest.fixture
def as_admin(app: Flask) -> Browser:
    """An administrator's browser."""
    return browser_of(app).login(make_user(role=Role.ADMIN))


@pytest.fixture(params=["resume", "enable", "unblock", "restore", "confirm", "confirm-by-command"])
def door(
    request: pytest.FixtureRequest,
    app: Flask,
    mailing: Mailing,
    as_owner: Browser,
    as_manager: Browser,
    as_admin: Browser,
) -> Door:
    """One of the ways to hold sending back and to let it go on."""

    def post(web: Browser, address: str, **data: str) -> Callable[[], None]:
        def press() -> None:
            assert web.post(address, data=data).status_code == 303

        return press

    def copied() -> None:
        db.session.execute(update(Instance).values(cluster="7"))
        db.session.commit()

    def command() -> None:
        assert app.test_cli_runner().invoke(args=["confirm-instance", "--yes"]).exit_code == 0

    page, person = f"/mailings/{mailing.id}", f"/manager/users/{mailing.owner_id}"
    doors: dict[str, Door] = {
        "resume": (post(as_owner, f"{page}/pause"), post(as_owner, f"{page}/resume")),
        "enable": (
            post(as_manager, f"/manager{page}/disable", reason="spam"),
            post(as_manager, f"/manager{page}/enable"),
        ),
        "unblock": (post(as_manager, f"{person}/block", reason="spam"), post(as_manager, f"{person}/unblock")),
        "restore": (post(as_owner, f"{page}/delete"), post(as_owner, f"{page}/restore")),
        "confirm": (copied, post(as_admin, "/operations/confirm-instance")),
        "confirm-by-command": (copied, command),
    }
    return doors[request.param]


def let_a_moment_pass(mailing: Mailing) -> None:
    """As if the calendar were an hour and a minute older."""
    for name in ("starts_local", "next_run_local", "next_run_at", "calendar_since"):
        setattr(mailing, name, getattr(mailing, name) - timedelta(minutes=61))
    db.session.commit()


def runs() -> list[tuple[RunState, StopReason | None]]:
    db.session.expire_all()
    return [(run.state, run.stop_reason) for run in db.session.scalars(select(Run).order_by(Run.planned_at))]


LEFT_OUT = (RunState.SKIPPED, StopReason.HELD)


@pytest.mark.parametrize("period", [Period.DAILY, Period.ONCE])
def test_a_moment_that_passed_meanwhile_is_left_out_and_seen(mailing: Mailing, door: Door, period: Period) -> None:
    close, open_again = door
    mailing.period = period
    db.session.commit()
    close()
    let_a_moment_pass(mailing)
    assert start_due() == []
    open_again()
    assert start_due() == []
    assert runs() == [LEFT_OUT]
    db.session.refresh(mailing)
    if period == "once":
        assert mailing.completed_at is not None
    else:
        assert mailing.next_run_at is not None
        assert mailing.next_run_at > utcnow()


def test_a_moment_after_it_is_sent(mailing: Mailing, door: Door) -> None:
    close, open_again = door
    close()
    open_again()
    now = utcnow() + timedelta(hours=2)
    assert len(start_due(now)) == 1
    assert runs() == [(RunState.PLANNED, None)]


def test_resuming_says_what_passed(mailing: Mailing, as_owner: Browser) -> None:
    as_owner.post(f"/mailings/{mailing.id}/pause")
    let_a_moment_pass(mailing)
    page = as_owner.post(f"/mailings/{mailing.id}/resume", follow_redirects=True).text
    assert "не навёрстывается" in page


def test_a_past_start_saved_after_the_hold_was_lifted_is_meant(mailing: Mailing, as_owner: Browser) -> None:
    as_owner.post(f"/mailings/{mailing.id}/pause")
    as_owner.post(f"/mailings/{mailing.id}/resume")
    db.session.refresh(mailing)
    mailing.starts_local -= timedelta(hours=2)
    set_next_run(mailing, utcnow())
    db.session.commit()
    assert len(start_due()) == 1


def test_what_passed_before_the_approval_is_left_out(
    mailing: Mailing, as_owner: Browser, as_manager: Browser, owner: User
) -> None:
    owner.needs_approval = True
    db.session.commit()
    as_owner.post(f"/mailings/{mailing.id}/ask-approval")
    (run_id,) = start_due(utcnow() + timedelta(hours=2))
    write_recipient_list(run_id)
    approval_id = db.session.scalars(select(Approval.id)).one()
    assert as_manager.post(f"/manager/approvals/{approval_id}/approve").status_code == 303
    assert start_due(utcnow() + timedelta(hours=3)) == []
    assert runs() == [(RunState.SKIPPED, StopReason.UNAPPROVED)]
