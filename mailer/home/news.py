"""Tells the remembered figures when the number of mailings, or of active ones, has changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import ORMExecuteState, Session

from mailer.caching import changed
from mailer.extensions import db
from mailer.models.mailing import Mailing

MAILINGS = "mailings"
TOLD = ("completed_at", "paused_at", "disabled_at", "deleted_at")


def listen() -> None:
    """Watch every session of the database; calling it twice does no harm."""
    if not event.contains(db.session, "after_flush", _note_flush):
        event.listen(db.session, "after_flush", _note_flush)
        event.listen(db.session, "do_orm_execute", _note_statement)
        event.listen(db.session, "after_commit", _tell)
        event.listen(db.session, "after_rollback", _forget)


def _note_flush(session: Session, _context: Any) -> None:
    for row in (*session.new, *session.deleted, *session.dirty):
        if isinstance(row, Mailing) and (row not in session.dirty or _tells(row)):
            session.info[MAILINGS] = True


def _tells(row: Mailing) -> bool:
    attributes: Any = inspect(row).attrs
    return any(attributes[name].history.has_changes() for name in TOLD)


def _note_statement(state: ORMExecuteState) -> None:
    """UPDATE … and DELETE … of many at once never meet a flush."""
    if (state.is_update or state.is_delete) and state.bind_mapper is Mailing.__mapper__:
        state.session.info[MAILINGS] = True


def _tell(session: Session) -> None:
    if session.info.pop(MAILINGS, False):
        changed(MAILINGS)


def _forget(session: Session) -> None:
    session.info.pop(MAILINGS, None)
