"""Locks: in which order rows are locked, and every advisory lock that PostgreSQL keeps for us.

Rows: users, series, enrolments, mailings, runs, waves, slices, deliveries, attempts, warm_up_days and recipient_paces
(these by name); see docs/delivery.md.
`FOR UPDATE` is for nobody: it also keeps out whoever only refers to the row. PostgreSQL looks at a run's owner and
mailing (FOR KEY SHARE) whenever a transaction updates the run twice, as the figures of a slice do, so a sender that
holds the run would wait for a person who holds the mailing and comes to the run.

Advisory locks are of three shapes, which never meet: one number of 64 bits, the hash of a name (64 bits too), and a
pair of a class and a number within it (32 bits each).
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Select, func, select

from mailer.extensions import db

# What `with_for_update` takes.
FOR_CHANGE: Final[dict[str, Any]] = {"key_share": True}  # FOR NO KEY UPDATE
AS_IT_IS: Final[dict[str, Any]] = {"read": True}  # FOR SHARE: never of a row that the same transaction may change

# Single numbers.
JOURNAL_CHAIN: Final = 0x676F6C75  # who adds to the journal, until the commit: a chain has one end
INSTANCE: Final = 0x676F6C76  # who adopts a database, or confirms that it is the one true instance

# Classes; the number within each is told.
IMPORTS: Final = 0x474F4C42  # "this import is being worked on": the import
# "Somebody writes very many clients of this owner": the owner. Without it an import that has read a tag's old name
# would write it after the renaming, and two imports of the same people could wait for each other in a circle.
CLIENTS_IN_BULK: Final = 0x474F4C43
REACTIONS: Final = 0x474F4C45  # "clicks on the mails of this run are being counted": the run
DOMAIN_DAYS: Final = 0x474F4C46  # "the mails of this run are being counted by domain": the run
WORKER_CONNECTIONS: Final = 0x474F4C44  # "this worker's connection is alive": drawn by lot

# For cursors of psycopg2; the first two take a class and a number. Those of a transaction end with it.
WAIT_FOR_PAIR = "SELECT pg_advisory_xact_lock(%s, %s)"
TRY_PAIR_FOR_SESSION = "SELECT pg_try_advisory_lock(%s, %s)"
# Of so many slots, in a class, up to that many. Row by row, so that none is locked beyond the limit.
TRY_SLOTS_FOR_SESSION = (
    "SELECT slot FROM generate_series(0, %s - 1) AS slot WHERE pg_try_advisory_lock(%s, slot) LIMIT %s"
)
GIVE_BACK_ALL = "SELECT pg_advisory_unlock_all()"


def lock_row(row: Any, how: Mapping[str, Any]) -> None:
    """Lock this row, `FOR_CHANGE` or `AS_IT_IS`, until the transaction ends, and read it again as it then is.

    The row alone: what was loaded beside it by an outer join cannot be locked, and PostgreSQL would refuse all of it.
    """
    db.session.refresh(row, with_for_update={**how, "of": type(row)})


def within(row_id: Any) -> Any:
    """The number within a class that stands for a row, given its id or the column of ids.

    Two rows that share one only wait for each other.
    """
    return row_id % 2**31


def slots_of(server: str) -> int:
    """The class of a mail server's slots."""
    return zlib.crc32(server.encode()) - 2**31  # PostgreSQL's integer has a sign


def waiting(key: int) -> Select[Any]:
    """The statement that waits for the lock and keeps it until the transaction ends."""
    return select(func.pg_advisory_xact_lock(key))


def waiting_for(name: str) -> Select[Any]:
    """The same for a lock with a name of its own, made of what it is for and the number of a row."""
    return select(func.pg_advisory_xact_lock(_hash(name)))


def trying_for(name: str) -> Select[tuple[bool]]:
    """The statement that takes the lock until the transaction ends and gives true, or false while it is another's."""
    return select(func.pg_try_advisory_xact_lock(_hash(name)))


def trying_pair(class_: int, row_id: int) -> Select[tuple[bool]]:
    """The same for a class and a row."""
    return select(func.pg_try_advisory_xact_lock(class_, within(row_id)))


def _hash(name: str) -> Any:
    return func.hashtextextended(name, 0)
