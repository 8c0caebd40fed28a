"""What editors and the tick do to articles."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from redis import RedisError
from sqlalchemy import select, update

from mailer.blog import readership
from mailer.blog.slugs import free_slug
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.queue import connection

log = structlog.get_logger()


def complete(post: BlogPost, author_id: int | None = None) -> None:
    """Fill in what follows from the rest: an address nobody else has, the date of publication; no commit."""
    post.author_id = author_id or post.author_id
    post.slug = post.slug or free_slug(post.title, set(db.session.scalars(select(BlogPost.slug))))
    if post.status is PostStatus.PUBLISHED:
        post.published_at = post.published_at or utcnow()


def publish(posts: Sequence[BlogPost]) -> int:
    """Let everyone read them; the first publication's date stays. How many were not published before."""
    fresh = [post for post in posts if post.status is not PostStatus.PUBLISHED]
    for post in fresh:
        post.status = PostStatus.PUBLISHED
        post.published_at = post.published_at or utcnow()
    db.session.commit()
    return len(fresh)


def withdraw(posts: Sequence[BlogPost]) -> int:
    """Turn them into drafts that only editors see. How many were no drafts before."""
    shown = [post for post in posts if post.status is not PostStatus.DRAFT]
    for post in shown:
        post.status = PostStatus.DRAFT
    db.session.commit()
    return len(shown)


def flush_views() -> int:
    """Write the views counted in Redis; how many. Called by the tick now and then; 0 with Redis away.

    A death between the two systems may count some views twice, never lose them.
    """
    try:
        redis = connection()
        views = readership.take(redis)
        for post_id, count in sorted(views.items()):
            db.session.execute(
                update(BlogPost)
                .where(BlogPost.id == post_id)
                .values(view_count=BlogPost.view_count + count, updated_at=BlogPost.updated_at)
            )
        db.session.commit()
        readership.forget(redis)
    except (RedisError, OSError) as error:
        log.warning("views not written", error=str(error))
        return 0
    return sum(views.values())
