"""Rows on their way into the table of clients: COPY into a temporary table, then one INSERT for all.

Everything happens in the caller's transaction, so that an import is whole or has not happened.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from psycopg2 import extensions

from mailer.clients.importing.rows import ImportedClient, RowProblem
from mailer.locks import CLIENTS_IN_BULK, WAIT_FOR_PAIR, within
from mailer.models.client import type_of_slot

_TABLE = """
    CREATE TEMPORARY TABLE staged_clients (
        row integer, email text, email_key text, last_name text, first_name text, patronymic text, comment text,
        language text, timezone text, birth_year smallint, tags text[], attributes jsonb, suppressed text{slots}
    ) ON COMMIT DROP
"""
_DUPLICATES = """
    SELECT row, first_row, email FROM (
        SELECT row, email, min(row) OVER (PARTITION BY email_key) AS first_row FROM staged_clients
    ) AS numbered WHERE row <> first_row ORDER BY row
"""
# In the order of the file, which the list then shows. An empty cell never wipes out what is known; tags and details are
# added to those that are there.
_MERGE = """
    WITH written AS (
        INSERT INTO clients AS c (
            owner_id, import_id, email, email_key, last_name, first_name, patronymic, comment, language, timezone,
            birth_year, tags, attributes{slots}
        )
        SELECT %(owner_id)s, %(import_id)s, email, email_key, last_name, first_name, patronymic, comment, language,
            timezone, birth_year, {tags}, attributes{slots}
        FROM (SELECT DISTINCT ON (email_key) * FROM staged_clients ORDER BY email_key, row) AS first_ones
        ORDER BY row
        ON CONFLICT (owner_id, email_key) WHERE deleted_at IS NULL {on_conflict}
        RETURNING xmax = 0 AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new), count(*) FILTER (WHERE NOT is_new) FROM written
"""
_MERGED_TAGS = "c.tags || ARRAY(SELECT t FROM unnest(excluded.tags) AS t WHERE t <> ALL (c.tags))"
_UPDATE = f"""
    DO UPDATE SET
        last_name = coalesce(nullif(excluded.last_name, ''), c.last_name),
        first_name = coalesce(nullif(excluded.first_name, ''), c.first_name),
        patronymic = coalesce(nullif(excluded.patronymic, ''), c.patronymic),
        comment = coalesce(nullif(excluded.comment, ''), c.comment),
        language = coalesce(nullif(excluded.language, ''), c.language),
        timezone = coalesce(nullif(excluded.timezone, ''), c.timezone),
        birth_year = coalesce(excluded.birth_year, c.birth_year),
        tags = {_MERGED_TAGS},
        attributes = c.attributes || excluded.attributes,{{slots}}
        updated_at = now(), version = c.version + 1
    WHERE (excluded.last_name <> '' AND excluded.last_name <> c.last_name)
        OR (excluded.first_name <> '' AND excluded.first_name <> c.first_name)
        OR (excluded.patronymic <> '' AND excluded.patronymic <> c.patronymic)
        OR (excluded.comment <> '' AND excluded.comment <> c.comment)
        OR (excluded.language <> '' AND excluded.language <> c.language)
        OR (excluded.timezone <> '' AND excluded.timezone <> c.timezone)
        OR excluded.birth_year <> coalesce(c.birth_year, 0)
        OR NOT c.tags @> excluded.tags
        OR NOT c.attributes @> excluded.attributes
"""
# Of all rows, duplicates too. A person's own word outweighs any other reason, and no file takes it back.
_SUPPRESS = """
    INSERT INTO suppressions AS s (owner_id, email_key, reason, import_id)
    SELECT DISTINCT ON (email_key) %(owner_id)s, email_key, suppressed, %(import_id)s
    FROM staged_clients WHERE suppressed <> ''
    ORDER BY email_key, suppressed <> 'unsubscribed'
    ON CONFLICT (owner_id, email_key) DO UPDATE SET reason = excluded.reason
    WHERE excluded.reason = 'unsubscribed' AND s.reason <> 'unsubscribed'
"""
_NO_DETAILS = "{}"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})


@dataclass(frozen=True)
class Merged:
    """How many clients an import made, how many it changed, and to how many addresses mailings go no more."""

    created_count: int
    updated_count: int
    suppressed_count: int


def stage(cursor: extensions.cursor, clients: Iterable[ImportedClient], slots: Sequence[str] = ()) -> None:
    """Copy `clients` into the temporary table, a chunk at a time, with what they have in these slots."""
    cursor.execute("SET LOCAL work_mem = '64MB'")
    cursor.execute(_TABLE.format(slots="".join(f", {slot} {type_of_slot(slot)}" for slot in slots)))
    lines = (_line(client, slots) for client in clients)
    cursor.copy_expert("COPY staged_clients FROM STDIN", _CopyStream(lines))
    cursor.execute("ANALYZE staged_clients")  # nobody else does that for a temporary table


def duplicates(cursor: extensions.cursor) -> Iterator[RowProblem]:
    """Every staged row whose address stands in an earlier one, in the order of rows."""
    cursor.execute(_DUPLICATES)
    while rows := cursor.fetchmany(5000):
        for row, first_row, email in rows:
            yield RowProblem(row, "email", email, "duplicate", {"first_row": first_row})


def take_turn(cursor: extensions.cursor, owner_id: int) -> None:
    """Wait until nobody else writes the owner's clients in bulk; until the end of the transaction nobody will."""
    cursor.execute(WAIT_FOR_PAIR, (CLIENTS_IN_BULK, within(owner_id)))


def merge(
    cursor: extensions.cursor,
    owner_id: int,
    import_id: int,
    tags: list[str],
    *,
    update: bool,
    slots: Sequence[str] = (),
) -> Merged:
    """Write the staged clients, the first of every address; those there already are updated or left as they are."""
    statement = _MERGE.format(
        # Tags given to all come first; a row's own are added, each once.
        tags="%(tags)s::varchar[] || ARRAY(SELECT t FROM unnest(tags) AS t WHERE t <> ALL (%(tags)s::varchar[]))",
        slots="".join(f", {slot}" for slot in slots),
        on_conflict=_UPDATE.format(slots="".join(f" {slot} = coalesce(excluded.{slot}, c.{slot})," for slot in slots))
        if update
        else "DO NOTHING",
    )
    cursor.execute(statement, {"owner_id": owner_id, "import_id": import_id, "tags": tags})
    created, updated = cursor.fetchone() or (0, 0)
    cursor.execute(_SUPPRESS, {"owner_id": owner_id, "import_id": import_id})
    return Merged(created, updated, cursor.rowcount)


def _line(client: ImportedClient, slots: Sequence[str]) -> str:
    """One line of COPY's text format."""
    names = (client.last_name, client.first_name, client.patronymic)
    texts = (client.email, client.email_key, *names, client.comment, client.language, client.timezone)
    line = "\x1f".join(texts)
    if "\\" in line or "\n" in line or "\t" in line or "\r" in line:
        line = line.translate(_ESCAPES)
    year = r"\N" if client.birth_year is None else str(client.birth_year)
    tags = _array(client.tags) if client.tags else "{}"
    details = (
        json.dumps(client.attributes, ensure_ascii=False).translate(_ESCAPES) if client.attributes else _NO_DETAILS
    )
    typed = [_typed(client.slots.get(slot)) for slot in slots]
    parts = (str(client.row), line.replace("\x1f", "\t"), year, tags, details, client.suppressed, *typed)
    return "\t".join(parts) + "\n"


def _typed(value: object) -> str:
    return r"\N" if value is None else str(value)


def _array(tags: Iterable[str]) -> str:
    quoted = ('"' + tag.replace("\\", r"\\").replace('"', r"\"") + '"' for tag in tags)
    return ("{" + ",".join(quoted) + "}").translate(_ESCAPES)


class _CopyStream(io.BufferedIOBase):
    """Lines as the file that COPY wants; never more than one chunk of them in memory."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines

    def read(self, size: int | None = -1, /) -> bytes:
        """Whole lines, about `size` bytes of them; empty at the end."""
        parts: list[str] = []
        length = 0
        for line in self._lines:
            parts.append(line)
            length += len(line)
            if length >= (size or 0):
                break
        return "".join(parts).encode()
