"""The application as a role that owns nothing: everything works, and what must stay cannot be taken away."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid

import psycopg2
import pytest
from flask import Flask
from psycopg2.errors import InsufficientPrivilege
from sqlalchemy import text

from launcher.application_role import ROLE, application_url, let_in
from mailer.accounts.erasing import erase_some
from mailer.extensions import db
from mailer.journal.verifying import verify
from mailer.models.user import User
from tests.conftest import ROLE_PASSWORD, ROOT, Servers
from tests.factories import PASSWORD
from tests.test_access import TABLE
from tests.world import address_of, browsers_of_everybody, query_of


@pytest.fixture
def plain_url(app: Flask, servers: Servers) -> str:
    """The test's database by the plain role."""
    let_in(servers.database_url, ROLE_PASSWORD)  # a second start finds it so
    return application_url(servers.database_url, ROLE_PASSWORD)


FORBIDDEN = [
    "DELETE FROM attempts", "TRUNCATE attempts", "DELETE FROM deliveries", "DELETE FROM runs", "DELETE FROM users",
    "DELETE FROM journal", "UPDATE journal SET ip = ''", "TRUNCATE journal",
    "ALTER TABLE journal DISABLE TRIGGER ALL", "DROP TABLE clients", "CREATE TABLE mine (x int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'", "UPDATE alembic_version SET version_num = '0001'",
    "SET session_replication_role = replica", "CREATE ROLE another", "ALTER TABLE attempts OWNER TO golub_app",
]  # fmt: skip


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_role_cannot_take_away_what_must_stay(plain_url: str, statement: str) -> None:
    connection = psycopg2.connect(plain_url)
    try:
        with connection.cursor() as cursor, pytest.raises(InsufficientPrivilege):
            cursor.execute(statement)
    finally:
        connection.close()


def test_every_page_and_the_erasing_of_an_account_work_as_the_role(
    app: Flask, plain_url: str, owner: User, caplog: pytest.LogCaptureFixture
) -> None:
    assert db.session.scalar(text("SELECT current_user")) == ROLE
    people = browsers_of_everybody(app, owner)
    for endpoint, methods in TABLE.items():
        if "GET" in methods and endpoint not in ("static", "admin.static"):
            person = people["admin" if endpoint.startswith(("manager.", "all_", "posts.")) else "owner"]
            person.get(address_of(app, endpoint) + query_of(endpoint)).close()
            assert "permission denied" not in caplog.text, endpoint
    assert db.session.scalar(text("SELECT count(*) FROM attempts")) == 1
    db.session.execute(text("SELECT erase_deliveries(1, 5000), erase_runs(:owner)"), {"owner": owner.id})
    assert db.session.scalar(text("SELECT count(*) FROM attempts")) == 1, "those of an account that is there stay"
    db.session.commit()
    people["owner"].post("/profile/delete", data={"delete-password": PASSWORD})
    db.session.execute(text("UPDATE users SET erased_at = erased_at - interval '1 year' WHERE erased_at IS NOT NULL"))
    db.session.commit()
    while erase_some(60):
        pass
    assert db.session.scalar(text("SELECT count(*) FROM attempts")) == 0  # with the account
    assert verify().broken_id is None


def test_an_upgrade_by_the_owner_lets_the_role_in(servers: Servers) -> None:
    role = f"plain_{uuid.uuid4().hex[:8]}"
    owner = psycopg2.connect(servers.database_url)
    owner.autocommit = True
    with owner.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'secret'")
        url = application_url(servers.database_url, "secret").replace(ROLE, role)
        environment = os.environ | {"DATABASE_URL": url, "DATABASE_OWNER_URL": servers.database_url}
        command = [sys.executable, "-m", "flask", "db", "upgrade"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        cursor.execute("SELECT has_table_privilege(%s, 'attempts', 'INSERT, SELECT')", (role,))
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT has_table_privilege(%s, 'attempts', 'DELETE')", (role,))
        assert cursor.fetchone() == (False,)
        cursor.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    owner.close()
