"""Who proves an address owns its account: nothing that anybody set or asked for before opens it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from mailer.accounts.erasing import forget_old_unconfirmed
from mailer.auth.invitations import link_for
from mailer.auth.queries import find_user
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.user import Role, User
from tests.auth.conftest import Mailbox, fresh, path_in
from tests.conftest import Browser, browser_of
from tests.factories import PASSWORD, make_user
from tests.narrowing import one

VICTIM = "victim@golub.test"
THEIRS = "words of the attacker"
OWN = "words of the victim"


def logs_in(web: Browser, email: str, password: str) -> bool:
    return web.post("/login", data={"email": email, "password": password}).status_code == 303


@pytest.fixture
def squatted(app: Flask) -> User:
    """A registration of the victim's address that nobody confirmed, and whose password somebody knows."""
    return make_user(email=VICTIM, confirmed=False)


def test_the_password_typed_at_registration_is_never_the_account_s(web: Browser, mailbox: Mailbox) -> None:
    web.post("/register", data={"email": VICTIM, "password": THEIRS, "consent": "y"})
    path = mailbox.fetch_path()
    assert web.post(path).status_code == web.post(path, data={"password": "short"}).status_code == 422
    assert one(find_user(VICTIM)).confirmed_at is None, "nothing is confirmed without a password"
    assert web.post(path, data={"password": OWN}).status_code == 303
    assert not logs_in(web, VICTIM, THEIRS)
    assert logs_in(web, VICTIM, OWN)


def test_a_password_from_before_ends_with_the_confirmation(web: Browser, mailbox: Mailbox, squatted: User) -> None:
    web.post("/confirm/resend", data={"email": VICTIM})
    web.post("/register", data={"email": VICTIM, "consent": "y"})
    web.post("/forgot", data={"email": VICTIM})
    first, second, reset = (path_in(mail) for mail in mailbox.fetch())
    attacker = browser_of(web.application).login(squatted)
    asked_at = utcnow()
    assert web.post(second, data={"password": OWN}).status_code == 303
    for path in (first, reset):
        assert web.post(path, data={"password": THEIRS}).status_code == 404
    assert attacker.get("/profile").status_code == 302
    assert not logs_in(web, VICTIM, PASSWORD)
    assert one(fresh(squatted).consented_at) >= asked_at, "the agreement is that of who confirmed"


def test_a_weak_password_keeps_the_link(web: Browser, mailbox: Mailbox) -> None:
    web.post("/register", data={"email": VICTIM, "consent": "y"})
    path = mailbox.fetch_path()
    answer = web.post(path, data={"password": "victim@golub.test"})
    assert answer.status_code == 422
    assert 'id="password-error"' in answer.text
    assert web.post(path, data={"password": OWN}).status_code == 303


def test_an_invitation_takes_the_account_from_who_registered_the_address(web: Browser, squatted: User) -> None:
    link = link_for(VICTIM).partition("golub.test")[2]
    assert web.post(link, data={"password": OWN, "consent": "y"}).status_code == 303
    assert fresh(squatted).confirmed_at is not None
    assert logs_in(web, VICTIM, OWN)
    assert not logs_in(browser_of(web.application), VICTIM, PASSWORD)


def test_an_address_squatted_by_a_registration_is_free_for_its_owner_s_account(
    as_owner: Browser, owner: User, mailbox: Mailbox, squatted: User
) -> None:
    as_owner.post("/profile/email", data={"new_email": VICTIM, "password": PASSWORD})
    assert as_owner.post(mailbox.fetch_path(VICTIM)).status_code == 303
    assert fresh(owner).email == VICTIM
    assert fresh(squatted).erased_at is not None
    assert logs_in(browser_of(as_owner.application), VICTIM, PASSWORD)


def test_who_reads_the_new_address_cannot_make_a_stranger_s_account_theirs(
    web: Browser, as_owner: Browser, owner: User, mailbox: Mailbox
) -> None:
    """Otherwise the attacker's password would open an account of the victim's address."""
    as_owner.post("/profile/email", data={"new_email": VICTIM, "password": PASSWORD})
    path = mailbox.fetch_path(VICTIM)
    assert 'name="password"' in web.get(path).text
    assert 'name="password"' not in as_owner.get(path).text
    for data in ({}, {"password": OWN}, {"password": "x" * 5000}):
        answer = web.post(path, data=data)
        assert answer.status_code == 422
        assert 'id="password-error"' in answer.text
    assert fresh(owner).email == "owner@golub.test"
    assert web.post(path, data={"password": PASSWORD}).status_code == 303, "the link waits for the right one"


def test_an_account_made_by_command_is_not_the_squatter_s(app: Flask, web: Browser, squatted: User) -> None:
    done = app.test_cli_runner().invoke(args=["create-user", VICTIM, "--role", "admin", "--password", OWN])
    assert done.exit_code == 0, done.output
    assert logs_in(web, VICTIM, OWN)
    assert fresh(squatted).role is Role.USER
    assert fresh(squatted).erased_at is not None


@pytest.mark.parametrize("door", ["invite", "create-user"])
def test_a_blocked_registration_gives_way_to_nobody(app: Flask, squatted: User, door: str) -> None:
    squatted.blocked_at, squatted.block_reason = utcnow(), "spam"
    db.session.commit()
    assert app.test_cli_runner().invoke(args=[door, VICTIM]).exit_code != 0
    assert fresh(squatted).email == VICTIM


def test_registrations_that_nobody_confirms_are_forgotten_after_a_week(web: Browser, mailbox: Mailbox) -> None:
    kept = make_user(email="owner@golub.test")
    web.post("/register", data={"email": VICTIM, "consent": "y"})
    assert forget_old_unconfirmed(utcnow() + timedelta(days=6, hours=23)) == 0
    with time_machine.travel(utcnow() + timedelta(days=7, minutes=1)):
        web.post("/confirm/resend", data={"email": VICTIM})
        assert forget_old_unconfirmed(utcnow()) == 0, "a link still waits in somebody's mail"
    later = utcnow() + timedelta(days=8, minutes=2)
    assert forget_old_unconfirmed(later) == 1
    assert forget_old_unconfirmed(later) == 0
    assert find_user(VICTIM) is None
    assert VICTIM not in str(db.session.execute(select(User.email, User.erased_at)).all())
    assert fresh(kept).erased_at is None
