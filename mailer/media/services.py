"""Rules and writes of the library; each call is one commit."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import IO

import structlog
from flask_babel import format_decimal
from flask_babel import gettext as _
from PIL import Image
from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert

from mailer.clock import utcnow
from mailer.errors import Refusal, undone_when_refused
from mailer.extensions import db
from mailer.input_limits import without_impossible
from mailer.locks import FOR_CHANGE
from mailer.media.encoding import Encoded, encode, encode_image, reopen
from mailer.media.queries import is_shown, used_bytes
from mailer.models.picture import ALT_LENGTH, NAME_LENGTH, Picture
from mailer.models.user import User
from mailer.picture_names import PictureFile, StoreAway
from mailer.picture_store import media_store

log = structlog.get_logger()

QUOTA_BYTES = 300 * 2**20
QUOTA_COUNT = 3000
HIDDEN_FOR = timedelta(days=30)  # then a picture that nothing shows is forgotten
FILE_UNUSED_FOR = timedelta(days=2)  # it may be of an upload that is not committed yet
BATCH = 200


class NoRoom(Refusal):
    """The owner's quota is used up."""


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture, in its pixels, and how wide it shall be then."""

    left: int
    top: int
    width: int
    height: int
    scaled_to: int


def add_picture(owner: User, upload: IO[bytes], file_name: str, alt: str = "") -> Picture:
    """Draw the uploaded picture anew and keep it; the same picture again is the one that is there.

    Raises BadPicture with what is wrong with the file, NoRoom, and Busy while another picture is drawn.
    """
    return _keep(owner.id, encode(upload), name_of(file_name), alt)


@undone_when_refused
def _keep(owner_id: int, encoded: Encoded, name: str, alt: str) -> Picture:
    db.session.execute(select(User.id).where(User.id == owner_id).with_for_update(**FOR_CHANGE))  # one counts at a time
    same = select(Picture).where(Picture.owner_id == owner_id, Picture.digest == encoded.digest)
    known = db.session.scalar(same.with_only_columns(Picture.public_id))
    if known is None:
        _require_room(owner_id, len(encoded.content))
    file = PictureFile(secrets.token_hex(16) if known is None else known, encoded.digest, encoded.extension)
    media_store().put(file, encoded.content)
    values = {
        "owner_id": owner_id, "public_id": file.public_id, "digest": encoded.digest, "extension": encoded.extension,
        "name": name, "alt": alt[:ALT_LENGTH], "width": encoded.width, "height": encoded.height,
        "size": len(encoded.content),
    }  # fmt: skip
    row = insert(Picture).values(values)
    db.session.execute(row.on_conflict_do_update(index_elements=["owner_id", "digest"], set_={"deleted_at": None}))
    db.session.commit()
    return db.session.scalars(same.execution_options(populate_existing=True)).one()


def _require_room(owner_id: int, size: int) -> None:
    count = db.session.scalar(select(func.count()).select_from(Picture).where(Picture.owner_id == owner_id)) or 0
    if count >= QUOTA_COUNT:
        raise NoRoom(_("There are already %(count)s pictures, and no more fit.", count=format_decimal(count)))
    if used_bytes(owner_id) + size > QUOTA_BYTES:
        raise NoRoom(
            _("Your pictures take up all %(limit)s MB. Delete those that no email uses.", limit=QUOTA_BYTES // 2**20)
        )


def describe(picture: Picture, name: str, alt: str, is_decorative: bool) -> None:
    """Change what the owner says of it."""
    picture.name = name_of(name)
    picture.alt, picture.is_decorative = alt.strip()[:ALT_LENGTH], is_decorative
    db.session.commit()


def cut(owner: User, picture: Picture, crop: Crop) -> Picture:
    """A part of the picture, or all of it in another size, as a new one: letters go on showing the former.

    Raises Refusal for a part that is none.
    """
    right, bottom = crop.left + crop.width, crop.top + crop.height
    if not (0 <= crop.left < right <= picture.width and 0 <= crop.top < bottom <= picture.height):
        raise Refusal(_("This part is not inside the picture."))
    content = media_store().read(picture.file)
    if content is None:
        raise Refusal(_("The file of this picture is no longer there. Upload it again."))
    part = reopen(content).crop((crop.left, crop.top, right, bottom))
    if crop.scaled_to < part.width:
        height = max(1, round(part.height * crop.scaled_to / part.width))
        part = part.resize((crop.scaled_to, height), Image.Resampling.LANCZOS)
    return _keep(owner.id, encode_image(part), picture.name, picture.alt)


def hide(picture: Picture) -> None:
    """Take it out of the library; letters go on showing it."""
    picture.deleted_at = utcnow()
    db.session.commit()


def restore(picture: Picture) -> None:
    """Undo `hide`."""
    picture.deleted_at = None
    db.session.commit()


def forget_unused(now: datetime) -> int:
    """Forget pictures that were hidden long ago and that nothing shows, and files that no row names; how many rows.

    Commits. Called by the tick now and then.
    """
    old = select(Picture).where(Picture.deleted_at < now - HIDDEN_FOR).order_by(Picture.deleted_at).limit(BATCH)
    count = 0
    for picture in db.session.scalars(old).all():
        if is_shown(picture):
            picture.deleted_at = now  # looked at again in a month
        else:
            db.session.delete(picture)
            count += 1
    db.session.commit()
    _remove_files_of_nobody(now - FILE_UNUSED_FOR)
    return count


def _remove_files_of_nobody(moment: datetime) -> None:
    """A folder calls a file by its content, a bucket by its address. A storage that is away is looked at next time."""
    store = media_store()
    try:
        for name in store.names_older_than(moment):
            stem = name.partition(".")[0]
            is_it = or_(Picture.digest == stem, Picture.public_id == stem)
            if db.session.scalar(select(Picture.id).where(is_it).limit(1)) is None:
                store.remove(name)
    except StoreAway:
        log.warning("files of pictures that nobody has any more wait for their storage")
    finally:
        db.session.rollback()


def name_of(file_name: str) -> str:
    """A file's name as the library shows it: no path, nothing that cannot be shown."""
    name = PurePath(without_impossible(file_name).replace("\\", "/")).name
    return "".join(sign for sign in name if sign.isprintable())[:NAME_LENGTH].strip() or _("Picture")
