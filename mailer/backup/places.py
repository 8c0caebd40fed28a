"""Where the database of this installation is reached: named by a setting, or the embedded one, started for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _

from launcher.embedded import own_postgres
from launcher.lock import AlreadyRunning, only_here
from launcher.part import StartError
from mailer.errors import Refusal


@contextmanager
def database(*, is_alone: bool) -> Iterator[str]:
    """The database's URL. With `is_alone` nothing else of this state folder runs meanwhile: Refusal when it does."""
    var_dir = Path(current_app.config["VAR_DIR"])
    with ExitStack() as stack:
        try:
            stack.enter_context(only_here(var_dir))
        except AlreadyRunning as error:
            if is_alone:
                raise Refusal(_("Golub is running in %(folder)s: stop it first.", folder=var_dir)) from error
            yield _owners_url()
            return
        if os.environ.get("DATABASE_URL"):
            yield _owners_url()
            return
        try:
            url = stack.enter_context(own_postgres(var_dir, may_be_new=is_alone))
        except StartError as error:
            raise Refusal(str(error)) from error
        yield url


def _owners_url() -> str:
    """By whoever owns the tables, where the application's role does not: it makes no table and empties none."""
    return str(current_app.config["DATABASE_OWNER_URL"] or current_app.config["SQLALCHEMY_DATABASE_URI"])
