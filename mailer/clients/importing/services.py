"""From an upload to a queued job, and back: what a person decides about an import."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update
from werkzeug.datastructures import FileStorage

from mailer.clients.importing import files, quota
from mailer.clients.importing.own_fields import own_targets
from mailer.clients.importing.preview import ImportPreview
from mailer.clock import utcnow
from mailer.errors import Refusal, undone_when_refused
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.client import Client, Suppression
from mailer.models.client_import import ClientImport, ImportState
from mailer.models.user import User
from mailer.queue import IMPORT_CLIENTS, enqueue

MOST_AT_WORK = 10


class NotNow(Refusal):
    """The import is not in the state that this needs."""


def begin_import(owner: User, upload: FileStorage) -> tuple[ClientImport, int]:
    """Keep an uploaded file; it, and how many older ones had to go. Raises `ValueRefused` for what is no table,
    and where the owner's files leave no room."""
    stored = files.keep(upload)
    begun = ClientImport(owner_id=owner.id, file_name=_shown_name(upload.filename), stored_file=stored, options={})
    db.session.add(begun)
    db.session.commit()
    quota.trim_reports(owner.id)
    return begun, quota.make_room(begun)


@undone_when_refused
def start_import(begun: ClientImport, preview: ImportPreview, options: dict[str, Any]) -> None:
    """Queue it, to be read as `preview` shows it, and make the new fields that it names. Once only: a second click
    finds it started (`NotNow`). Raises `FieldRefused` when there would be too many fields.

    Nor is it queued (`NotNow`) while many of the owner's wait."""
    db.session.execute(select(User.id).where(User.id == begun.owner_id).with_for_update(**FOR_CHANGE))
    at_work = select(func.count()).where(
        ClientImport.owner_id == begun.owner_id, ClientImport.state.in_((ImportState.QUEUED, ImportState.RUNNING))
    )
    if (db.session.scalar(at_work) or 0) >= MOST_AT_WORK:
        raise NotNow(_("Ten imports of yours are waiting already. Start this one when the first of them is done."))
    claimed = (
        update(ClientImport)
        .where(ClientImport.id == begun.id, ClientImport.state == ImportState.UPLOADED)
        .values(state=ImportState.QUEUED, options=preview.options | options, row_count=preview.row_estimate)
    )
    if not db.session.execute(claimed).rowcount:  # type: ignore[attr-defined]
        db.session.rollback()
        raise NotNow(_("This import has been started already."))
    begun.options = begun.options | {"targets": own_targets(begun.owner_id, options["targets"], preview.names)}
    db.session.commit()
    enqueue(IMPORT_CLIENTS, begun.id)


def undo_import(done: ClientImport) -> tuple[int, int, int]:
    """Delete the clients it created, save for those changed since, and write again to whom it alone said not to.

    What a person has said by their own link since, or the owner by hand, stays. Returns how many clients were deleted,
    how many were kept, and to how many addresses mailings go again; raises `NotNow` unless the import is done.
    """
    claimed = (
        update(ClientImport)
        .where(ClientImport.id == done.id, ClientImport.state == ImportState.DONE)
        .values(state=ImportState.UNDONE)
    )
    if not db.session.execute(claimed).rowcount:  # type: ignore[attr-defined]
        db.session.rollback()
        raise NotNow(_("Only a finished import can be undone, and only once."))
    deleted = db.session.execute(
        update(Client)
        .where(Client.import_id == done.id, Client.deleted_at.is_(None), Client.version == 1)
        .values(deleted_at=utcnow(), version=Client.version + 1)
        .execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    lifted = db.session.execute(
        delete(Suppression).where(Suppression.import_id == done.id).execution_options(synchronize_session=False)
    ).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return deleted, done.created_count - deleted, lifted


def _shown_name(name: str | None) -> str:
    """The file's own name, for showing only."""
    return "".join(char for char in (name or "") if char.isprintable())[-255:] or "clients.csv"
