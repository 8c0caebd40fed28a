"""A person who signs in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column

from mailer.access import Permission
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum


class Role(StrEnum):
    """What a person is here for; a role is nothing but the permissions behind it."""

    USER = "user"
    MANAGER = "manager"
    EDITOR = "editor"
    ADMIN = "admin"

    @property
    def permissions(self) -> frozenset[Permission]:
        """What this role may do."""
        return PERMISSIONS[self]


PERMISSIONS = {
    Role.USER: frozenset({Permission.SEND}),
    Role.MANAGER: frozenset({Permission.OVERSEE, Permission.APPROVE_POSTS}),
    Role.EDITOR: frozenset({Permission.EDIT_BLOG}),
    Role.ADMIN: frozenset({Permission.OVERSEE, Permission.APPROVE_POSTS, Permission.EDIT_BLOG, Permission.ADMINISTER}),
}


class User(UserMixin, db.Model):  # type: ignore[misc,name-defined]
    """An account: its address, its password hash, its role and how it likes things shown."""

    __tablename__ = "users"
    __table_args__ = (
        Index("uq_users_email_key", func.lower(text("email")), unique=True),
        CheckConstraint("(blocked_at IS NULL) = (block_reason IS NULL)", name="block_has_a_reason"),
        Index("ix_users_to_erase", "id", postgresql_where=text("erased_at IS NOT NULL AND data_erased_at IS NULL")),
        CheckConstraint("daily_limit >= 0", name="daily_limit_is_not_negative"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[Role] = mapped_column(text_enum(Role, "role"), default=Role.USER)
    name: Mapped[str] = mapped_column(String(150), default="")
    phone: Mapped[str] = mapped_column(String(32), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    timezone: Mapped[str] = mapped_column(String(64), default="Europe/Moscow")
    language: Mapped[str] = mapped_column(String(2), default="ru")
    avatar_file: Mapped[str | None] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    blocked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    block_reason: Mapped[str | None] = mapped_column(String(500))
    blocked_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    consented_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # to the processing of their personal data
    consent_version: Mapped[str | None] = mapped_column(String(32))  # of the text they agreed to
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # by themselves; only the number stays
    data_erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # when the last of their rows was gone
    is_sample: Mapped[bool] = mapped_column(default=False, server_default="false")  # its mails go to the catcher only
    unblocked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # moments before are not made good
    daily_limit: Mapped[int | None]  # mails in 24 hours; None: as many as they like
    needs_approval: Mapped[bool] = mapped_column(default=False, server_default="false")  # of a manager, before sending

    @property
    def is_active(self) -> bool:
        """Whether this person may be signed in at all."""
        return self.confirmed_at is not None and self.blocked_at is None

    def can(self, permission: Permission) -> bool:
        """Whether this person's role grants `permission`."""
        return permission in self.role.permissions

    @property
    def display_name(self) -> str:
        """The name, or the address where none is given."""
        return self.name or self.email
