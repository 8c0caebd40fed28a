"""The application as a role that owns nothing: everything works, and what must stay cannot be taken away."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid

import psycopg2
import pytest
from flask import Flask
from psycopg2.errors import CheckViolation, InsufficientPrivilege
from sqlalchemy import text

from launcher.application_role import ROLE, application_url, let_in
from mailer.accounts.erasing import erase_some
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.journal.entries import verify
from mailer.models.journal_entry import Action
from mailer.models.run import Run
from mailer.models.user import User
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_now
from tests.conftest import ROLE_PASSWORD, ROOT, Browser, Servers
from tests.factories import PASSWORD, make_client, make_mailing
from tests.world import populate


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


# What sending and its people do change. A column that is added belongs here, or to those that never change.
CHANGING = {
    "deliveries": ["state", "reason", "attempt_count", "transient_count", "retry_at", "came_back"],
    "attempts": [],
    "journal": [],
    "runs": [
        "state",
        "stop_reason",
        "stop_note",
        "pause_reason",
        "tolerates_refusals",
        "tolerates_bounces",
        "audience",
        "is_approved",
        "due_at",
        "ends_at",
        "window_opens_at",
        "window_closes_at",
        "started_at",
        "closed_at",
        "reopened_at",
        "alarmed_at",
        "domains_counted_at",
        "last_fault",
        "last_fault_at",
        "unlisted_count",
        "planned_count",
        "waiting_count",
        "accepted_count",
        "refused_count",
        "excluded_count",
        "stopped_count",
        "uncertain_count",
        "bounced_count",
        "complained_count",
        "successful_attempt_count",
        "failed_attempt_count",
        "sent_count",
        "unsubscribed_count",
        "is_tracked",
        "clicked_count",
        "opened_count",
        "reactions_ended_at",
        "tallied_at",
    ],
}


@pytest.fixture
def run(owner: User) -> Run:
    """A run with one recipient, whom the server refused."""
    run = start_now(make_mailing(owner, [make_client(owner)]), "form")
    write_recipient_list(run.id)
    db.session.execute(
        text(
            "INSERT INTO attempts (run_id, position, number, outcome, phase, response, started_at, finished_at, worker)"
            " VALUES (1, 1, 1, 'permanent', 'rcpt', '', now(), now(), '')"
        )
    )
    add_entry(Action.SIGNED_IN)
    db.session.commit()
    return run


@pytest.mark.usefixtures("run")
def test_what_was_written_is_not_written_over(plain_url: str) -> None:
    fixed = {
        table: [c.name for c in db.metadata.tables[table].c if c.name not in CHANGING[table]] for table in CHANGING
    }
    connection = psycopg2.connect(plain_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for table, columns in {**fixed, "users": ["id", "created_at"]}.items():
            for column in columns:
                with pytest.raises((InsufficientPrivilege, CheckViolation)):
                    cursor.execute(f"UPDATE {table} SET {column} = {column}")
                    pytest.fail(f"{table}.{column}")
    connection.close()


def test_a_deletion_that_nobody_asked_for_takes_nothing_away(plain_url: str, run: Run) -> None:
    """Neither the mark alone, nor all that deleting an account does without the journal's word; nor is it undone."""
    connection = psycopg2.connect(plain_url)
    connection.autocommit = True
    erased = "UPDATE users SET erased_at = now()"
    with connection.cursor() as cursor:
        with pytest.raises(CheckViolation, match="erased_names_nobody"):
            cursor.execute(erased)
        cursor.execute(f"{erased}, email = 'deleted-' || id || '@deleted.invalid', password_hash = ''")
        for other in ("NULL", "erased_at - interval '1 year'"):
            with pytest.raises(CheckViolation, match="erased for good"):
                cursor.execute(f"UPDATE users SET erased_at = {other}")
        with pytest.raises(CheckViolation, match="erased_names_nobody"):
            cursor.execute("UPDATE users SET email = 'mine@golub.test'")
        cursor.execute("SELECT erase_deliveries(%s, 5000), erase_runs(%s)", (run.id, run.owner_id))
        cursor.execute("SELECT count(*) FROM deliveries")
        assert cursor.fetchone() == (1,)
    connection.close()


def test_the_erasing_of_an_account_works_as_the_role(
    app: Flask, plain_url: str, owner: User, as_owner: Browser
) -> None:
    """So does every page: tests/test_access.py."""
    assert db.session.scalar(text("SELECT current_user")) == ROLE
    populate(app, owner)
    assert db.session.scalar(text("SELECT count(*) FROM attempts")) == 1
    db.session.execute(text("SELECT erase_deliveries(1, 5000), erase_runs(:owner)"), {"owner": owner.id})
    assert db.session.scalar(text("SELECT count(*) FROM attempts")) == 1, "those of an account that is there stay"
    db.session.commit()
    as_owner.post("/profile/delete", data={"delete-password": PASSWORD})
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
