"""Articles, as readers, their authors and those who approve see them."""

from __future__ import annotations

from typing import Any

from flask import abort
from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import joinedload

from mailer.access import Permission
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, FormerSlug, PostStatus
from mailer.models.user import User
from mailer.searching import mentions

PAGE_LENGTH = 9
FEED_LENGTH = 20
TAG_COUNT = 12


IS_AWAITING = or_(BlogPost.status == PostStatus.AWAITING, BlogPost.change_status == PostStatus.AWAITING)


def open_to(user: User) -> ColumnElement[bool]:
    """What this person may look at: their own, and what others have submitted or an editor has dealt with."""
    own = BlogPost.author_id == user.id
    if not may_see_all(user):
        return own
    is_nobodys = BlogPost.author_id.is_(None)
    return or_(own, is_nobodys, BlogPost.status != PostStatus.DRAFT, BlogPost.decided_at.is_not(None))


def published_page(number: int, search: str = "", tag: str = "") -> Pagination:
    """Published articles that hold `search` and carry `tag`, the newest first, nine a page; 404 for a page that does
    not exist."""
    query = _newest()
    if search:
        query = query.where(*mentions(search, (BlogPost.title, BlogPost.content)))
    if tag:
        query = query.where(BlogPost.tags.contains([tag]))
    return db.paginate(query, page=number, per_page=PAGE_LENGTH)


def published_tags() -> list[str]:
    """The tags of published articles, the most frequent first."""
    tag = func.unnest(BlogPost.tags).label("tag")
    tags = _published().with_only_columns(tag).subquery()
    query = select(tags.c.tag).group_by(tags.c.tag).order_by(func.count().desc(), tags.c.tag).limit(TAG_COUNT)
    return list(db.session.scalars(query))


def published_post(slug: str) -> BlogPost | None:
    """The article that everyone may read at that address."""
    query = _published().options(joinedload(BlogPost.author)).where(BlogPost.slug == slug)
    post: BlogPost | None = db.session.scalar(query)
    return post


def present_slug(former: str) -> str | None:
    """Where the public article that used to have this address is now."""
    slug: str | None = db.session.scalar(
        _published().with_only_columns(BlogPost.slug).join(FormerSlug).where(FormerSlug.slug == former)
    )
    return slug


def more_posts(post: BlogPost, count: int = 3) -> list[BlogPost]:
    """What to read next: articles with the same tags first, then the newest."""
    query = _published().where(BlogPost.id != post.id)
    order = (BlogPost.tags.overlap(post.tags).desc(), BlogPost.published_at.desc(), BlogPost.id.desc())
    return list(db.session.scalars(query.order_by(*order).limit(count)))


def newest_posts(count: int = FEED_LENGTH) -> list[BlogPost]:
    """For the feed."""
    return list(db.session.scalars(_newest().options(joinedload(BlogPost.author)).limit(count)))


def all_addresses() -> list[tuple[str, Any]]:
    """(slug, changed at) of every public article, for the sitemap."""
    rows = db.session.execute(_newest().with_only_columns(BlogPost.slug, BlogPost.updated_at).limit(50_000))
    return [(row.slug, row.updated_at) for row in rows]


def own_page(author: User, number: int) -> Pagination:
    """What `author` has written, the last changed first."""
    query = _live().where(BlogPost.author_id == author.id).order_by(BlogPost.updated_at.desc(), BlogPost.id.desc())
    return db.paginate(query, page=number, per_page=20)


def awaiting_page(number: int) -> Pagination:
    """Articles that somebody has to decide about, those that wait longest first."""
    query = (
        _live()
        .options(joinedload(BlogPost.author))
        .where(IS_AWAITING)
        .order_by(BlogPost.submitted_at.nulls_first(), BlogPost.id)
    )
    return db.paginate(query, page=number, per_page=20)


def get_own_post(id_: int, user: User) -> BlogPost:
    """The user's own article, to work on: 404 for strangers, 403 for those who may look but not touch."""
    post: BlogPost | None = db.session.scalar(_live().where(BlogPost.id == id_, BlogPost.author_id == user.id))
    if post is None:
        is_there = may_see_all(user) and db.session.scalar(_live().where(BlogPost.id == id_, open_to(user)))
        abort(403 if is_there else 404)
    return post


def read_again(post: BlogPost | None) -> BlogPost | None:
    """The row as it is now, so that saving again means having seen it."""
    if post is not None:
        db.session.refresh(post)
    return post


def get_deleted_post(id_: int, user: User) -> BlogPost:
    """The user's own article that was deleted; else 404."""
    query = select(BlogPost).where(BlogPost.id == id_, BlogPost.author_id == user.id, BlogPost.deleted_at.is_not(None))
    post: BlogPost = db.one_or_404(query)
    return post


def get_visible_post(id_: int, user: User) -> BlogPost:
    """An article to look at: one's own, or for those who approve or edit anybody's that was submitted; else 404."""
    query = _live().options(joinedload(BlogPost.author)).where(BlogPost.id == id_, open_to(user))
    post: BlogPost = db.one_or_404(query)
    return post


def may_see_all(user: User) -> bool:
    """Whether what others have submitted is open to this person."""
    return user.can(Permission.APPROVE_POSTS) or user.can(Permission.EDIT_BLOG)


def _live() -> Select[Any]:
    return select(BlogPost).where(BlogPost.deleted_at.is_(None))


def _published() -> Select[Any]:
    return _live().where(BlogPost.status == PostStatus.PUBLISHED, BlogPost.published_at <= utcnow())


def _newest() -> Select[Any]:
    return _published().order_by(BlogPost.published_at.desc(), BlogPost.id.desc())
