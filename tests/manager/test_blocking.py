"""Blocking people, giving roles, and who may do so."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.journal_entry import Action, JournalEntry
from mailer.models.mailing import Mailing
from mailer.models.run import Run, StopReason
from mailer.models.user import Role, User
from mailer.sending.runs.start import start_due
from tests.conftest import Browser
from tests.factories import PASSWORD, make_client, make_mailing, make_user, save
from tests.manager.conftest import letters_to


def fresh(user: User) -> User:
    db.session.expire_all()
    return db.session.get_one(User, user.id)


def block(web: Browser, user: User, reason: str = "Bought list") -> int:
    return web.post(f"/manager/users/{user.id}/block", data={"reason": reason}).status_code


def test_a_block_signs_out_stops_mail_and_is_told(
    as_manager: Browser, as_owner: Browser, manager: User, owner: User
) -> None:
    mailing = make_mailing(owner, [make_client(owner)])
    run = save(Run(owner_id=owner.id, mailing_id=mailing.id, occurrence="x", planned_at=utcnow(), state="sending"))
    assert block(as_manager, owner) == 303
    assert as_owner.get("/profile").status_code == 302
    assert as_owner.post("/profile").status_code == 401
    db.session.refresh(run)
    assert run.stop_reason is StopReason.BLOCKED
    user = fresh(owner)
    assert (user.block_reason, user.blocked_by_id) == ("Bought list", manager.id)
    assert letters_to(owner) == [("account-blocked", {"reason": "Bought list"})]
    entry = db.session.scalars(select(JournalEntry).where(JournalEntry.action == Action.BLOCKED)).one()
    assert (entry.actor_id, entry.subject, entry.details) == (manager.id, f"user {owner.id}", {"reason": "Bought list"})


def test_a_blocked_person_learns_why_at_the_door_and_recovers_nothing(
    app: Flask, as_manager: Browser, owner: User
) -> None:
    block(as_manager, owner)
    visitor = app.test_client()
    answer = visitor.post("/login", data={"email": owner.email, "password": PASSWORD})
    assert answer.status_code == 422
    assert "Bought list" in answer.text


def test_a_block_needs_a_reason(as_manager: Browser, owner: User) -> None:
    for reason in ("", "   ", "a\0b", "x" * 501):
        assert block(as_manager, owner, reason) == 422
    assert fresh(owner).blocked_at is None


def test_blocking_twice_is_refused(as_manager: Browser, owner: User) -> None:
    assert block(as_manager, owner) == 303
    assert block(as_manager, owner, "again") == 409
    assert fresh(owner).block_reason == "Bought list"


def test_after_the_block_mailings_go_on_from_now(as_manager: Browser, owner: User) -> None:
    now = utcnow()
    mailing = make_mailing(owner, [make_client(owner)], starts_local=(now - timedelta(days=3)).replace(tzinfo=None))
    mailing.next_run_at, mailing.next_run_local = (
        now - timedelta(days=1),
        (now - timedelta(days=1)).replace(tzinfo=None),
    )
    save(Run(owner_id=owner.id, mailing_id=mailing.id, occurrence="x", planned_at=now, state="skipped", closed_at=now))
    block(as_manager, owner)
    assert start_due(now) == []
    assert as_manager.post(f"/manager/users/{owner.id}/unblock").status_code == 303
    assert start_due(now) == [], "moments that passed are not made up for"
    db.session.refresh(mailing)
    assert mailing.next_run_at is not None
    assert mailing.next_run_at > now
    assert [template for template, _values in letters_to(owner)] == ["account-blocked", "account-unblocked"]
    assert as_manager.post(f"/manager/users/{owner.id}/unblock").status_code == 409


@pytest.mark.parametrize("role", [Role.MANAGER, Role.EDITOR, Role.ADMIN])
def test_staff_is_blocked_by_administrators_only(as_manager: Browser, as_admin: Browser, role: Role) -> None:
    person = make_user(role=role)
    assert block(as_manager, person) == 403
    assert as_manager.post(f"/manager/users/{person.id}/limits", data={"daily_limit": "5"}).status_code == 403
    assert fresh(person).blocked_at is None
    assert block(as_admin, person) == 303


def test_nobody_blocks_themselves(as_manager: Browser, manager: User, as_admin: Browser, admin: User) -> None:
    assert block(as_manager, manager) == 403
    assert block(as_admin, admin) == 403


def give(web: Browser, user: User, role: str) -> int:
    return web.post(f"/manager/users/{user.id}/role", data={"role": role}).status_code


def test_a_role_is_given_by_administrators_and_signs_out(
    as_manager: Browser, as_admin: Browser, as_owner: Browser, owner: User
) -> None:
    mailing = make_mailing(owner)
    assert give(as_manager, owner, "editor") == 403
    assert give(as_admin, owner, "emperor") == 422
    assert give(as_admin, owner, "editor") == 303
    assert fresh(owner).role is Role.EDITOR
    assert as_owner.get("/profile").status_code == 302
    assert db.session.get_one(Mailing, mailing.id).paused_at is not None, "nobody is left who could stop it"
    assert letters_to(owner) == [("role-changed", {"role": "editor"})]


def test_the_last_administrator_stays(as_admin: Browser, admin: User) -> None:
    assert give(as_admin, admin, "user") == 409
    assert fresh(admin).role is Role.ADMIN
    other = make_user(role=Role.ADMIN, blocked_at=utcnow(), block_reason="x")
    assert give(as_admin, admin, "user") == 409, "a blocked one does not count"
    other.blocked_at = other.block_reason = None
    db.session.commit()
    assert give(as_admin, admin, "user") == 303


def test_an_administrator_signs_somebody_out(
    as_manager: Browser, as_admin: Browser, as_owner: Browser, owner: User
) -> None:
    assert as_manager.post(f"/manager/users/{owner.id}/end-sessions").status_code == 403
    assert as_admin.post(f"/manager/users/{owner.id}/end-sessions").status_code == 303
    assert as_owner.get("/profile").status_code == 302


def test_a_users_page_shows_figures_and_nothing_to_judge_staff_with(
    as_manager: Browser, owner: User, manager: User
) -> None:
    make_mailing(owner, [make_client(owner)], name="Осенняя")
    page = as_manager.get(f"/manager/users/{owner.id}").text
    assert "Осенняя" in page
    assert f"/manager/users/{owner.id}/block" in page
    assert f"/manager/users/{owner.id}/role" not in page
    assert f"/manager/users/{manager.id}/block" not in as_manager.get(f"/manager/users/{manager.id}").text
    assert as_manager.get("/manager/users/999").status_code == 404


def test_users_are_filtered_by_role_and_state(as_manager: Browser, manager: User, owner: User) -> None:
    blocked = make_user(blocked_at=utcnow(), block_reason="x")

    def shown(query: str) -> set[int]:
        page = as_manager.get(f"/manager?{query}").text
        return {user.id for user in (manager, owner, blocked) if f'data-user="{user.id}"' in page}

    assert shown("role=manager") == {manager.id}
    assert shown("state=blocked") == {blocked.id}
    assert shown("role=user&state=active") == {owner.id}
    assert as_manager.get("/manager?role=emperor").status_code == 400
    assert as_manager.get("/manager?state=x").status_code == 400


def test_a_new_role_is_told_of_in_the_persons_language(app: Flask, as_admin: Browser) -> None:
    from email import message_from_bytes, policy

    from mailer.account_mail.outbox import _notice
    from mailer.models.account_email import AccountEmail
    from tests.auth.conftest import text_of

    person = make_user(language="en")
    give(as_admin, person, "manager")
    row = db.session.scalars(select(AccountEmail).where(AccountEmail.to_email == person.email)).one()
    mail = message_from_bytes(_notice(row).as_bytes(), policy=policy.default)
    assert "manager" in text_of(mail)
    assert "manager" in text_of(mail, "html")
