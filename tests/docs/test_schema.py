"""docs/schema.md is what a migrated database and the models say."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import CheckConstraint, text

from mailer.extensions import db
from tests.conftest import owner_engine
from tests.docs import catalogue, schema
from tests.docs.model_notes import notes
from tests.docs.reasons import KEPT_BY_TRIGGERS, REASONS


def test_the_page_is_what_the_database_is(app: Flask) -> None:
    with db.engine.connect() as connection:
        assert schema.PAGE.read_text() == schema.page(connection), "run: make schema"


def test_every_table_has_its_place_and_purpose(app: Flask) -> None:
    placed = [table for tables in schema.GROUPS.values() for table in tables]
    assert sorted(placed) == sorted(db.metadata.tables)
    assert [table for table, note in notes().items() if not note.purpose] == []


def test_every_trigger_and_function_has_its_reason(app: Flask) -> None:
    with db.engine.connect() as connection:
        assert without_reason(catalogue.read(connection)) == []


def test_every_reason_is_of_something(app: Flask) -> None:
    with db.engine.connect() as connection:
        of_database = catalogue.read(connection)
    there = {trigger.name for trigger in of_database.triggers} | {function.name for function in of_database.functions}
    assert set(REASONS) == there
    columns = {(column.table, column.name) for column in of_database.columns}
    kept = {(table, name) for table, names, _ in KEPT_BY_TRIGGERS for name in names.split(", ")}
    assert kept <= columns


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TRIGGER nobody_knows_why BEFORE UPDATE ON clients FOR EACH ROW "
        "EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "CREATE FUNCTION nobody_knows_why() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    ],
)
def test_one_without_a_reason_is_found(app: Flask, made: str) -> None:
    with owner_engine().connect() as connection:
        connection.execute(text(made))  # and never committed
        assert without_reason(catalogue.read(connection)) == ["nobody_knows_why"]


def test_the_database_keeps_the_rules_that_the_models_name(app: Flask) -> None:
    with db.engine.connect() as connection:
        kept = set(catalogue.read(connection).checks)
    named = {
        (table.name, str(rule.name))
        for table in db.metadata.tables.values()
        for rule in table.constraints
        if isinstance(rule, CheckConstraint)
    }
    assert kept == named


def without_reason(of_database: catalogue.Catalogue) -> list[str]:
    """Names of triggers and functions that nobody gave a reason."""
    names = [trigger.name for trigger in of_database.triggers if trigger.function not in REASONS]
    names += [function.name for function in of_database.functions]
    return sorted(name for name in names if not REASONS.get(name))
