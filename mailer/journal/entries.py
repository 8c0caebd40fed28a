"""Entries of the journal: added with what they tell of or by themselves, chained, and verified."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import current_app, g, has_request_context, request
from flask_login import current_user
from sqlalchemy import Connection, insert, select
from sqlalchemy.orm import Session, scoped_session

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import JOURNAL_CHAIN, waiting
from mailer.models.journal_entry import Action, JournalEntry

BEGINNING = "0" * 64  # what the first entry is chained to


def add_entry(action: Action, subject: str = "", actor_id: int | None = None, **details: Any) -> None:
    """Add an entry to the caller's transaction, as its last statement before the commit; `details` must be JSON.

    The actor is the person signed in unless given.
    """
    db.session.flush()  # whatever else waits for a lock waits before this one, so that nobody waits in a circle
    _add(db.session, action, subject, actor_id, details)
    if has_request_context():
        g.is_journaled = True


def add_entry_now(action: Action, subject: str = "", actor_id: int | None = None, **details: Any) -> None:
    """Add an entry in a transaction of its own: for what was looked at or refused."""
    with db.engine.begin() as connection:
        _add(connection, action, subject, actor_id, details)


def _add(
    connection: Connection | Session | scoped_session[Any],
    action: Action,
    subject: str,
    actor_id: int | None,
    details: dict[str, Any],
) -> None:
    connection.execute(waiting(JOURNAL_CHAIN))
    previous = connection.scalar(select(JournalEntry.hash).order_by(JournalEntry.id.desc()).limit(1)) or BEGINNING
    entry = {
        "at": utcnow(),
        "actor_id": actor_id if actor_id is not None else _actor(),
        "action": action,
        "subject": subject[:64],
        "ip": (request.remote_addr or "")[:45] if has_request_context() else "",
        "request_id": g.get("request_id", "") if has_request_context() else "",
        "details": details,
    }
    connection.execute(
        insert(JournalEntry).values(**entry, hash=link(previous, entry, current_app.config["JOURNAL_KEY"]))
    )


def _actor() -> int | None:
    if has_request_context() and current_user and current_user.is_authenticated:
        return int(current_user.id)
    return None


def link(previous: str, entry: dict[str, Any], key: str | None) -> str:
    """HMAC-SHA-256 over the previous hash and everything the entry says, in one unambiguous form.

    Without a key the bare SHA-256 that entries carried before there was one.
    """
    at: datetime = entry["at"]
    words = [
        previous, at.astimezone(UTC).isoformat(timespec="microseconds"), entry["actor_id"], str(entry["action"]),
        entry["subject"], entry["ip"], entry["request_id"], entry["details"],
    ]  # fmt: skip
    text = json.dumps(words, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if key is None:
        return hashlib.sha256(text.encode()).hexdigest()
    return hmac.new(f"journal:{key}".encode(), text.encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainFinding:
    """How many entries hold together, the hash of the last of them, and the first that does not (None: all do)."""

    count: int
    head: str
    broken_id: int | None
    has_kept: bool  # whether the hash kept from earlier is part of the chain
    bare_count: int = 0  # of them, at the beginning, without a key: anybody who owns the table could have made them


def verify(kept: str | None = None) -> ChainFinding:
    """Follow the chain; `kept` is a hash noted earlier."""
    previous, count, has_kept, bare_count = BEGINNING, 0, kept is None, 0
    key = current_app.config["JOURNAL_KEY"]
    table = JournalEntry.__table__
    with db.engine.connect().execution_options(yield_per=1000) as connection:
        for row in connection.execute(select(table).order_by(table.c.id)).mappings():
            if link(previous, dict(row), key) != row["hash"]:
                # Bare hashes stand at the beginning only, from before there was a key.
                if bare_count < count or link(previous, dict(row), None) != row["hash"]:
                    return ChainFinding(count, previous, row["id"], has_kept, bare_count)
                bare_count += 1
            previous, count = row["hash"], count + 1
            has_kept = has_kept or previous == kept
    return ChainFinding(count, previous, None, has_kept, bare_count)
