"""Writes docs/schema.md from a migrated database and the models: `make schema`.

`page(connection)` is the page's text; a test compares it with the file.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from sqlalchemy import CheckConstraint, Connection

from mailer.extensions import db
from tests.docs import catalogue
from tests.docs.catalogue import Catalogue, Column, Reference
from tests.docs.model_notes import TableNote, notes
from tests.docs.reasons import KEPT_BY_TRIGGERS, REASONS

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "schema.md"
ON_DELETE = {"c": ", goes with it", "n": ", emptied when it goes"}
SHORT = (
    ("timestamp with time zone", "timestamptz"),
    ("timestamp without time zone", "timestamp"),
    ("time without time zone", "time"),
    ("character varying", "varchar"),
    ("double precision", "float"),
)

# Which tables are read together. A table that stands nowhere here fails the test.
GROUPS = {
    "People who sign in": (
        "users", "user_sessions", "known_devices", "second_factors", "account_tokens", "account_emails",
        "own_addresses", "drafts", "sending_domains", "domain_keys",
    ),
    "Clients": (
        "clients", "client_counts", "client_texts", "client_fields", "client_filters", "client_imports", "suppressions",
        "client_merges", "clients_apart", "former_links", "sign_up_forms", "consent_texts", "sign_ups", "topics",
    ),
    "Messages and mailings": (
        "messages", "letter_desks", "letter_versions", "own_templates", "own_blocks", "own_themes",
        "pictures",
        "attachments", "file_contents", "examinations",
        "mailings",
        "mailing_clients", "approvals", "holiday_changes", "calendar_feeds",
    ),
    "Series": ("series", "series_steps", "enrolments"),
    "Sending": (
        "runs", "waves", "slices", "deliveries", "attempts", "mail_reports", "unread_mails", "run_tallies",
        "run_faults", "domain_days", "domain_sums", "recipient_paces", "run_holds", "warm_ups", "warm_up_days",
        "mail_exchangers", "mail_servers", "instances",
    ),
    "Clicks and opens": ("link_hits", "reactions", "reaction_totals", "reaction_hours"),
    "Blog": ("blog_posts", "former_slugs"),
    "Journal": ("journal",),
}  # fmt: skip

HEAD = """\
# Tables, references, triggers

Written by `make schema` from a migrated database and the models in `mailer/models`; do not edit it.
A test holds it to both. How sending uses these tables: [delivery.md](delivery.md).

Every row that belongs to somebody has an `owner_id`, and references between such rows carry it
(`owner_id, message_id`), so that the database itself refuses a mailing with somebody else's message. A dotted line is a
reference that triggers keep instead of a foreign key ([why](#triggers-and-functions)). `?` behind a type: may be NULL.
"""


def page(connection: Connection) -> str:
    """The whole page."""
    of_database, of_models = catalogue.read(connection), notes()
    parts = [HEAD]
    for group, tables in GROUPS.items():
        parts.append(f"## {group}\n\n{_picture(of_database, tables)}")
        parts += [_table(table, of_database, of_models[table]) for table in tables]
    parts.append(_code(of_database))
    return "\n".join(parts)


def _picture(of_database: Catalogue, tables: tuple[str, ...]) -> str:
    lines = ["```mermaid", "erDiagram"]
    for reference in of_database.references:
        if reference.table in tables:
            end = "||" if reference.is_required else "|o"
            lines.append(f'    {reference.to} {end}--o{{ {reference.table} : "{reference.columns}"')
    for table, columns, to in KEPT_BY_TRIGGERS:
        if table in tables:
            lines.append(f'    {to} ||..o{{ {table} : "{columns}"')
    alone = [table for table in tables if not any(f" {table} " in f"{line} " for line in lines)]
    return "\n".join([*lines, *(f"    {table}" for table in alone), "```", ""])


def _table(table: str, of_database: Catalogue, note: TableNote) -> str:
    columns = [column for column in of_database.columns if column.table == table]
    references = [reference for reference in of_database.references if reference.table == table]
    lines = [
        f"### {table}",
        f"`{note.source}`. {' '.join(note.purpose.split())}",
        "",
        "| column | type | |",
        "|---|---|---|",
    ]
    lines += [_row(column, references, note) for column in columns]
    rules = sorted(
        f"`{str(check.name).removeprefix(f'ck_{table}_')}` {_code_of(check)}"
        for check in db.metadata.tables[table].constraints
        if isinstance(check, CheckConstraint) and not _is_of_type(check)
    )
    if rules:
        lines += ["", "Rules: " + "; ".join(rules) + "."]
    return "\n".join([*lines, ""])


def _row(column: Column, references: list[Reference], note: TableNote) -> str:
    kind = column.type
    for long, short in SHORT:
        kind = kind.replace(long, short)
    said = [note.columns.get(column.name, "")]
    said += [
        f"→ {reference.to}{ON_DELETE.get(reference.on_delete, '')}"
        for reference in references
        if reference.columns.split(", ")[-1] == column.name
    ]
    purpose = "; ".join(part for part in said if part).replace("|", "\\|")
    return f"| {column.name} | {kind}{'' if column.is_required else '?'} | {purpose} |".replace("|  |", "| |")


def _is_of_type(check: CheckConstraint) -> bool:
    """Whether it only holds a column to the values of its type."""
    return bool(getattr(check, "_type_bound", False))


def _code_of(check: CheckConstraint) -> str:
    return f"`{' '.join(str(check.sqltext).split())}`"


def _code(of_database: Catalogue) -> str:
    lines = [
        "## Triggers and functions",
        "",
        "What the database does by itself. Their text: the migrations named in the last column.",
        "",
    ]
    lines += ["| trigger | on | when | why | made in |", "|---|---|---|---|---|"]
    for trigger in of_database.triggers:
        why = REASONS.get(trigger.name) or REASONS.get(trigger.function, "")
        cells = (f"`{trigger.name}`", trigger.table, trigger.when, why, _migrations(trigger.name, trigger.function))
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| function | runs as | why | made in |", "|---|---|---|---|"]
    called = {trigger.function for trigger in of_database.triggers if trigger.function == trigger.name}
    for function in of_database.functions:
        if function.name not in called:
            runs_as = "the owner of the tables" if function.as_owner else "whoever calls it"
            called_so = f"`{function.name}({function.arguments})`"
            why = REASONS.get(function.name, "")
            lines.append(f"| {called_so} | {runs_as} | {why} | {_migrations(function.name)} |")
    return "\n".join([*lines, ""])


def _migrations(*names: str) -> str:
    """The numbers of the migrations that name one of these."""
    files = sorted((ROOT / "migrations" / "versions").glob("[0-9]*.py"))
    return ", ".join(file.name[:4] for file in files if any(name in file.read_text() for name in names))


def write() -> None:
    """Write the page from a database that is made for it."""
    from launcher.embedded import running_servers
    from tests.conftest import make_migrated_app

    with tempfile.TemporaryDirectory() as folder, running_servers(Path(folder)) as (database_url, redis_url):
        app = make_migrated_app(database_url, redis_url, Path(folder))
        with app.app_context(), db.engine.connect() as connection:
            PAGE.write_text(page(connection))
            db.session.remove()
        with app.app_context():
            db.engine.dispose()


if __name__ == "__main__":
    write()
