"""Reading the chain from its beginning: is every entry as it was written, and none missing between two?

A cut-off end cannot be seen from inside: keep a hash that `flask journal verify` printed elsewhere, and name it later.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from mailer.extensions import db
from mailer.journal.chain import BEGINNING, link
from mailer.models.journal_entry import JournalEntry


@dataclass(frozen=True, slots=True)
class Finding:
    """How many entries hold together, the hash of the last of them, and the first that does not (None: all do)."""

    count: int
    head: str
    broken_id: int | None
    has_kept: bool  # whether the hash kept from earlier is part of the chain


def verify(kept: str | None = None) -> Finding:
    """Follow the chain; `kept` is a hash noted earlier."""
    previous, count, has_kept = BEGINNING, 0, kept is None
    table = JournalEntry.__table__
    with db.engine.connect().execution_options(yield_per=1000) as connection:
        for row in connection.execute(select(table).order_by(table.c.id)).mappings():
            if link(previous, dict(row)) != row["hash"]:
                return Finding(count, previous, row["id"], has_kept)
            previous, count = row["hash"], count + 1
            has_kept = has_kept or previous == kept
    return Finding(count, previous, None, has_kept)
