"""Permissions granted one by one: what they open, what they never open, and who may give them."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from mailer.access import Permission
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.approval import Approval, ApprovalState
from mailer.models.journal_entry import Action, JournalEntry
from mailer.models.user import GRANTABLE, Role, User
from mailer.models.user_session import UserSession
from tests.conftest import Browser, browser_of
from tests.factories import make_mailing, make_user, save


@pytest.fixture
def as_admin(app: Flask) -> Browser:
    return browser_of(app).login(make_user(role=Role.ADMIN))


def test_an_admin_grants_on_the_users_page(as_admin: Browser, as_owner: Browser, owner: User) -> None:
    page = f"/manager/users/{owner.id}"
    assert 'name="granted"' in as_admin.get(page).text
    assert as_owner.get("/manager").status_code == 403
    answer = as_admin.post(f"{page}/permissions", data={"granted": ["block-users", "approve-posts"]})
    assert (answer.status_code, answer.location) == (303, page)

    db.session.refresh(owner)
    assert owner.granted == ["block-users", "approve-posts"]
    assert owner.can(Permission.OVERSEE) and not owner.can(Permission.SET_LIMITS) and owner.can(Permission.SEND)
    assert db.session.scalars(select(UserSession).filter_by(user_id=owner.id)).all() == []
    assert as_owner.get("/manager").status_code == 302  # signed out
    entry = db.session.scalars(select(JournalEntry).filter_by(action=Action.PERMISSIONS_CHANGED)).one()
    assert (entry.subject, entry.details["after"]) == (f"user {owner.id}", ["block-users", "approve-posts"])
    email = db.session.scalars(select(AccountEmail).filter_by(template="permissions-changed")).one()
    assert email.to_email == owner.email

    as_admin.post(f"{page}/permissions", data={})
    db.session.refresh(owner)
    assert owner.granted == [] and not owner.is_staff


@pytest.mark.parametrize("granted", [["administer"], ["send"], ["edit-blog"], ["x"], ["block-users", "\0"]])
def test_what_comes_with_a_role_only_is_refused(as_admin: Browser, owner: User, granted: list[str]) -> None:
    answer = as_admin.post(f"/manager/users/{owner.id}/permissions", data={"granted": granted})
    assert answer.status_code in (409, 422)
    db.session.refresh(owner)
    assert owner.granted == []
    assert "is not a valid choice" not in answer.text


def test_the_database_knows_what_can_be_granted(owner: User) -> None:
    owner.granted = ["administer"]
    with pytest.raises(IntegrityError):
        db.session.commit()
    db.session.rollback()


def test_a_new_role_takes_them_back(as_admin: Browser, owner: User) -> None:
    owner.granted = ["oversee"]
    db.session.commit()
    as_admin.post(f"/manager/users/{owner.id}/role", data={"role": "editor"})
    db.session.refresh(owner)
    assert (owner.role, owner.granted) == (Role.EDITOR, [])


def test_who_was_granted_something_is_staff_to_others(
    app: Flask, as_manager: Browser, as_stranger: Browser, owner: User, stranger: User
) -> None:
    stranger.granted, owner.granted = [one.value for one in GRANTABLE], ["oversee"]
    db.session.commit()
    for browser in (as_manager, as_stranger):
        assert browser.post(f"/manager/users/{owner.id}/block", data={"reason": "x"}).status_code == 403
    assert as_stranger.post(f"/manager/users/{stranger.id}/limits", data={"daily_limit": "9"}).status_code == 403
    victim = make_user()
    assert as_stranger.post(f"/manager/users/{victim.id}/block", data={"reason": "x"}).status_code == 303


def test_nobody_decides_about_their_own(as_owner: Browser, owner: User) -> None:
    owner.granted = [one.value for one in GRANTABLE]
    mailing = make_mailing(owner, disabled_at=db.func.now(), disabled_reason="spam")
    asked = save(Approval(owner_id=owner.id, mailing_id=mailing.id, fingerprint="0" * 64, recipient_count=1))
    assert as_owner.post(f"/manager/mailings/{mailing.id}/enable").status_code == 403
    for decision in ("approve", "reject"):
        assert as_owner.post(f"/manager/approvals/{asked.id}/{decision}", data={"reason": "x"}).status_code == 403
    db.session.refresh(asked)
    assert asked.state is ApprovalState.ASKED
    page = as_owner.get(f"/mailings/{mailing.id}").text
    assert f"/manager/mailings/{mailing.id}/enable" not in page


def test_flask_grants_and_revokes(app: Flask, owner: User, manager: User) -> None:
    run = app.test_cli_runner().invoke
    told = run(args=["grant", owner.email.upper(), "oversee", "set-limits"])
    assert told.exit_code == 0
    assert re.findall(r"\(([a-z-]+)\)[,\n]", told.output) == ["oversee", "send", "set-limits"]
    told = run(args=["revoke", owner.email, "oversee"])
    assert told.exit_code == 0
    db.session.refresh(owner)
    assert owner.granted == ["set-limits"]
    assert run(args=["grant", owner.email, "administer"]).exit_code == 2
    assert run(args=["grant", owner.email]).exit_code == 2
    assert run(args=["grant", "nobody@golub.test", "oversee"]).exit_code == 1
    told = run(args=["revoke", manager.email, "oversee"])
    assert told.exit_code == 1 and "comes with the role" in told.output
