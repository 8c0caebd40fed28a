"""One mail that came back: read, kept, and written into the ledger, in one commit.

Whose delivery it is about is decided by the signature of a token alone: addresses and Message-IDs in a report can be
written by anybody. The same report may come again, and by several doors: it counts once a delivery.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256

import structlog
from sqlalchemy.dialects.postgresql import insert

from mailer.account_mail import outbox
from mailer.bounces.reading import read_report
from mailer.bounces.report import Kind, Report
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.delivery import Delivery
from mailer.models.mail_report import MAX_ADDRESS, Door, MailReport, UnreadMail
from mailer.models.types import MAX_RESPONSE, MAX_SERVER_NAME
from mailer.returns import effects, probe, replies
from mailer.sending import return_path

log = structlog.get_logger()

KEPT_BYTES = 64 * 1024  # of a mail that was not understood


class Taken(StrEnum):
    """What became of a mail that came back."""

    NOTED = "noted"  # in the ledger
    KEPT = "kept"  # for an administrator
    KNOWN = "known"  # had come by this door before
    GONE = "gone"  # about a delivery that was erased with its account
    PROBE = "probe"  # of the way back


@dataclass(frozen=True, slots=True)
class Receipt:
    """The answer to whoever brought it."""

    taken: Taken
    kind: Kind
    run_id: int | None = None


def take(data: bytes, door: Door, recipients: Sequence[str] = (), size: int | None = None) -> Receipt:
    """Take a mail that came back; harmless any number of times. Commits.

    `recipients`: those of its envelope, where known. `size`: of the whole mail, where `data` is only its beginning.
    Errors: those of a database that is away; then nothing is kept, and whoever brought it must bring it again.
    """
    report = read_report(data)
    # Of an answer the Message-ID: by another door it is the same one, and it is forwarded once.
    named = f"reply\0{report.message_id}".encode("utf-8", "replace") if report.kind is Kind.REPLY else b""
    digest = sha256(named if report.message_id and named else data).digest()
    return note(report, door, digest, recipients, data, len(data) if size is None else size)


def note(report: Report, door: Door, digest: bytes, recipients: Sequence[str], content: bytes, size: int) -> Receipt:
    """Write a report, however it was read, into the ledger; `digest` tells a repetition. Commits."""
    about = _delivery_of(report, recipients)
    if about is not None and about[0] == probe.RUN:
        probe.note_return(about[1], door)
        return Receipt(Taken.PROBE, report.kind)
    if about is None or report.kind is Kind.UNKNOWN:  # even with a token: somebody has to look at it
        return _keep(report, door, digest, content, size)
    run_id, position = about
    delivery = db.session.get(Delivery, (run_id, position))
    if delivery is None:
        db.session.rollback()
        return Receipt(Taken.GONE, report.kind)
    if not _write(report, door, digest, delivery):
        db.session.rollback()
        return Receipt(Taken.KNOWN, report.kind, run_id)
    mails = [effects.apply(report, delivery), replies.forward(report, digest, delivery, content, size)]
    db.session.commit()
    outbox.wake(*(mail for mail in mails if mail is not None))
    log.info("report taken", door=door.value, kind=report.kind.value, run=run_id, position=position)
    return Receipt(Taken.NOTED, report.kind, run_id)


def _delivery_of(report: Report, recipients: Sequence[str]) -> tuple[int, int] | None:
    path = return_path.configured()
    if path is None:
        return None
    return next(filter(None, map(path.delivery_in, (*recipients, *report.places))), None)


def _write(report: Report, door: Door, digest: bytes, delivery: Delivery) -> bool:
    """Whether it is new."""
    said = report.worst
    row = insert(MailReport).values(
        run_id=delivery.run_id, position=delivery.position, attempt_number=delivery.attempt_count or None,
        received_at=utcnow(), door=door, digest=digest, kind=report.kind,
        is_permanent=said.is_permanent if report.kind is Kind.BOUNCE else False, read_by=report.read_by[:16],
        recipient=_clean(said.address, MAX_ADDRESS), status=_clean(said.status, 16), smtp_code=said.code,
        response=_clean(said.text, MAX_RESPONSE), server=_clean(said.server, MAX_SERVER_NAME),
    )  # fmt: skip
    made = db.session.scalar(row.on_conflict_do_nothing(index_elements=["door", "digest"]).returning(MailReport.id))
    return made is not None


def _keep(report: Report, door: Door, digest: bytes, content: bytes, size: int) -> Receipt:
    row = insert(UnreadMail).values(
        received_at=utcnow(), door=door, digest=digest, kind=report.kind, sender=_clean(report.sender, MAX_ADDRESS),
        subject=_clean(report.subject, 200), size=size, content=content[:KEPT_BYTES],
    )  # fmt: skip
    made = db.session.scalar(row.on_conflict_do_nothing(index_elements=["door", "digest"]).returning(UnreadMail.id))
    db.session.commit()
    return Receipt(Taken.KEPT if made is not None else Taken.KNOWN, report.kind)


def _clean(text: str, limit: int) -> str:
    """PostgreSQL has no NUL, and UTF-8 no lone surrogates."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")[:limit]
