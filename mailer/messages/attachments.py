"""Files that go with a message: added, looked into, taken away; and an invitation made into one."""

from __future__ import annotations

import hashlib
import posixpath
import re
import uuid
import zipfile
import zlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import IO

from flask import current_app
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from mailer.clock import utcnow
from mailer.errors import Refusal, undone_when_refused
from mailer.extensions import db
from mailer.input_limits import without_impossible
from mailer.locks import FOR_CHANGE
from mailer.models.attachment import NAME_LENGTH, Attachment, FileContent
from mailer.models.message import Message
from mailer.models.user import User
from mailer.recurrence.ical import Invitation, invitation
from mailer.sending.attachments import files_of
from mailer.sending.senders import sender_of

MOST_FILES, MOST_MB = 5, 7
MOST_BYTES = MOST_MB * 2**20  # of a message; a third more in a mail
QUOTA_BYTES = 200 * 2**20  # of an owner, what runs keep included
MOST_INSIDE = 2000  # files of an archive
_INVISIBLE = re.compile("[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# What mail servers refuse, and what runs when it is opened.
_PROGRAMS = (
    "ade adp apk app appx bas bat bin cab chm cmd com cpl dll dmg elf exe gadget hta img inf ins iso isp jar js "
    "jse lib lnk mde msc msi msix msp mst nsh pif ps1 psm1 reg scf scr sct sh shb sys url vb vbe vbs vhd vhdx vxd "
    "wsc wsf wsh xll docm dotm pptm potm ppam xlsm xltm xlam"
)
PROGRAMS = frozenset(_PROGRAMS.split())
PACKED = frozenset(["7z", "ace", "arj", "bz2", "gz", "lz", "lzh", "rar", "tar", "tbz", "tgz", "txz", "xz", "zst"])
_PROGRAM_STARTS = (b"MZ", b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!")
KINDS = {
    "pdf": "application/pdf", "zip": "application/zip", "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "png": "image/png", "gif": "image/gif", "webp": "image/webp",
    "doc": "application/msword", "xls": "application/vnd.ms-excel", "ppt": "application/vnd.ms-powerpoint",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "odt": "application/vnd.oasis.opendocument.text", "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "rtf": "application/rtf", "ics": "text/calendar; charset=utf-8", "vcf": "text/vcard; charset=utf-8",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
}  # fmt: skip
INVITATION = "text/calendar; charset=utf-8; method=PUBLISH"


@dataclass(frozen=True, slots=True)
class InvitedEvent:
    """What an invitation says; moments are aware."""

    summary: str
    starts: datetime
    ends: datetime
    place: str
    description: str


def add_file(message: Message, upload: IO[bytes], file_name: str) -> Attachment:
    """Put an uploaded file beside the message. Raises Refusal with what is wrong with it."""
    name, content = file_name_of(file_name), upload.read(MOST_BYTES + 1)
    if not content:
        raise Refusal(_("This file is empty."))
    _require_harmless(name, content)
    return _keep(message, name, KINDS.get(_ending(name), "application/octet-stream"), content)


def add_invitation(message: Message, owner: User, event: InvitedEvent) -> Attachment:
    """Put an invitation beside the message, as a file that calendars open."""
    if event.ends <= event.starts:
        raise Refusal(_("It must end after it begins."))
    sender = sender_of(owner)
    host = str(current_app.config["MAILINGS_FROM"]).rpartition("@")[2]
    said = Invitation(
        f"{uuid.uuid4()}@{host}", event.summary, event.starts, event.ends, (sender.name, sender.reply_to), utcnow(),
        event.place, event.description,
    )  # fmt: skip
    return _keep(message, _("invitation") + ".ics", INVITATION, invitation(said).encode())


@undone_when_refused
def _keep(message: Message, name: str, kind: str, content: bytes) -> Attachment:
    db.session.execute(select(User.id).where(User.id == message.owner_id).with_for_update(**FOR_CHANGE))  # one counts
    there = files_of(message)
    if len(there) >= MOST_FILES:
        raise Refusal(_("A message can have up to %(count)s files. Remove one first.", count=MOST_FILES))
    if sum(one.size for one in there) + len(content) > MOST_BYTES:
        raise Refusal(
            _(
                "The files of a message can be up to %(limit)s MB in total. Use a link for large ones.",
                limit=MOST_BYTES >> 20,
            )
        )
    digest = hashlib.sha256(content).hexdigest()
    row = {"owner_id": message.owner_id, "digest": digest, "content": content, "size": len(content)}
    fresh = insert(FileContent).values(**row, created_at=utcnow())
    db.session.execute(
        fresh.on_conflict_do_update(
            index_elements=["owner_id", "digest"], set_={"created_at": fresh.excluded.created_at}
        )
    )
    used = db.session.scalar(select(func.sum(FileContent.size)).where(FileContent.owner_id == message.owner_id)) or 0
    if used > QUOTA_BYTES:
        limit = format_decimal(QUOTA_BYTES >> 20)
        raise Refusal(_("Your files take up all %(limit)s MB, including those of earlier mailings.", limit=limit))
    attachment = Attachment(
        owner_id=message.owner_id, message_id=message.id, name=name, kind=kind, digest=digest, size=len(content)
    )
    db.session.add(attachment)
    db.session.commit()
    return attachment


def let_pictures_travel(message: Message, inside: bool) -> None:
    """Let the mails of the message have its pictures within them, or not."""
    message.inlines_pictures = inside
    db.session.commit()


def attachment_of(message: Message, attachment_id: int) -> Attachment:
    """The file of that id beside the message; else 404."""
    query = select(Attachment).where(Attachment.owner_id == message.owner_id, Attachment.message_id == message.id)
    return db.one_or_404(query.where(Attachment.id == attachment_id))


def content_of(attachment: Attachment) -> bytes:
    """What is in it."""
    return db.session.get_one(FileContent, (attachment.owner_id, attachment.digest)).content


def remove(attachment: Attachment) -> None:
    """Take it away; runs that were made with it send it."""
    db.session.delete(attachment)
    db.session.commit()


def file_name_of(typed: str) -> str:
    """A file's name as its reader sees it: no path, nothing that cannot be shown or turns letters round; its ending
    stays."""
    name = _INVISIBLE.sub("", posixpath.basename(without_impossible(typed).replace("\\", "/")))
    name = " ".join("".join(sign for sign in name if sign.isprintable()).split()).strip(". ") or _("file")
    stem, dot, ending = name.rpartition(".")
    if len(name) <= NAME_LENGTH or not dot or len(ending) > 10:
        return name[:NAME_LENGTH]
    return f"{stem[: NAME_LENGTH - len(ending) - 1]}.{ending}"


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _require_harmless(name: str, content: bytes) -> None:
    ending = _ending(name)
    if ending in PROGRAMS or content.startswith(_PROGRAM_STARTS):
        raise Refusal(_("“%(name)s” is a program: mail servers refuse it. Use a link instead.", name=name))
    if ending in PACKED:
        raise Refusal(_("We cannot check what is inside “%(name)s”. Pack it as ZIP or use a link.", name=name))
    if not content.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError) as error:
        raise Refusal(_("The archive is damaged or protected with a password.")) from error
    if len(parts) > MOST_INSIDE or any(part.flag_bits & 1 for part in parts):
        raise Refusal(_("We cannot check what is inside “%(name)s”. Pack it as ZIP or use a link.", name=name))
    for part in parts:
        if _ending(part.filename) in PROGRAMS | PACKED | {"zip"} or part.filename.lower().endswith("vbaproject.bin"):
            inside = posixpath.basename(part.filename)[:60]
            raise Refusal(
                _("“%(inside)s” inside it is a program or an archive: mail servers refuse it.", inside=inside)
            )
