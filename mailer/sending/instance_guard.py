"""A copy of the service sends nothing until an operator says that it is the one true instance.

The database remembers where it last sent from: its own identity (PostgreSQL's system identifier and the database's
oid), the machine, and a number that a file in VAR_DIR repeats. A dump restored elsewhere, a copied data directory, a
cloned machine and a database set back in time each differ in one of them. See docs/adr/0008.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import structlog
from flask import current_app
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy import func, select, text

from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.locks import INSTANCE, waiting
from mailer.models.instance import Instance
from mailer.models.run import Run

log = structlog.get_logger()
MACHINE_ID = Path("/etc/machine-id")
_SEQUENCE = "coalesce(pg_sequence_last_value(pg_get_serial_sequence('runs', 'id')::regclass), 0)"


class HoldReason(StrEnum):
    """Why nothing is sent."""

    OTHER_DATABASE = "other_database"  # the data came here from another server or database
    OTHER_HOST = "other_host"  # the same data on another machine
    OTHER_CONTENT = "other_content"  # another installation's data in this database
    BACK_IN_TIME = "back_in_time"  # runs that this machine has seen are gone


# What was sent since is not in these data.
STALE = {HoldReason.OTHER_DATABASE, HoldReason.OTHER_CONTENT, HoldReason.BACK_IN_TIME}
RESTORED, BACKUP_OF = "restored", "backup of "  # what `flask restore` writes for cluster and host


def label_of(held: HoldReason) -> str:
    """Why nothing is sent, as a person says it."""
    return {
        HoldReason.OTHER_DATABASE: _("The data came here from another database server: a restored backup, or a clone."),
        HoldReason.OTHER_HOST: _("The data was last used on another machine: a clone, or a move."),
        HoldReason.OTHER_CONTENT: _("The data in this database was replaced by that of another installation."),
        HoldReason.BACK_IN_TIME: _(
            "The database was set back in time: runs that this machine has seen are gone, and what they sent would "
            "be sent again."
        ),
    }[held]


class InstanceHeld(Refusal):
    """Sending waits for an operator's word."""


@dataclass(frozen=True, slots=True)
class InstanceIdentity:
    """Where this process works: what the database says of itself, and the machine (empty: not known).

    `last_run_id` is a committed run's: a crash cannot take it back, nor the sequence behind it. `sequence` never falls,
    while the last run may be deleted with its owner.
    """

    cluster: str
    database: int
    last_run_id: int
    sequence: int
    host: str


def sending_is_blocked() -> bool:
    """Whether this process must not send; the very first one takes its place for the true one. Commits nothing else."""
    place = _place()
    row = db.session.get(Instance, 1, populate_existing=True)
    if row is None:
        confirm(None, pause_runs=None)
        return False
    reason = _difference(row, place)
    if reason is None:
        _note(place, row.number)
    db.session.rollback()
    return reason is not None


def why_held() -> HoldReason | None:
    """The reason, for a page: reads only."""
    row = db.session.get(Instance, 1)
    return None if row is None else _difference(row, _place())


def confirmed_at() -> datetime | None:
    """When a person last said that this is the one true instance; None when nobody ever had to."""
    row = db.session.get(Instance, 1)
    return row.confirmed_at if row is not None and row.confirmed_by is not None else None


def require_confirmed() -> None:
    """Raise InstanceHeld unless this is the one true instance."""
    if sending_is_blocked():
        raise InstanceHeld(
            _("Nothing is sent: this looks like a copy of the service. An administrator must confirm it first.")
        )


def confirmation() -> Instance | None:
    """The row that says which instance is the one true one; None before the first start."""
    return db.session.get(Instance, 1)


def confirm(by: str | None, *, pause_runs: Callable[[], int] | None) -> int:
    """This database, here, is the one true instance from now on. Commits.

    Runs that were open in a copy wait for their owners, who may have them sent to some people a second time:
    `pause_runs` pauses them (`runs.control.pause_restored`) and says how many. They go on (None) if a person says so,
    who knows that nothing was sent since the copy was made.
    """
    db.session.execute(waiting(INSTANCE))
    place, row = _place(), db.session.get(Instance, 1, populate_existing=True)
    paused_count = 0
    if row is None:
        row = Instance(id=1)
        db.session.add(row)
    elif by is None:  # another process was the first
        db.session.rollback()
        return 0
    elif _difference(row, place) in STALE:
        row.data_of = _moment_of(row)
        paused_count = pause_runs() if pause_runs else 0
    row.number, row.confirmed_at, row.confirmed_by = uuid.uuid4(), utcnow(), by
    row.cluster, row.database, row.host = place.cluster, place.database, place.host
    db.session.flush()
    _write(place, row.number)
    db.session.commit()
    log.info("this is the one true instance", confirmed_by=by, paused_runs=paused_count)
    return paused_count


def paused_text(count: int) -> str:
    """For whoever confirmed."""
    return ngettext(
        "%(count)s run was open in the copy and is paused: who got its email since is not known. Its owner decides "
        "whether it goes on.",
        "%(count)s runs were open in the copy and are paused: who got their email since is not known. Their owners "
        "decide whether they go on.",
        count,
        count=format_decimal(count),
    )


def open_run_count() -> int:
    """How many runs `confirm` would let wait for their owners."""
    if why_held() not in STALE:
        return 0
    is_open = select(func.count()).where(Run.closed_at.is_(None), Run.stop_reason.is_(None))
    return db.session.scalar(is_open) or 0


def data_of() -> datetime | None:
    """When the backup was made that the data come from, if it is known."""
    row = db.session.get(Instance, 1)
    return row and row.data_of


def _moment_of(row: Instance) -> datetime | None:
    if row.cluster == RESTORED and row.host.startswith(BACKUP_OF):
        with suppress(ValueError):
            return datetime.fromisoformat(row.host.removeprefix(BACKUP_OF))
    return None


def _difference(row: Instance, place: InstanceIdentity) -> HoldReason | None:
    if (row.cluster, row.database) != (place.cluster, place.database):
        return HoldReason.OTHER_DATABASE
    if row.host and place.host and row.host != place.host:
        return HoldReason.OTHER_HOST
    noted = _noted(place)
    if noted is None:
        return None
    number, last_run_id = noted
    if number != str(row.number):
        return None if _is_shared() else HoldReason.OTHER_CONTENT
    if place.sequence >= last_run_id or _sequence() >= last_run_id:  # noted since `place` was asked for
        return None
    return HoldReason.BACK_IN_TIME


def _place() -> InstanceIdentity:
    found = db.session.execute(
        text(
            "SELECT (SELECT system_identifier::text FROM pg_control_system()), "
            "(SELECT oid::bigint FROM pg_database WHERE datname = current_database()), "
            f"(SELECT coalesce(max(id), 0) FROM runs), {_SEQUENCE}"
        )
    ).one()
    return InstanceIdentity(found[0], found[1], found[2], found[3], _host())


def _sequence() -> int:
    """The highest id of a run so far, whoever made it and whether it is committed or not."""
    return db.session.execute(text(f"SELECT {_SEQUENCE}")).scalar_one()


def _is_shared() -> bool:
    """Whether several hosts are said to be one instance; each then keeps a file of its own."""
    return bool(current_app.config["INSTANCE_ID"])


def _host() -> str:
    if _is_shared():
        return f"set: {current_app.config['INSTANCE_ID']}"[:100]
    with suppress(OSError):
        if known := MACHINE_ID.read_text().strip():
            return hashlib.sha256(f"golub {known}".encode()).hexdigest()[:32]
    return ""


def _file(place: InstanceIdentity) -> Path:
    return Path(current_app.config["VAR_DIR"]) / "instance" / f"{place.cluster}-{place.database}.json"


def _noted(place: InstanceIdentity) -> tuple[str, int] | None:
    """The number and the last run id that the file knows; None without a (whole) file."""
    with suppress(OSError, ValueError, KeyError):
        known = json.loads(_file(place).read_text())
        return str(known["number"]), int(known["last_run_id"])
    return None


def _note(place: InstanceIdentity, number: uuid.UUID) -> None:
    noted = _noted(place)
    if noted is None or noted[0] != str(number) or noted[1] < place.last_run_id:
        with suppress(OSError):
            _write(place, number)


def _write(place: InstanceIdentity, number: uuid.UUID) -> None:
    path = _file(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{uuid.uuid4().hex}")
    unfinished.write_text(json.dumps({"number": str(number), "last_run_id": place.last_run_id}))
    unfinished.replace(path)
