"""People with power, and what account holders are told."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from mailer.models.account_email import AccountEmail
from mailer.models.user import Role, User
from tests.conftest import Browser, browser_of
from tests.factories import make_user


@pytest.fixture
def admin(app: Flask) -> User:
    """An administrator, the only one."""
    return make_user(email="admin@golub.test", role=Role.ADMIN)


@pytest.fixture
def as_admin(app: Flask, admin: User) -> Browser:
    """The administrator's browser."""
    return browser_of(app).login(admin)


def letters_to(user: User) -> list[tuple[str, dict[str, Any]]]:
    """(template, values) of the mails written to `user`, the first first."""
    from mailer.extensions import db

    rows = db.session.query(AccountEmail).filter_by(to_email=user.email).order_by(AccountEmail.id)
    return [(row.template, row.context) for row in rows]
