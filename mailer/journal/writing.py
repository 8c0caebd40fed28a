"""Adding an entry: in the transaction of what it tells of, or in one of its own."""

from __future__ import annotations

from typing import Any

from flask import current_app, g, has_request_context, request
from flask_login import current_user
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.orm import Session, scoped_session

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal.chain import BEGINNING, link
from mailer.models.journal_entry import Action, JournalEntry

TURN = 0x676F6C75  # writers take turns from here to their commit: a chain has one end


def note(action: Action, subject: str = "", actor_id: int | None = None, **details: Any) -> None:
    """Add an entry to the caller's transaction, as its last statement before the commit; `details` must be JSON.

    The actor is the person signed in unless given.
    """
    db.session.flush()  # whatever else waits for a lock waits before this one, so that nobody waits in a circle
    _add(db.session, action, subject, actor_id, details)
    if has_request_context():
        g.is_journaled = True


def note_apart(action: Action, subject: str = "", actor_id: int | None = None, **details: Any) -> None:
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
    connection.execute(select(func.pg_advisory_xact_lock(TURN)))
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
