"""Writing and publishing articles: by users, for whom somebody approves first, and by editors."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from mailer.account_mail import outbox
from mailer.blog import images, review
from mailer.blog.author_mail import tell_approved
from mailer.blog.draft import ArticleDraft, Release
from mailer.blog.storing import BLOG, give_slug, lay_change_aside, lock, store, store_change, take_change
from mailer.caching import changed
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.user import User


class ChangeWaits(Refusal):
    """The author's change would be lost."""


def write_article(
    author: User, draft: ArticleDraft, post: BlogPost | None = None, version: int | None = None, *, submits: bool
) -> BlogPost:
    """Create an article or change the given one: a draft, or `submits` it for approval.

    Of a published article readers see the approved version until the change is approved. Raises Conflict.
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


def edit_article(
    editor: User, draft: ArticleDraft, release: Release, post: BlogPost | None = None, version: int | None = None
) -> BlogPost:
    """Create or change an article and its release. Raises Conflict, SlugTaken and ChangeWaits.

    A date ahead schedules a published article. An author whose waiting article is published is told.
    """
    if post is None:
        post = BlogPost(author_id=editor.id)
    else:
        lock(post, version or 0)
    if post.change is not None and release.status is not PostStatus.PUBLISHED:
        db.session.rollback()
        raise ChangeWaits(
            _(
                "The author has changed this article since then. Decide about the change first, then "
                "take the article down."
            )
        )
    was_awaiting = post.status is PostStatus.AWAITING
    draft.pour_into(post)
    with db.session.no_autoflush:
        give_slug(post, release.slug)
    notices = _release(post, release, editor, was_awaiting=was_awaiting)
    store(post, draft)
    outbox.wake(*notices)
    return post


def publish(posts: Sequence[BlogPost], editor: User) -> int:
    """Let everyone read them now; the first publication's date stays. How many were not public before."""
    hidden = [post for post in posts if not post.is_public]
    notices: list[AccountEmail] = []
    for post in hidden:
        was_awaiting = post.status is PostStatus.AWAITING
        if post.is_scheduled:
            post.published_at = utcnow()
        review.release(post, editor)
        if was_awaiting and post.author_id != editor.id:
            notices += tell_approved(post)
    db.session.commit()
    changed(BLOG)
    outbox.wake(*notices)
    return len(hidden)


def withdraw(posts: Sequence[BlogPost], editor: User) -> int:
    """Turn them into drafts that only editors and their authors see, with what the authors have changed since. How many
    were no drafts before."""
    shown = [post for post in posts if post.status is not PostStatus.DRAFT]
    pictures = []
    for post in shown:
        pictures.append(take_change(post))
        post.status = PostStatus.DRAFT
        review.sign(post, editor)
    db.session.commit()
    for picture in pictures:
        images.discard(picture)
    changed(BLOG)
    return len(shown)


def _release(post: BlogPost, release: Release, editor: User, *, was_awaiting: bool) -> list[AccountEmail]:
    post.published_at = release.published_at or post.published_at
    if release.status is PostStatus.PUBLISHED:
        review.release(post, editor)
        if was_awaiting and post.author_id != editor.id:
            return tell_approved(post)
        return []
    submitted_at = post.submitted_at
    if release.status is not PostStatus.REJECTED:
        review.sign(post, editor)
    if release.status is PostStatus.AWAITING:
        post.submitted_at = submitted_at or utcnow()
    post.status = release.status
    return []
