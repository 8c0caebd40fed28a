"""Many clients left out of mailings at once by their owner, and taken back."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import ColumnElement, delete, literal, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from mailer.clients.subscription import no_longer_of_an_import
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.types import UTCDateTime
from mailer.models.user import User

log = structlog.get_logger()


def suppress_all(where: list[ColumnElement[bool]]) -> tuple[int, datetime]:
    """Never write to the clients that `where` chooses; to how many addresses mailings went until now, and the moment
    that `undo_suppress_all` knows them by."""
    moment = utcnow()
    reason, at = literal(SuppressionReason.MANUAL.value), literal(moment, UTCDateTime)
    chosen = select(Client.owner_id, Client.email_key, reason, at).where(*where)
    no_longer_of_an_import(where)
    columns = ["owner_id", "email_key", "reason", "created_at"]
    statement = insert(Suppression).from_select(columns, chosen, include_defaults=False)
    count = db.session.execute(statement.on_conflict_do_nothing()).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count), moment


def undo_suppress_all(owner: User, moment: datetime) -> int:
    """Undo `suppress_all`, save for those of whom something else was said since; how many."""
    said = Suppression.owner_id == owner.id, Suppression.created_at == moment
    lifted = delete(Suppression).where(*said, Suppression.reason == SuppressionReason.MANUAL)
    count = int(db.session.execute(lifted.execution_options(synchronize_session=False)).rowcount)  # type: ignore[attr-defined]
    db.session.commit()
    log.info("suppressions undone", count=count, owner_id=owner.id)
    return count


def lift_all(where: list[ColumnElement[bool]]) -> int:
    """Undo `suppress_all`: only what an owner decided, never a person's own word or a bad address; how many."""
    chosen = select(Client.owner_id, Client.email_key).where(*where)
    lifted = (
        delete(Suppression)
        .where(
            Suppression.reason == SuppressionReason.MANUAL,
            tuple_(Suppression.owner_id, Suppression.email_key).in_(chosen),
        )
        .execution_options(synchronize_session=False)
    )
    count = int(db.session.execute(lifted).rowcount)  # type: ignore[attr-defined]
    db.session.commit()
    log.info("suppressions lifted", count=count)
    return count
