"""One chain, from empty to what the models say, and back."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade

from launcher.application_role import let_in
from mailer.extensions import db
from tests.conftest import ROLE_PASSWORD, ROOT, Servers

MIGRATIONS = str(ROOT / "migrations")


def test_there_is_one_chain() -> None:
    script = ScriptDirectory(MIGRATIONS)
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    assert all(not revision.is_merge_point for revision in script.walk_revisions())


def test_the_migrations_make_what_the_models_say(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, db.metadata) == []


@pytest.mark.usefixtures("by_the_owner")
def test_every_migration_goes_back_and_forth(app: Flask, servers: Servers) -> None:
    db.session.remove()
    downgrade(directory=MIGRATIONS, revision="base")
    upgrade(directory=MIGRATIONS)
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
    let_in(servers.database_url, ROLE_PASSWORD)
