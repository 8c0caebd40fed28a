"""A picture of an owner's library."""

from __future__ import annotations

import secrets
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime
from mailer.picture_names import PictureFile

NAME_LENGTH, ALT_LENGTH = 150, 300  # characters


class Picture(db.Model):  # type: ignore[misc,name-defined]
    """A picture as mails show it. What it shows never changes: one that is cut or scaled is a new row.

    In a folder the file lies under its `digest`, once for all who have the same, in a bucket under its address, which
    is made of `public_id`: nobody can guess it. `deleted_at` hides it from the library; letters that were sent go on
    showing it.
    """

    __tablename__ = "pictures"
    __table_args__ = (
        UniqueConstraint("owner_id", "digest"),
        UniqueConstraint("public_id"),
        Index("ix_pictures_digest", "digest"),
        CheckConstraint("width > 0 AND height > 0 AND size > 0", name="has_a_size"),
        CheckConstraint("extension IN ('jpg', 'png', 'gif')", name="extension"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    public_id: Mapped[str] = mapped_column(String(32), default=lambda: secrets.token_hex(16))
    digest: Mapped[str] = mapped_column(String(64))  # SHA-256 of the file
    extension: Mapped[str] = mapped_column(String(3))
    name: Mapped[str] = mapped_column(String(NAME_LENGTH))  # the owner's own, for the library
    alt: Mapped[str] = mapped_column(String(ALT_LENGTH), default="", server_default="")  # what it says without it
    is_decorative: Mapped[bool] = mapped_column(default=False, server_default="false")  # says nothing: needs no `alt`
    width: Mapped[int] = mapped_column()  # pixels
    height: Mapped[int] = mapped_column()
    size: Mapped[int] = mapped_column()  # bytes
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)

    @property
    def file_name(self) -> str:
        """The last part of its public address."""
        return f"{self.public_id}.{self.extension}"

    @property
    def file(self) -> PictureFile:
        """Its file, wherever it lies."""
        return PictureFile(self.public_id, self.digest, self.extension)

    @property
    def wants_alt(self) -> bool:
        """Whether somebody still has to say what it shows."""
        return not (self.alt or self.is_decorative)
