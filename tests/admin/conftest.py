"""An editor."""

from __future__ import annotations

import pytest
from flask import Flask

from mailer.models.user import Role, User
from tests.conftest import Browser
from tests.factories import make_user


@pytest.fixture
def editor(app: Flask) -> User:
    """Somebody who keeps the blog."""
    return make_user(email="editor@golub.test", role=Role.EDITOR)


@pytest.fixture
def as_editor(web: Browser, editor: User) -> Browser:
    """The editor's browser."""
    return web.login(editor)
