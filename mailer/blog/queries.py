"""Published articles, as readers see them."""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus

PAGE_LENGTH = 9


def published_page(number: int) -> Pagination:
    """The newest first, nine a page; 404 for a page that does not exist."""
    newest = _published().order_by(BlogPost.published_at.desc(), BlogPost.id.desc())
    return db.paginate(newest, page=number, per_page=PAGE_LENGTH)


def published_post(slug: str) -> BlogPost:
    """The article at that address; 404 unless it is published."""
    post: BlogPost = db.one_or_404(_published().options(joinedload(BlogPost.author)).where(BlogPost.slug == slug))
    return post


def _published() -> Select[Any]:
    return select(BlogPost).where(BlogPost.status == PostStatus.PUBLISHED)
