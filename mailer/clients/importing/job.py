"""The import itself: read, check, stage, merge, report.

All writing is one transaction, which also turns the import's state to done. A job that is killed leaves nothing behind
and may simply run again; one that runs beside another finds the lock taken and goes away.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import structlog
from psycopg2 import extensions
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import OperationalError

from mailer.clients.importing import staging
from mailer.clients.importing.files import forget, path_of, report_of, source_of
from mailer.clients.importing.report import ProblemSpool
from mailer.clients.importing.rows import ImportedClient, RowReader
from mailer.clients.importing.table import BrokenRow, Table
from mailer.clients.refused import ValueRefused
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import IMPORTS, trying_pair
from mailer.models.client_field import ClientField
from mailer.models.client_import import ClientImport, ImportState

log = structlog.get_logger()

MAX_ROWS = 1_000_000
MOST_TRIES = 5  # a file that ends the worker every time must not do so for ever
_SHOW_EVERY = 2000, 0.5  # rows, seconds


@dataclass
class Tally:
    """What became of the rows so far."""

    row_count: int = 0
    rejected_count: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def run_import(import_id: int) -> None:
    """Carry out a queued (or broken off) import; does nothing when it is done or somebody is at it."""
    try:
        with db.engine.begin() as work:
            if not work.scalar(trying_pair(IMPORTS, import_id)):
                return
            _carry_out(work, import_id)
        _forget_upload(import_id)
    except ValueRefused as refused:
        _fail(import_id, refused.code)
    except OperationalError:
        raise  # the database went away: the tick finds the import again
    except Exception:
        log.exception("import failed", import_id=import_id)
        _fail(import_id, "internal")


def _carry_out(work: Connection, import_id: int) -> None:
    job = work.execute(select(ClientImport.__table__).where(ClientImport.id == import_id)).one_or_none()
    if job is None or job.state not in (ImportState.QUEUED, ImportState.RUNNING):
        return
    tries = job.options.get("tries", 0) + 1
    if tries > MOST_TRIES:
        raise ValueRefused("broke_off")
    options: dict[str, Any] = job.options | {"tries": tries}
    _show(import_id, state=ImportState.RUNNING, started_at=utcnow(), done_count=0, options=options)
    source, _encoding, _sheet = source_of(job.stored_file, options.get("sheet"))
    draft = ProblemSpool(path_of(job.stored_file).with_suffix(".draft.jsonl"))
    tally = Tally()
    cursor = cast(extensions.cursor, work.connection.cursor())
    reader = _reader(work, job)
    staging.stage(cursor, _valid_clients(job, source, draft, tally, reader), reader.slots)
    _write_report(cursor, job, draft, tally)
    if tally.rejected_count and options["mode"] == "all":
        _show(import_id, row_count=tally.row_count, rejected_count=tally.rejected_count)
        raise ValueRefused("rows_rejected")
    staging.take_turn(cursor, job.owner_id)
    # A tag may have been renamed since the start; from here on it cannot be.
    options = work.scalars(select(ClientImport.options).where(ClientImport.id == import_id)).one()
    is_updating = options["existing"] == "update"
    merged = staging.merge(cursor, job.owner_id, import_id, options["tags"], update=is_updating, slots=reader.slots)
    unchanged = tally.row_count - tally.rejected_count - merged.created_count - merged.updated_count
    work.execute(
        update(ClientImport)
        .where(ClientImport.id == import_id)
        .values(
            state=ImportState.DONE,
            finished_at=utcnow(),
            row_count=tally.row_count,
            done_count=tally.row_count,
            rejected_count=tally.rejected_count,
            created_count=merged.created_count,
            updated_count=merged.updated_count,
            unchanged_count=unchanged,
            options=options | {"suppressed_count": merged.suppressed_count},
        )
    )


def _reader(work: Connection, job: Any) -> RowReader:
    own = work.execute(select(ClientField.__table__).where(ClientField.owner_id == job.owner_id)).all()
    return RowReader(job.options["targets"], job.options["names"], own)  # type: ignore[arg-type] # rows of it are as good


def _valid_clients(
    job: Any, source: Path, draft: ProblemSpool, tally: Tally, reader: RowReader
) -> Iterator[ImportedClient]:
    """The clients of all good rows; what is wrong with the others goes into the draft, what is done to the page."""
    options = job.options
    table = Table(source, options["encoding"], options["separator"], options["header_row"])
    every_rows, every_seconds = _SHOW_EVERY
    shown_at = time.monotonic()
    for row in table.rows():
        tally.row_count += 1
        if tally.row_count > MAX_ROWS:
            raise ValueRefused("too_many_rows", limit=MAX_ROWS)
        if tally.row_count % every_rows == 0 and time.monotonic() - shown_at > every_seconds:
            _show(job.id, done_count=tally.row_count)
            shown_at = time.monotonic()
        if isinstance(row, BrokenRow):
            draft.add(reader.broken(row))
            tally.rejected_count += 1
            continue
        client, problems = reader.read(*row)
        for problem in problems:
            draft.add(problem)
        if all(problem.is_warning for problem in problems):
            yield client
        else:
            tally.rejected_count += 1


def _write_report(cursor: extensions.cursor, job: Any, draft: ProblemSpool, tally: Tally) -> None:
    def counted() -> Iterator[Any]:
        for problem in staging.duplicates(cursor):
            tally.rejected_count += 1
            yield problem

    with closing(draft.read_back()) as drafted:
        report_of(job.stored_file).write(drafted, counted())


def _show(import_id: int, **values: Any) -> None:
    """Tell the page how far it is: on a connection of its own, since the work commits once, at the end."""
    with db.engine.begin() as connection:
        connection.execute(update(ClientImport).where(ClientImport.id == import_id).values(**values))


def _fail(import_id: int, code: str) -> None:
    _show(import_id, state=ImportState.FAILED, error=code, finished_at=utcnow())
    _forget_upload(import_id)


def _forget_upload(import_id: int) -> None:
    """At the end only the report is kept: nobody's data lies about in a file that nothing needs."""
    with db.engine.begin() as connection:
        query = select(ClientImport.stored_file, ClientImport.state).where(ClientImport.id == import_id)
        found = connection.execute(query).one_or_none()
    if found is not None and found.state.is_final:
        forget(found.stored_file)
