"""What users do with their own articles. Nothing of theirs is published without somebody's approval."""

from __future__ import annotations

from mailer.blog.draft import Draft
from mailer.blog.services.storing import BLOG, give_slug, lock, store
from mailer.caching import changed
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.user import User


def write_article(
    author: User, draft: Draft, post: BlogPost | None = None, version: int | None = None, *, submits: bool
) -> BlogPost:
    """Create an article or change the given one: a draft, or `submits` it for approval.

    A published article leaves the readers' sight until the change is approved. Raises ArticleChanged.
    """
    if post is None:
        post = BlogPost(author_id=author.id)
    else:
        lock(post, version or 0)
    draft.pour_into(post)
    with db.session.no_autoflush:
        give_slug(post)
    post.status = PostStatus.AWAITING if submits else PostStatus.DRAFT
    post.submitted_at = utcnow() if submits else None
    return store(post, draft)


def take_back(post: BlogPost) -> None:
    """Make it a draft again, whether it waits or is published."""
    lock(post, None)
    post.status, post.submitted_at = PostStatus.DRAFT, None
    db.session.commit()
    changed(BLOG)


def delete_article(post: BlogPost) -> None:
    """Hide the article from everyone until `restore_article`."""
    lock(post, None)
    post.deleted_at = utcnow()
    db.session.commit()
    changed(BLOG)


def restore_article(post: BlogPost) -> None:
    """Undo a deletion."""
    post.deleted_at = None
    db.session.commit()
    changed(BLOG)
