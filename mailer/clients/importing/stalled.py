"""Imports that nobody works on: Redis lost the wake-up, the worker died, or the owner never came back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, Integer, MetaData, String, Table, delete, exists, func, select

from mailer.clients.importing.files import forget
from mailer.extensions import db
from mailer.locks import IMPORTS, within
from mailer.models.client_import import ClientImport, ImportState

PATIENCE = timedelta(seconds=15)
KEPT_FOR = timedelta(days=1)
_locks = Table(
    "pg_locks",
    MetaData(),
    Column("locktype", String),
    Column("classid", BigInteger),
    Column("objid", BigInteger),
    Column("objsubid", Integer),
)


def stalled_imports(now: datetime) -> list[int]:
    """Ids of imports queued or begun some time ago whose lock nobody holds; to be queued again."""
    is_worked_on = exists().where(
        _locks.c.locktype == "advisory",
        _locks.c.classid == IMPORTS,
        _locks.c.objid == within(ClientImport.id),
        _locks.c.objsubid == 2,
    )
    query = select(ClientImport.id).where(
        ClientImport.state.in_((ImportState.QUEUED, ImportState.RUNNING)),
        func.coalesce(ClientImport.started_at, ClientImport.created_at) < now - PATIENCE,
        ~is_worked_on,
    )
    return list(db.session.scalars(query.order_by(ClientImport.id)))


def discard_abandoned(now: datetime) -> int:
    """Delete uploads that were looked at and never started within a day, with their files; how many. Commits."""
    query = select(ClientImport).where(ClientImport.state == ImportState.UPLOADED)
    abandoned = db.session.scalars(query.where(ClientImport.created_at < now - KEPT_FOR)).all()
    discard(abandoned)
    return len(abandoned)


def discard(uploads: Sequence[ClientImport]) -> None:
    """Delete these uploads with their files, save for those that were started meanwhile. Commits."""
    files = {upload.id: upload.stored_file for upload in uploads}
    never_started = delete(ClientImport).where(ClientImport.id.in_(files), ClientImport.state == ImportState.UPLOADED)
    gone = db.session.scalars(never_started.returning(ClientImport.id)).all()
    db.session.commit()
    for import_id in gone:
        forget(files[import_id])
