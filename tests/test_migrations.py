"""One chain, from empty to what the models say, and back."""

from __future__ import annotations

import re
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import Enum, text

from launcher.application_role import let_in
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.sending.runs.tallies import tally_closed_runs
from tests.conftest import ROLE_PASSWORD, ROOT, Servers
from tests.factories import make_client, make_mailing

MIGRATIONS = str(ROOT / "migrations")
# Checks are added NOT VALID, so that no table is locked for long; SQLAlchemy 2 reflects that option under a wrong name.
pytestmark = pytest.mark.filterwarnings("ignore:Can't validate argument 'dialect_options':sqlalchemy.exc.SAWarning")


def test_there_is_one_chain() -> None:
    script = ScriptDirectory(MIGRATIONS)
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
    assert all(not revision.is_merge_point for revision in script.walk_revisions())


def test_the_migrations_make_what_the_models_say(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, db.metadata) == []


def test_columns_of_few_values_take_all_of_the_models_and_no_other(app: Flask) -> None:
    """Each list of values is written in migrations, too: one that leaves out what another had just added would refuse
    it for ever."""
    definitions = "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c'"
    said = {name: set(re.findall(r"'([^']+)'::", text_)) for name, text_ in db.session.execute(text(definitions))}
    wanted = {
        f"ck_{table.name}_{column.type.name}": set(column.type.enums)
        for table in db.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, Enum)
    }
    assert {name: said.get(name, set()) ^ values for name, values in wanted.items() if said.get(name) != values} == {}


@pytest.mark.usefixtures("by_the_owner")
def test_every_migration_goes_back_and_forth(app: Flask, servers: Servers) -> None:
    db.session.remove()
    downgrade(directory=MIGRATIONS, revision="base")
    upgrade(directory=MIGRATIONS)
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), db.metadata) == []
    let_in(servers.database_url, ROLE_PASSWORD)


# Runs as revision 0014 had them: of every state, each with people in every state that it may hold.
RUNS = [
    "complete", "complete_with_refusals", "incomplete", "stopped", "expired", "skipped", "sending", "paused",
    "waiting_for_server", "waiting_for_window", "planned",
]  # fmt: skip
FILL = """
    INSERT INTO runs (owner_id, mailing_id, occurrence, token, state, snapshot, planned_at, created_at)
    SELECT m.owner_id, m.id, state, gen_random_uuid(), 'sending', '{}', now() - interval '1 hour', now()
    FROM mailings m CROSS JOIN unnest(CAST(:states AS text[])) AS state;
    INSERT INTO deliveries (run_id, position, client_id, email, email_key)
    SELECT r.id, n, c.id, n || c.email, n || c.email FROM runs r
    CROSS JOIN clients c CROSS JOIN generate_series(1, 300) n WHERE r.occurrence NOT IN ('skipped', 'planned');
    INSERT INTO slices (run_id, first_position, last_position, ready_at)
    SELECT id, 1, 300, now() FROM runs WHERE planned_count > 0;
    INSERT INTO attempts
        (run_id, position, number, outcome, phase, smtp_code, response, started_at, finished_at, worker)
    SELECT run_id, position, number, CASE WHEN position % 3 = 0 AND number = 1 THEN 'permanent' ELSE 'accepted' END,
        CASE WHEN position % 6 = 0 AND number = 1 THEN 'rcpt' ELSE 'content' END,
        CASE WHEN position % 3 = 0 AND number = 1 THEN 550 ELSE 250 END, 'words', now(), now(), 'w'
    FROM deliveries CROSS JOIN generate_series(1, 2) AS number
    WHERE number = 1 AND position <= 200 OR position % 9 = 0 AND position <= 100;
    UPDATE deliveries d SET attempt_count = a.n,
        state = CASE WHEN d.position % 3 = 0 AND n = 1 THEN 'refused' ELSE 'accepted' END
    FROM (SELECT run_id, position, count(*) AS n FROM attempts GROUP BY 1, 2) AS a JOIN runs r ON r.id = a.run_id
    WHERE a.run_id = d.run_id AND a.position = d.position
        AND (a.position <= 190 OR occurrence NOT IN ('sending', 'paused', 'waiting_for_server', 'waiting_for_window'));
    UPDATE deliveries d SET state = CASE WHEN occurrence = 'incomplete' THEN 'uncertain'
            WHEN occurrence IN ('stopped', 'expired') THEN 'stopped' ELSE 'excluded' END,
        reason = CASE occurrence WHEN 'incomplete' THEN NULL WHEN 'stopped' THEN 'owner'
            WHEN 'expired' THEN 'ended' ELSE 'unsubscribed' END
    FROM runs r WHERE r.id = d.run_id AND d.state = 'waiting'
        AND occurrence IN ('complete', 'complete_with_refusals', 'incomplete', 'stopped', 'expired');
    DELETE FROM deliveries d USING runs r WHERE r.id = d.run_id AND occurrence = 'complete' AND d.state = 'refused';
    UPDATE runs SET state = occurrence,
        closed_at = CASE WHEN waiting_count = 0 AND occurrence <> 'planned' THEN now() END,
        stop_reason = CASE occurrence WHEN 'stopped' THEN 'owner' WHEN 'expired' THEN 'ended'
            WHEN 'skipped' THEN 'missed' END
"""
KEPT = """
    SELECT occurrence, state, planned_count, waiting_count, accepted_count, refused_count, excluded_count,
        stopped_count, uncertain_count, successful_attempt_count, failed_attempt_count, closed_at FROM runs ORDER BY id
"""
SENT = """
    SELECT occurrence, (SELECT count(*) FROM attempts a JOIN deliveries d USING (run_id, position)
        WHERE a.run_id = r.id AND a.number <= d.attempt_count AND (a.outcome = 'accepted' OR a.phase = 'content'))
    FROM runs r ORDER BY id
"""


@pytest.mark.usefixtures("by_the_owner")
def test_a_filled_database_of_the_former_release_keeps_its_figures_and_goes_on(
    app: Flask, servers: Servers, owner: User
) -> None:
    """Up from revision 0014 with runs in every state and an open one half sent, down to it, and up again."""
    mailing_id = make_mailing(owner, [make_client(owner)], run_limit=9).id
    db.session.execute(text("UPDATE mailings SET starts_local = now() - interval '1 day'"))
    db.session.commit()
    db.session.remove()
    try:
        downgrade(directory=MIGRATIONS, revision="0014")
        with db.engine.begin() as connection:
            for statement in FILL.split(";\n"):
                connection.execute(text(statement), {"states": RUNS})
            kept = connection.execute(text(KEPT)).all()
        upgrade(directory=MIGRATIONS)
        assert rows_of(KEPT) == kept
        assert rows_of("SELECT occurrence, sent_count FROM runs ORDER BY id") == rows_of(SENT)
        assert db.session.get_one(Mailing, mailing_id).skipped_count == 1
        while tally_closed_runs():
            pass
        assert rows_of("SELECT count(*) FROM runs WHERE closed_at IS NOT NULL AND tallied_at IS NULL") == [(0,)]
        by_reason = dict(rows_of("SELECT kind, sum(count) FROM run_tallies GROUP BY kind"))
        sums = "SELECT sum(refused_count), sum(stopped_count), sum(excluded_count) FROM runs"
        tallied = [(by_reason["refused"], by_reason["stopped"], by_reason["excluded"])]
        assert tallied == rows_of(f"{sums} WHERE closed_at IS NOT NULL")

        db.session.remove()
        downgrade(directory=MIGRATIONS, revision="0014")
        with db.engine.connect() as connection:
            assert connection.execute(text(KEPT)).all() == kept
    finally:
        db.session.remove()
        upgrade(directory=MIGRATIONS)
        let_in(servers.database_url, ROLE_PASSWORD)
    assert rows_of("SELECT occurrence, sent_count FROM runs ORDER BY id") == rows_of(SENT)


def rows_of(statement: str) -> list[Any]:
    """As tuples."""
    found = [tuple(row) for row in db.session.execute(text(statement))]
    db.session.rollback()
    return found


@pytest.mark.usefixtures("by_the_owner")
def test_names_of_free_details_become_text_fields_and_no_client_changes(
    app: Flask, servers: Servers, owner: User, stranger: User
) -> None:
    """Up from revision 0035: the most used first, each owner's own, and beyond the limit a value stays what it was."""
    make_client(owner, attributes={"City": "Kazan", "Level": "gold"})
    make_client(owner, attributes={"City": "Omsk"})
    make_client(stranger, attributes={f"name {number}": "x" for number in range(110)})
    owner_id, stranger_id = owner.id, stranger.id
    clients = "SELECT id, attributes::text, version FROM clients ORDER BY id"
    kept = rows_of(clients)
    db.session.remove()
    try:
        downgrade(directory=MIGRATIONS, revision="0035")
    finally:
        upgrade(directory=MIGRATIONS)
        let_in(servers.database_url, ROLE_PASSWORD)
    fields = "SELECT key, label, type, position FROM client_fields WHERE owner_id = {} ORDER BY position"
    assert rows_of(fields.format(owner_id)) == [("City", "City", "text", 1), ("Level", "Level", "text", 2)]
    assert len(rows_of(fields.format(stranger_id))) == 100
    assert rows_of(clients) == kept
