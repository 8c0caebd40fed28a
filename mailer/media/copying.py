"""Pictures copied from the folder into the bucket, or back; what is there already is passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select

from mailer.extensions import db
from mailer.models.picture import Picture
from mailer.picture_names import PictureFile
from mailer.picture_store import MediaStore

BATCH = 200


@dataclass(slots=True)
class Copied:
    """What was done, in files; `lost` are those of which neither place has the whole file."""

    seen: int = 0
    copied: int = 0
    copied_bytes: int = 0
    lost: list[str] = field(default_factory=list)
    removed: int = 0


def copy(source: MediaStore, target: MediaStore, told: Callable[[Copied], None]) -> Copied:
    """Copy every picture's file, each compared by its size afterwards; `told` hears of it now and then.

    May be broken off at any place and begun anew. Errors: StoreAway.
    """
    done = Copied()
    for picture, size in _all():
        done.seen += 1
        if target.size_of(picture) == size:
            continue
        content = source.read(picture)
        if content is None or len(content) != size:
            done.lost.append(picture.public_name)
            continue
        target.put(picture, content)
        if target.size_of(picture) != size:
            done.lost.append(picture.public_name)
            continue
        done.copied += 1
        done.copied_bytes += size
        if done.copied % BATCH == 0:
            told(done)
    return done


def remove(source: MediaStore, target: MediaStore, done: Copied) -> None:
    """Remove the files from where they were, each that the other place has whole. Errors: StoreAway."""
    for picture, size in _all():
        if source.size_of(picture) is not None and target.size_of(picture) == size:
            source.remove(source.name_of(picture))
            done.removed += 1


def _all() -> Iterator[tuple[PictureFile, int]]:
    """Every picture's file and its bytes, with no transaction open while it is handled."""
    last = 0
    while True:
        query = select(Picture).where(Picture.id > last).order_by(Picture.id).limit(BATCH)
        found = [(picture.id, picture.file, picture.size) for picture in db.session.scalars(query)]
        db.session.rollback()
        if not found:
            return
        for id_, file, size in found:
            last = id_
            yield file, size
