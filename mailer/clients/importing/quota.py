"""How much of the disk the uploads of one owner may take, whatever they unpack to."""

from __future__ import annotations

from sqlalchemy import select

from mailer.clients.importing.files import forget_report, size_of, size_of_report
from mailer.clients.importing.stalled import discard
from mailer.clients.refused import ValueRefused
from mailer.extensions import db
from mailer.models.client_import import FINAL_IMPORT_STATES, ClientImport, ImportState

MEGABYTE = 2**20
MOST_MEGABYTES = 300  # files and what they were unpacked to, of one owner; the largest single one takes half of that
MOST_REPORT_MEGABYTES = 100
MOST_UPLOADS = 5  # looked at and not started


def make_room(begun: ClientImport) -> int:
    """Throw away the owner's oldest files that were never started, until few enough and little enough are kept.

    Returns how many had to go. Raises `ValueRefused` when what waits to be imported leaves no room for this one, which
    is thrown away then. Commits.
    """
    if begun.state is not ImportState.UPLOADED:
        return 0
    of_owner = select(ClientImport).where(
        ClientImport.owner_id == begun.owner_id, ClientImport.state.not_in(FINAL_IMPORT_STATES)
    )
    kept = list(db.session.scalars(of_owner.order_by(ClientImport.id.desc())))
    sizes = {upload.id: size_of(upload.stored_file) for upload in kept}
    at_work = sum(sizes[upload.id] for upload in kept if upload.state is not ImportState.UPLOADED)
    left = MOST_MEGABYTES * MEGABYTE - at_work - sizes.get(begun.id, 0)
    if left < 0:
        discard([begun])
        raise ValueRefused("imports_too_large", megabytes=MOST_MEGABYTES)
    gone, others = [], [upload for upload in kept if upload.state is ImportState.UPLOADED and upload.id != begun.id]
    for count, upload in enumerate(others, start=1):
        left -= sizes[upload.id]
        if left < 0 or count >= MOST_UPLOADS:
            gone.append(upload)
    discard(gone)
    return len(gone)


def trim_reports(owner_id: int) -> None:
    """Throw away the oldest reports of an owner beyond what is kept of them."""
    done = select(ClientImport.stored_file).where(
        ClientImport.owner_id == owner_id, ClientImport.state.in_(FINAL_IMPORT_STATES)
    )
    left = MOST_REPORT_MEGABYTES * MEGABYTE
    for stored_file in db.session.scalars(done.order_by(ClientImport.id.desc())):
        left -= size_of_report(stored_file)
        if left < 0:
            forget_report(stored_file)
