"""A person who signs in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from flask_login import UserMixin
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, String, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from mailer.access import Permission
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum
from mailer.readable import readable_address


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


# What nobody can do well who does not see what it is about brings seeing along.
NEED_TO_SEE = frozenset(
    {Permission.BLOCK_USERS, Permission.SWITCH_MAILINGS, Permission.APPROVE_MAILINGS, Permission.SET_LIMITS}
)
MANAGING = frozenset({Permission.OVERSEE, Permission.APPROVE_POSTS}) | NEED_TO_SEE
PERMISSIONS = {
    Role.USER: frozenset({Permission.SEND}),
    Role.MANAGER: MANAGING,
    Role.EDITOR: frozenset({Permission.EDIT_BLOG}),
    Role.ADMIN: MANAGING | {Permission.EDIT_BLOG, Permission.ADMINISTER},
}
# What admins can add to a role for one person, in the order in which it is offered.
GRANTABLE = (
    Permission.OVERSEE, Permission.BLOCK_USERS, Permission.SWITCH_MAILINGS, Permission.APPROVE_MAILINGS,
    Permission.APPROVE_POSTS, Permission.SET_LIMITS,
)  # fmt: skip
_GRANTABLE = ", ".join(f"'{permission}'" for permission in GRANTABLE)


MOST_OF_CEILING = 100
UNIQUE_EMAIL = "uq_users_email_key"


class User(UserMixin, db.Model):  # type: ignore[misc,name-defined]
    """An account: its address, its password hash, its role and how it likes things shown."""

    __tablename__ = "users"
    __table_args__ = (
        Index(UNIQUE_EMAIL, func.lower(text("email")), unique=True),
        CheckConstraint("(blocked_at IS NULL) = (block_reason IS NULL)", name="block_has_a_reason"),
        Index("ix_users_to_erase", "id", postgresql_where=text("erased_at IS NOT NULL AND data_erased_at IS NULL")),
        CheckConstraint("daily_limit >= 0", name="daily_limit_is_not_negative"),
        CheckConstraint(f"person_daily_ceiling BETWEEN 1 AND {MOST_OF_CEILING}", name="daily_ceiling_is_sane"),
        CheckConstraint(f"person_weekly_ceiling BETWEEN 1 AND {MOST_OF_CEILING}", name="weekly_ceiling_is_sane"),
        CheckConstraint(
            "erased_at IS NULL OR email = 'deleted-' || id || '@deleted.invalid' AND password_hash = ''",
            name="erased_names_nobody",
        ),
        CheckConstraint(f"granted <@ ARRAY[{_GRANTABLE}]::varchar[]", name="granted_can_be"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    password_hash: Mapped[str] = mapped_column(String(255))
    role: Mapped[Role] = mapped_column(text_enum(Role, "role"), default=Role.USER)
    granted: Mapped[list[str]] = mapped_column(ARRAY(String(32)), default=list, server_default="{}")  # besides the role
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
    # An owner's own: emails to one person in a day of the owner's zone, and in seven
    person_daily_ceiling: Mapped[int | None] = mapped_column(SmallInteger)
    person_weekly_ceiling: Mapped[int | None] = mapped_column(SmallInteger)
    only_confirmed: Mapped[bool] = mapped_column(default=False, server_default="false")  # whoever else gets no mailings
    needs_approval: Mapped[bool] = mapped_column(default=False, server_default="false")  # of a manager, before sending

    @property
    def is_active(self) -> bool:
        """Whether this person may be signed in at all."""
        return self.confirmed_at is not None and self.blocked_at is None

    @property
    def is_somebodys(self) -> bool:
        """Whether the address belongs to this account: it was proved, or a manager keeps it out."""
        return self.confirmed_at is not None or self.blocked_at is not None

    @property
    def permissions(self) -> frozenset[Permission]:
        """Those of the role and those granted besides, with the seeing that some need."""
        held = self.role.permissions | {Permission(name) for name in self.granted or ()}
        return held | {Permission.OVERSEE} if held & NEED_TO_SEE else held

    @property
    def is_staff(self) -> bool:
        """Whether this person may do more than send their own mail."""
        return bool(self.permissions - {Permission.SEND})

    def can(self, permission: Permission) -> bool:
        """Whether this person may do that, by role or by grant."""
        return permission in self.permissions

    @property
    def display_name(self) -> str:
        """The name, or the address where none is given."""
        return self.name or readable_address(self.email)
