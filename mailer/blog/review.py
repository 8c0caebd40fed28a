"""Somebody approves or rejects what a user has written; the author is told by mail."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.account_mail import outbox
from mailer.blog import images
from mailer.blog.author_mail import tell_approved, tell_rejected
from mailer.blog.storing import BLOG, lock, take_change
from mailer.caching import changed
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.user import User


class NotAwaiting(Refusal):
    """The article is not waiting for a decision (any more)."""


def approve(post: BlogPost, by: User, version: int) -> None:
    """Let everyone read exactly the version that was looked at. Raises Conflict and NotAwaiting."""
    _begin(post, version)
    former = take_change(post)
    release(post, by)
    notices = tell_approved(post)
    db.session.commit()
    images.discard(former)
    changed(BLOG)
    outbox.wake(*notices)


def reject(post: BlogPost, by: User, version: int, reason: str) -> None:
    """Give it back to the author with a reason, which must not be empty. Raises Conflict and NotAwaiting."""
    _begin(post, version)
    if post.change is not None:
        post.change_status = PostStatus.REJECTED
    else:
        post.status = PostStatus.REJECTED
    post.rejection_reason = reason
    sign(post, by)
    notices = tell_rejected(post)
    db.session.commit()
    outbox.wake(*notices)


def release(post: BlogPost, by: User) -> None:
    """Published from now on, or from the moment it has; no commit."""
    post.status, post.rejection_reason = PostStatus.PUBLISHED, ""
    post.published_at = post.published_at or utcnow()
    sign(post, by)


def _begin(post: BlogPost, version: int) -> None:
    lock(post, version)
    if not post.is_awaiting or post.deleted_at is not None:
        db.session.rollback()
        raise NotAwaiting(_("This article is no longer waiting for approval."))


def sign(post: BlogPost, by: User) -> None:
    """Note who decided, and that nothing waits any more; no commit."""
    post.decided_by_id, post.decided_at, post.submitted_at = by.id, utcnow(), None
