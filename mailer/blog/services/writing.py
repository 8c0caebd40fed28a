"""What users do with their own articles. Nothing of theirs is published without somebody's approval."""

from __future__ import annotations

from mailer.blog import images
from mailer.blog.draft import Draft
from mailer.blog.services.changes import lay_change_aside, store_change
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

    Of a published article readers see the approved version until the change is approved. Raises ArticleChanged.
    """
    if post is None:
        post = BlogPost(author_id=author.id)
    else:
        lock(post, version or 0)
        if post.status is PostStatus.PUBLISHED:
            return store_change(post, draft, PostStatus.AWAITING if submits else PostStatus.DRAFT)
    draft.pour_into(post)
    with db.session.no_autoflush:
        give_slug(post)
    post.status = PostStatus.AWAITING if submits else PostStatus.DRAFT
    post.submitted_at = utcnow() if submits else None
    return store(post, draft)


def take_back(post: BlogPost) -> None:
    """Make it a draft again that only its author sees, whether it waits or is published; a change alone, if there is
    one that waits."""
    lock(post, None)
    if post.change is not None:
        post.change_status = PostStatus.DRAFT
    else:
        post.status, post.decided_at, post.decided_by_id = PostStatus.DRAFT, None, None
    post.submitted_at = None
    db.session.commit()
    changed(BLOG)


def drop_change(post: BlogPost) -> None:
    """Throw the change of a published article away; the approved version stays."""
    lock(post, None)
    picture = lay_change_aside(post)
    db.session.commit()
    images.discard(picture)


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
