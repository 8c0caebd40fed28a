"""What editors do: write, publish, schedule and withdraw, also what others wrote."""

from __future__ import annotations

from collections.abc import Sequence

from mailer.accounts import letters
from mailer.blog.draft import Draft, Release
from mailer.blog.letters import tell_approved
from mailer.blog.services.deciding import release as sign_release
from mailer.blog.services.storing import BLOG, give_slug, lock, store
from mailer.caching import changed
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.user import User


def edit_article(
    editor: User, draft: Draft, release: Release, post: BlogPost | None = None, version: int | None = None
) -> BlogPost:
    """Create or change an article and its release. Raises ArticleChanged and AddressTaken.

    A date ahead schedules a published article. An author whose waiting article is published is told.
    """
    if post is None:
        post = BlogPost(author_id=editor.id)
    else:
        lock(post, version or 0)
    was_awaiting = post.status is PostStatus.AWAITING
    draft.pour_into(post)
    with db.session.no_autoflush:
        give_slug(post, release.slug)
    notices = _release(post, release, editor, was_awaiting=was_awaiting)
    store(post, draft)
    letters.send(*notices)
    return post


def publish(posts: Sequence[BlogPost], editor: User) -> int:
    """Let everyone read them now; the first publication's date stays. How many were not public before."""
    hidden = [post for post in posts if not post.is_public]
    notices: list[AccountEmail] = []
    for post in hidden:
        was_awaiting = post.status is PostStatus.AWAITING
        if post.is_scheduled:
            post.published_at = utcnow()
        sign_release(post, editor)
        if was_awaiting and post.author_id != editor.id:
            notices += tell_approved(post)
    db.session.commit()
    changed(BLOG)
    letters.send(*notices)
    return len(hidden)


def withdraw(posts: Sequence[BlogPost]) -> int:
    """Turn them into drafts that only editors and their authors see. How many were no drafts before."""
    shown = [post for post in posts if post.status is not PostStatus.DRAFT]
    for post in shown:
        post.status, post.submitted_at = PostStatus.DRAFT, None
    db.session.commit()
    changed(BLOG)
    return len(shown)


def _release(post: BlogPost, release: Release, editor: User, *, was_awaiting: bool) -> list[AccountEmail]:
    post.published_at = release.published_at or post.published_at
    if release.status is PostStatus.PUBLISHED:
        sign_release(post, editor)
        if was_awaiting and post.author_id != editor.id:
            return tell_approved(post)
        return []
    if release.status is not post.status:
        post.submitted_at = utcnow() if release.status is PostStatus.AWAITING else None
    post.status = release.status
    return []
