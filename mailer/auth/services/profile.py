"""What a person says about themselves."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import BinaryIO

from flask import current_app

from mailer.auth import pictures
from mailer.extensions import db
from mailer.models.user import User


@dataclass(frozen=True, slots=True)
class Profile:
    """The fields of a profile: `country` as ISO 3166 alpha-2, `timezone` as an IANA name, `language` ru or en."""

    name: str
    phone: str
    country: str
    timezone: str
    language: str


def update_profile(user: User, profile: Profile) -> None:
    """Keep the profile."""
    for column, value in asdict(profile).items():
        setattr(user, column, value)
    db.session.commit()


def set_avatar(user: User, upload: BinaryIO) -> None:
    """Make the uploaded picture the person's avatar, the one before it goes; raises `BadPicture`."""
    folder = pictures.folder(current_app.config["MEDIA_DIR"])
    old = user.avatar_file
    user.avatar_file = pictures.store(upload, folder)
    db.session.commit()
    pictures.discard(folder, old)


def remove_avatar(user: User) -> None:
    """Go back to initials."""
    old, user.avatar_file = user.avatar_file, None
    db.session.commit()
    pictures.discard(pictures.folder(current_app.config["MEDIA_DIR"]), old)
