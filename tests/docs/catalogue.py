"""What a migrated database says of itself: columns, references, triggers and functions, read from its catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

MOMENTS = ((1 << 2, "INSERT"), (1 << 3, "DELETE"), (1 << 4, "UPDATE"), (1 << 5, "TRUNCATE"))  # pg_trigger.tgtype
FOR_EACH_ROW, BEFORE = 1 << 0, 1 << 1

COLUMNS = """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0
        AND NOT a.attisdropped AND c.relname <> 'alembic_version'
    ORDER BY c.relname, a.attnum
"""
REFERENCES = """
    SELECT f.conrelid::regclass::text, f.confrelid::regclass::text, f.confdeltype,
        string_agg(a.attname, ', ' ORDER BY k.n), bool_and(a.attnotnull)
    FROM pg_constraint f
        CROSS JOIN unnest(f.conkey) WITH ORDINALITY AS k (number, n)
        JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = k.number
    WHERE f.contype = 'f' AND f.connamespace = current_schema()::regnamespace
    GROUP BY f.oid, 1, 2, 3 ORDER BY 1, 4, 2
"""
CHECKS = """
    SELECT conrelid::regclass::text, conname FROM pg_constraint
    WHERE contype = 'c' AND connamespace = current_schema()::regnamespace ORDER BY 1, 2
"""
TRIGGERS = """
    SELECT t.tgname, c.relname, t.tgtype, p.proname
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE NOT t.tgisinternal AND c.relnamespace = current_schema()::regnamespace ORDER BY c.relname, t.tgname
"""
FUNCTIONS = """
    SELECT proname, pg_get_function_identity_arguments(oid), prosecdef
    FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    ORDER BY proname
"""


@dataclass(frozen=True)
class Column:
    """A column as the database has it; `type` in PostgreSQL's words."""

    table: str
    name: str
    type: str
    is_required: bool


@dataclass(frozen=True)
class Reference:
    """A foreign key; `on_delete` is PostgreSQL's letter (a, r, c, n, d)."""

    table: str
    to: str
    on_delete: str
    columns: str
    is_required: bool


@dataclass(frozen=True)
class Trigger:
    """A trigger and the function that it calls."""

    name: str
    table: str
    when: str
    function: str


@dataclass(frozen=True)
class Function:
    """A function; `as_owner`: it runs with the rights of the owner of the tables."""

    name: str
    arguments: str
    as_owner: bool


@dataclass(frozen=True)
class Catalogue:
    """Everything that the schema's page tells of."""

    columns: list[Column]
    references: list[Reference]
    checks: list[tuple[str, str]]  # table, name
    triggers: list[Trigger]
    functions: list[Function]


def read(connection: Connection) -> Catalogue:
    """The catalogue of the connection's database."""

    def rows(statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in connection.exec_driver_sql(statement)]

    return Catalogue(
        [Column(*row) for row in rows(COLUMNS)],
        [Reference(*row) for row in rows(REFERENCES)],
        [(table, name) for table, name in rows(CHECKS)],
        [Trigger(name, table, _when(int(kind)), function) for name, table, kind, function in rows(TRIGGERS)],
        [Function(*row) for row in rows(FUNCTIONS)],
    )


def _when(kind: int) -> str:
    moments = " or ".join(word for bit, word in MOMENTS if kind & bit)
    return f"{'BEFORE' if kind & BEFORE else 'AFTER'} {moments}, each {'row' if kind & FOR_EACH_ROW else 'statement'}"
