"""How much a new account may send, and mailings that a manager looks at first."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.approval import Approval, ApprovalState
from mailer.models.client import ClientFilter
from mailer.models.mailing import Audience, Mailing
from mailer.models.message import Message
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.segments.former import tree_of
from mailer.sending.runs import limits
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due, start_now
from tests.conftest import Browser, rewrite
from tests.factories import make_client, make_mailing, save
from tests.manager.conftest import letters_to


def press_send(web: Browser, mailing: Mailing) -> int:
    return web.post(f"/mailings/{mailing.id}/send-now", data={"token": uuid.uuid4().hex}).status_code


def make_due(mailing: Mailing) -> None:
    """Its moment has come."""
    moment = utcnow() - timedelta(seconds=1)
    mailing.next_run_at, mailing.next_run_local = moment, moment.replace(tzinfo=None)
    db.session.commit()


def plan_due() -> Run:
    """What the tick and a worker do; the run."""
    (run_id,) = start_due()
    write_recipient_list(run_id)
    return db.session.get_one(Run, run_id, populate_existing=True)


def permit_on(page: str) -> str:
    found = re.search(r'data-permit="([a-z]+)"', page)
    return found[1] if found else ""


def test_a_limit_lets_just_so_many_leave_in_a_day(as_owner: Browser, owner: User) -> None:
    owner.daily_limit = 3
    mailing = make_mailing(owner, [make_client(owner), make_client(owner)])
    assert press_send(as_owner, mailing) == 303
    write_recipient_list(1)
    db.session.query(Run).update({"stop_reason": "owner"})
    other = make_mailing(owner, [make_client(owner), make_client(owner)])
    assert permit_on(as_owner.get(f"/mailings/{other.id}").text) == "limit"
    assert press_send(as_owner, other) == 409, "two of three have gone"
    owner.daily_limit = 4
    db.session.commit()
    assert press_send(as_owner, other) == 303


def test_those_still_to_be_listed_count_for_the_limit(owner: User) -> None:
    owner.daily_limit = 5
    mailing = make_mailing(owner, [make_client(owner), make_client(owner)])
    start_now(mailing, "form")
    write_recipient_list(1)
    assert limits.used_today(owner, utcnow()) == 2
    db.session.query(Run).update({"unlisted_count": 3})
    assert limits.used_today(owner, utcnow()) == 5


def test_a_run_of_the_calendar_over_the_limit_is_left_out_with_a_verdict(as_owner: Browser, owner: User) -> None:
    owner.daily_limit = 1
    mailing = make_mailing(owner, [make_client(owner), make_client(owner)], period="once",
                           starts_local=(utcnow() - timedelta(minutes=1)).replace(tzinfo=None))  # fmt: skip
    make_due(mailing)
    run = plan_due()
    assert (run.state, run.stop_reason, run.planned_count) == (RunState.SKIPPED, StopReason.LIMIT, 0)
    db.session.refresh(mailing)
    assert mailing.completed_at is not None, "nothing more will come of it"
    assert as_owner.get(f"/mailings/{mailing.id}/runs/{run.id}").status_code == 200


def test_the_limit_counts_the_last_24_hours(owner: User) -> None:
    owner.daily_limit = 1
    mailing = make_mailing(owner, [make_client(owner)])
    run = start_now(mailing, "first")
    write_recipient_list(run.id)
    rewrite("UPDATE runs SET created_at = now() - interval '25 hours'")
    make_due(make_mailing(owner, [make_client(owner)]))
    assert plan_due().state is RunState.SENDING


def test_new_accounts_have_the_limit_of_the_setting_and_a_manager_raises_it(
    app: Flask, web: Browser, as_manager: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "NEW_ACCOUNT_DAILY_LIMIT", 50)
    web.post("/register", data={"email": "new@golub.test", "password": "a set of words", "consent": "y",
                                "daily_limit": "9999999"})  # fmt: skip
    user = db.session.scalars(select(User).where(User.email == "new@golub.test")).one()
    assert user.daily_limit == 50
    address = f"/manager/users/{user.id}/limits"
    for bad in ("-1", "many", "99999999999"):
        assert as_manager.post(address, data={"daily_limit": bad}).status_code == 422
    assert as_manager.post(address, data={"daily_limit": ""}).status_code == 303
    db.session.refresh(user)
    assert user.daily_limit is None


def ask(web: Browser, mailing: Mailing) -> Approval:
    assert web.post(f"/mailings/{mailing.id}/ask-approval").status_code == 303
    return db.session.scalars(select(Approval).order_by(Approval.id.desc())).first()  # type: ignore[return-value]


def test_nothing_leaves_before_a_manager_approves(as_owner: Browser, as_manager: Browser, owner: User) -> None:
    owner.needs_approval = True
    mailing = make_mailing(owner, [make_client(owner)])
    assert permit_on(as_owner.get(f"/mailings/{mailing.id}").text) == "missing"
    assert press_send(as_owner, mailing) == 409
    approval = ask(as_owner, mailing)
    ask(as_owner, mailing)
    assert db.session.query(Approval).count() == 1
    assert permit_on(as_owner.get(f"/mailings/{mailing.id}").text) == "asked"
    assert f'data-approval="{approval.id}"' in as_manager.get("/manager/approvals").text
    assert as_manager.post(f"/manager/approvals/{approval.id}/approve").status_code == 303
    assert permit_on(as_owner.get(f"/mailings/{mailing.id}").text) == "approved"
    assert press_send(as_owner, mailing) == 303
    write_recipient_list(1)
    assert db.session.get_one(Run, 1, populate_existing=True).state is RunState.SENDING
    assert [template for template, _values in letters_to(owner)] == ["mailing-approved"]
    assert as_manager.post(f"/manager/approvals/{approval.id}/approve").status_code == 409


def test_a_manager_says_no_with_a_reason(as_owner: Browser, as_manager: Browser, owner: User) -> None:
    owner.needs_approval = True
    mailing = make_mailing(owner, [make_client(owner)])
    approval = ask(as_owner, mailing)
    address = f"/manager/approvals/{approval.id}/reject"
    assert as_manager.post(address, data={"reason": ""}).status_code == 422
    assert as_manager.post(address, data={"reason": "Слишком часто"}).status_code == 303
    page = as_owner.get(f"/mailings/{mailing.id}").text
    assert permit_on(page) == "rejected"
    assert "Слишком часто" in page
    assert press_send(as_owner, mailing) == 409


def change_message(mailing: Mailing) -> None:
    db.session.get_one(Message, mailing.message_id).text_body = "Buy!"


def change_people(mailing: Mailing) -> None:
    mailing.tags = ["other"]


def change_calendar(mailing: Mailing) -> None:
    mailing.starts_local += timedelta(hours=1)


@pytest.mark.parametrize("change", [change_message, change_people, change_calendar])
def test_any_change_makes_the_approval_void(
    as_owner: Browser, as_manager: Browser, owner: User, change: Callable[[Mailing], None]
) -> None:
    owner.needs_approval = True
    make_client(owner, tags=["one"])
    mailing = make_mailing(owner, audience=Audience.TAGS, tags=["one"])
    approval = ask(as_owner, mailing)
    change(mailing)
    db.session.commit()
    assert as_manager.post(f"/manager/approvals/{approval.id}/approve").status_code == 409, "not what was asked for"
    db.session.refresh(approval)
    assert approval.state is ApprovalState.ASKED
    as_manager.post(f"/manager/approvals/{ask(as_owner, mailing).id}/approve")
    change(mailing) if change is not change_people else setattr(mailing, "tags", ["third"])
    db.session.get_one(Message, mailing.message_id).subject = "Again"
    db.session.commit()
    make_due(mailing)
    run = plan_due()
    assert (run.state, run.stop_reason) == (RunState.SKIPPED, StopReason.UNAPPROVED)


def test_a_changed_filter_makes_it_void_too(as_owner: Browser, as_manager: Browser, owner: User) -> None:
    owner.needs_approval = True
    make_client(owner, tags=["one"])
    saved = save(ClientFilter(owner_id=owner.id, name="f", tree=tree_of({})))
    mailing = make_mailing(owner, audience=Audience.FILTER, filter_id=saved.id)
    as_manager.post(f"/manager/approvals/{ask(as_owner, mailing).id}/approve")
    saved.tree = tree_of({"subscription": "subscribed"})
    db.session.commit()
    assert press_send(as_owner, mailing) == 409


def test_the_text_of_a_run_is_what_was_approved(as_owner: Browser, as_manager: Browser, owner: User) -> None:
    """Another text when the run is made, the approved one back before it is planned: the run's own copy counts."""
    owner.needs_approval = True
    mailing = make_mailing(owner, [make_client(owner)])
    as_manager.post(f"/manager/approvals/{ask(as_owner, mailing).id}/approve")
    message = db.session.get_one(Message, mailing.message_id)
    approved, message.text_body = message.text_body, "Buy!"
    make_due(mailing)
    (run_id,) = start_due()
    message.text_body = approved
    db.session.commit()
    write_recipient_list(run_id)
    assert db.session.get_one(Run, run_id, populate_existing=True).stop_reason is StopReason.UNAPPROVED


def test_large_runs_need_an_approval_by_setting(
    app: Flask, as_owner: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "APPROVAL_ABOVE", 1)
    small, large = (
        make_mailing(owner, [make_client(owner)]),
        make_mailing(owner, [make_client(owner), make_client(owner)]),
    )
    assert press_send(as_owner, small) == 303
    assert press_send(as_owner, large) == 409
    assert permit_on(as_owner.get(f"/mailings/{large.id}").text) == "missing"


def test_many_small_runs_need_an_approval_like_one_large(
    app: Flask, as_owner: Browser, as_manager: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "APPROVAL_ABOVE", 3)
    people = [make_client(owner) for _number in range(6)]
    first, again, second, third = (
        make_mailing(owner, chosen) for chosen in (people[:2], people[:2], people[2:4], people[4:])
    )
    assert press_send(as_owner, first) == 303
    write_recipient_list(1)
    assert permit_on(as_owner.get(f"/mailings/{again.id}").text) == "", "the same people count once"
    assert press_send(as_owner, again) == 303
    write_recipient_list(2)
    page = as_owner.get(f"/mailings/{second.id}").text
    assert permit_on(page) == "missing"
    assert "получателей станет 4; если их больше 3, нужно одобрение менеджера" in page
    assert press_send(as_owner, second) == 409
    make_due(second)
    assert plan_due().stop_reason is StopReason.UNAPPROVED, "nor by the calendar"
    as_manager.post(f"/manager/approvals/{ask(as_owner, second).id}/approve")
    assert press_send(as_owner, second) == 303
    write_recipient_list(4)
    assert db.session.get_one(Run, 4, populate_existing=True).is_approved
    assert permit_on(as_owner.get(f"/mailings/{third.id}").text) == "missing"
    assert "получателей станет 4" in as_owner.get(f"/mailings/{third.id}").text, "what was approved counts no more"
    rewrite("UPDATE runs SET created_at = now() - interval '25 hours'")
    assert permit_on(as_owner.get(f"/mailings/{third.id}").text) == ""
    assert press_send(as_owner, third) == 303


def test_two_small_runs_at_once_are_counted_together(app: Flask, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both were let go before either had a list: the lists are made one after the other."""
    monkeypatch.setitem(app.config, "APPROVAL_ABOVE", 3)
    runs = [start_now(make_mailing(owner, [make_client(owner), make_client(owner)]), "form") for _number in range(2)]
    for run in runs:
        write_recipient_list(run.id)
    assert [db.session.get_one(Run, run.id, populate_existing=True).stop_reason for run in runs] == [
        None, StopReason.UNAPPROVED,
    ]  # fmt: skip
