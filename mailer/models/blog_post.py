"""An article of the blog, and the addresses it used to have."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum
from mailer.models.user import User

UNIQUE_SLUG = "uq_blog_posts_slug"


CHANGEABLE = ("title", "content", "language", "tags", "image_file", "image_alt")


class PostStatus(StrEnum):
    """Who may read an article."""

    DRAFT = "draft"
    AWAITING = "awaiting"
    PUBLISHED = "published"
    REJECTED = "rejected"


class BlogPost(db.Model):  # type: ignore[misc,name-defined]
    """Title, content in Markdown, image, view count and publication date.

    A published article whose `published_at` lies ahead is scheduled: it appears at that moment by itself.
    """

    __tablename__ = "blog_posts"
    __table_args__ = (
        Index("ix_blog_posts_published", "published_at", postgresql_where="status = 'published'"),
        CheckConstraint("status <> 'published' OR published_at IS NOT NULL", name="published_has_a_date"),
        CheckConstraint("status <> 'rejected' OR rejection_reason <> ''", name="rejection_has_a_reason"),
        CheckConstraint(
            "(change_status IS NULL AND change IS NULL) OR (change IS NOT NULL AND change_status <> 'published' "
            "AND status = 'published')",
            name="change_of_a_published_one",
        ),
        UniqueConstraint("slug", name=UNIQUE_SLUG),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(220))
    content: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(2), default="ru", server_default="ru")
    tags: Mapped[list[str]] = mapped_column(ARRAY(String(50)), default=list, server_default=text("'{}'"))
    image_file: Mapped[str | None] = mapped_column(String(64))
    image_alt: Mapped[str] = mapped_column(String(300), default="", server_default="")
    status: Mapped[PostStatus] = mapped_column(text_enum(PostStatus, "status"), default=PostStatus.DRAFT)
    view_count: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)  # since when it awaits approval
    rejection_reason: Mapped[str] = mapped_column(String(1000), default="", server_default="")
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)
    deleted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    version: Mapped[int] = mapped_column(default=1, server_default="1")
    # What its author has made of it since it was published, by columns: readers see the approved version meanwhile.
    change: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    change_status: Mapped[PostStatus | None] = mapped_column(text_enum(PostStatus, "change_status"))

    author: Mapped[User | None] = relationship(foreign_keys=[author_id])

    __mapper_args__ = {"version_id_col": version}

    @property
    def latest(self) -> BlogPost:
        """The article as its author has it last, the change included; not to be saved."""
        if self.change is None:
            return self
        shown = {name: getattr(self, name) for name in ("id", "slug", "author_id", "published_at", "version")}
        latest = BlogPost(**shown, **{name: self.change[name] for name in CHANGEABLE}, status=self.change_status)
        latest.author = self.author
        latest.rejection_reason, latest.submitted_at = self.rejection_reason, self.submitted_at
        latest.decided_at, latest.view_count, latest.updated_at = self.decided_at, self.view_count, self.updated_at
        return latest

    @property
    def is_awaiting(self) -> bool:
        """Whether somebody has to decide, about the article or about a change of it."""
        return PostStatus.AWAITING in (self.status, self.change_status)

    @property
    def is_public(self) -> bool:
        """Whether everyone may read it now."""
        return self.status is PostStatus.PUBLISHED and self.deleted_at is None and not self.is_scheduled

    @property
    def is_scheduled(self) -> bool:
        """Whether it is released, but its moment has not come."""
        return self.status is PostStatus.PUBLISHED and self.published_at is not None and self.published_at > utcnow()

    @property
    def state(self) -> str:
        """The status as a person reads it: `scheduled` is one of its own."""
        return "scheduled" if self.is_scheduled else self.status.value


class FormerSlug(db.Model):  # type: ignore[misc,name-defined]
    """An address that an article had while it was public; it leads on to the present one."""

    __tablename__ = "former_slugs"

    slug: Mapped[str] = mapped_column(String(220), primary_key=True)
    post_id: Mapped[int] = mapped_column(ForeignKey("blog_posts.id", ondelete="CASCADE"), index=True)
