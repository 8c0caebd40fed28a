"""Reading the chain from its beginning: is every entry as it was written, and none missing between two?

A cut-off end cannot be seen from inside: keep a hash that `flask journal verify` printed elsewhere, and name it later.
"""

from __future__ import annotations

from dataclasses import dataclass

from flask import current_app
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
    bare_count: int = 0  # of them, at the beginning, without a key: anybody who owns the table could have made them


def verify(kept: str | None = None) -> Finding:
    """Follow the chain; `kept` is a hash noted earlier."""
    previous, count, has_kept, bare_count = BEGINNING, 0, kept is None, 0
    key = current_app.config["JOURNAL_KEY"]
    table = JournalEntry.__table__
    with db.engine.connect().execution_options(yield_per=1000) as connection:
        for row in connection.execute(select(table).order_by(table.c.id)).mappings():
            if link(previous, dict(row), key) != row["hash"]:
                # Bare hashes stand at the beginning only, from before there was a key.
                if bare_count < count or link(previous, dict(row), None) != row["hash"]:
                    return Finding(count, previous, row["id"], has_kept, bare_count)
                bare_count += 1
            previous, count = row["hash"], count + 1
            has_kept = has_kept or previous == kept
    return Finding(count, previous, None, has_kept, bare_count)
