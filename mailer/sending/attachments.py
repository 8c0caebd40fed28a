"""The files of a message, for a copy of it, and from a copy back into mails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, exists, func, select

from mailer.composing.attachments import AttachedFile
from mailer.composing.email import Content
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.attachment import Attachment, FileContent
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.sending.inline_pictures import with_pictures

UNUSED_FOR = timedelta(days=2)  # it may be of an upload that is not committed yet


def files_of(message: Message) -> list[Attachment]:
    """In the order in which they were added."""
    query = select(Attachment).where(Attachment.owner_id == message.owner_id, Attachment.message_id == message.id)
    return list(db.session.scalars(query.order_by(Attachment.id)))


def as_copy(message: Message) -> list[dict[str, Any]]:
    """What a run keeps of them: the contents are found by their digests, and never change."""
    return [{"name": one.name, "kind": one.kind, "digest": one.digest} for one in files_of(message)]


def with_files(content: Content, owner_id: int, copy: Mapping[str, Any]) -> Content:
    """The content with the files and the pictures inside that a copy of a message names."""
    content = with_pictures(content, copy)
    listed = copy.get("files") or []
    if not listed:
        return content
    wanted = FileContent.digest.in_([one["digest"] for one in listed])
    rows = db.session.execute(
        select(FileContent.digest, FileContent.content).where(FileContent.owner_id == owner_id, wanted)
    )
    found = dict(rows.tuples().all())
    return replace(content, files=tuple(AttachedFile(one["name"], one["kind"], found[one["digest"]]) for one in listed))


def forget_unused(now: datetime) -> int:
    """Forget contents that no message, no run and no test mail names any more; how many. Commits."""
    names_it = func.jsonb_build_array(func.jsonb_build_object("digest", FileContent.digest))
    used = (
        exists().where(Attachment.owner_id == FileContent.owner_id, Attachment.digest == FileContent.digest),
        exists().where(Run.owner_id == FileContent.owner_id, Run.snapshot["files"].op("@>")(names_it)),
        exists().where(AccountEmail.user_id == FileContent.owner_id, AccountEmail.context["files"].op("@>")(names_it)),
    )
    unused = delete(FileContent).where(FileContent.created_at < now - UNUSED_FOR, *(~each for each in used))
    count: int = db.session.execute(unused.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return count
