"""What a copy of a message takes along besides its words: files, blocks to go back to, and for which letter a text half
was written."""

from __future__ import annotations

from sqlalchemy import update

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.attachment import Attachment, FileContent
from mailer.models.letter import LetterDesk, LetterVersion
from mailer.models.message import Message
from mailer.sending.attachments import files_of


def take_files(copy: Message, original: Message) -> None:
    """Put the files of the original beside a copy that was flushed. The contents are the owner's already: nothing of
    them is stored again, and no quota asks for more."""
    listed = files_of(original)
    touched = update(FileContent).where(
        FileContent.owner_id == copy.owner_id, FileContent.digest.in_([one.digest for one in listed])
    )
    # Locked by this, so that none is forgotten meanwhile.
    kept = set(db.session.scalars(touched.values(created_at=utcnow()).returning(FileContent.digest)))
    for one in listed:
        if one.digest in kept:
            words = {"name": one.name, "kind": one.kind, "digest": one.digest, "size": one.size}
            db.session.add(Attachment(owner_id=copy.owner_id, message_id=copy.id, **words))


def take_blocks(copy: Message, original: Message) -> None:
    """Keep the blocks that the original's HTML was made of, for the copy to go back to."""
    desk = db.session.get(LetterDesk, original.id)
    if original.document is None or desk is None:
        return
    version = db.session.get_one(LetterVersion, (original.id, desk.number))
    copy.document = original.document
    lay_out(copy, version.document)


def lay_out(message: Message, document: dict[str, object]) -> None:
    """Lay a letter on the desk of a message that has none, as its first version."""
    db.session.add(LetterDesk(message_id=message.id, owner_id=message.owner_id))
    db.session.add(LetterVersion(message_id=message.id, owner_id=message.owner_id, number=1, document=document))
