"""Everything the service keeps about one person, table by table, for them to take along.

It follows the columns that name an owner, so that a new table is in it without anybody thinking of it.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from datetime import date, time
from decimal import Decimal
from enum import Enum
from typing import IO, Any
from uuid import UUID

from sqlalchemy import Select, Table, select

from mailer.extensions import db
from mailer.models.attachment import FileContent
from mailer.models.run import Run

OWNER_COLUMNS = ("owner_id", "user_id", "author_id", "actor_id")
SECRETS = {"password_hash", "token_hash", "key_hash", "mark_hash", "secret", "recovery_hashes", "last_step", "token"}
FILE = ("file_contents", "content")  # written as a file of its own
INTERNAL = {"slices"}  # how the sender divides its work
OF_RUNS = {"deliveries", "attempts", "run_tallies"}


def write_archive(user_id: int, target: IO[bytes]) -> None:
    """A ZIP of one file of JSON lines for each table, and of the files of messages under their digests; secrets, which
    open things, are left out."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for table, rows in _tables(user_id):
            with archive.open(f"{table.name}.jsonl", "w") as file:
                for row in rows:
                    file.write(json.dumps(row, ensure_ascii=False, default=plain).encode() + b"\n")
        for digest in db.session.scalars(select(FileContent.digest).where(FileContent.owner_id == user_id)).all():
            content = select(FileContent.content).where(FileContent.owner_id == user_id, FileContent.digest == digest)
            archive.writestr(f"files/{digest}", db.session.scalars(content).one())


def _tables(user_id: int) -> Iterator[tuple[Table, Iterator[dict[str, Any]]]]:
    for table in db.metadata.sorted_tables:
        query = query_of(table, user_id)
        if query is not None:
            yield table, _rows(query)


def query_of(table: Table, user_id: int) -> Select[Any] | None:
    """The rows of a table that are this person's; None when it keeps nothing of anybody's."""
    columns = [column for column in table.c if column.name not in SECRETS and (table.name, column.name) != FILE]
    if table.name == "users":
        return select(*columns).where(table.c.id == user_id)
    if table.name in OF_RUNS:
        own_runs = select(Run.id).where(Run.owner_id == user_id)
        return select(*columns).where(table.c.run_id.in_(own_runs)).order_by(table.c.run_id)
    owner = next((table.c[name] for name in OWNER_COLUMNS if name in table.c), None)
    return select(*columns).where(owner == user_id) if owner is not None and table.name not in INTERNAL else None


def _rows(query: Select[Any]) -> Iterator[dict[str, Any]]:
    for row in db.session.execute(query.execution_options(yield_per=1000)).mappings():
        yield dict(row)


def plain(value: object) -> object:
    """What JSON has no word for, as text; TypeError for a kind nobody thought of."""
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (UUID, Decimal)):
        return str(value)
    raise TypeError(f"cannot be said in JSON: {type(value)}")
