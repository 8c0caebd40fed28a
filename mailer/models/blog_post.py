"""An article of the blog."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.types import Id, UTCDateTime, text_enum
from mailer.models.user import User


class PostStatus(StrEnum):
    """Who may read an article."""

    DRAFT = "draft"
    AWAITING = "awaiting"
    PUBLISHED = "published"
    REJECTED = "rejected"


class BlogPost(db.Model):  # type: ignore[misc,name-defined]
    """Title, content in Markdown, image, view count and publication date."""

    __tablename__ = "blog_posts"
    __table_args__ = (
        Index("ix_blog_posts_published", "published_at", postgresql_where="status = 'published'"),
        CheckConstraint("status <> 'published' OR published_at IS NOT NULL", name="published_has_a_date"),
    )

    id: Mapped[int] = mapped_column(Id, Identity(), primary_key=True)
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(220), unique=True)
    content: Mapped[str] = mapped_column(Text)
    image_file: Mapped[str | None] = mapped_column(String(64))
    status: Mapped[PostStatus] = mapped_column(text_enum(PostStatus, "status"), default=PostStatus.DRAFT)
    view_count: Mapped[int] = mapped_column(default=0)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, default=utcnow, onupdate=utcnow)

    author: Mapped[User | None] = relationship()
