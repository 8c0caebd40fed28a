"""Accounts made on the command line."""

from __future__ import annotations

import pytest
from flask import Flask

from mailer.auth import services
from mailer.auth.refusals import BadAddress, EmailTaken, WeakPassword
from mailer.models.user import Role
from tests.conftest import Browser


@pytest.mark.parametrize("role", list(Role))
def test_an_account_with_a_new_password_can_log_in_at_once(web: Browser, role: Role) -> None:
    user, password = services.create_user("Boss@Golub.TEST", role)
    assert (user.email, user.role) == ("Boss@golub.test", role)
    assert len(password) >= 20
    assert web.post("/login", data={"email": "boss@golub.test", "password": password}).status_code == 303


def test_a_given_password_is_taken(web: Browser) -> None:
    _user, password = services.create_user("boss@golub.test", Role.ADMIN, "seven tall green giraffes")
    assert password == "seven tall green giraffes"
    assert web.post("/login", data={"email": "boss@golub.test", "password": password}).status_code == 303


def test_bad_wishes_are_refused(app: Flask) -> None:
    services.create_user("boss@golub.test", Role.ADMIN)
    with app.test_request_context():
        with pytest.raises(EmailTaken):
            services.create_user("BOSS@golub.test", Role.ADMIN)
        with pytest.raises(BadAddress):
            services.create_user("boss", Role.ADMIN)
        with pytest.raises(WeakPassword):
            services.create_user("other@golub.test", Role.ADMIN, "admin123")
