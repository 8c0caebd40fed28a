"""What editors do: write, publish, schedule and withdraw, also what others wrote."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from mailer.accounts import letters
from mailer.blog import images
from mailer.blog.draft import Draft, Release
from mailer.blog.letters import tell_approved
from mailer.blog.services.changes import take_change
from mailer.blog.services.deciding import release as sign_release
from mailer.blog.services.deciding import sign
from mailer.blog.services.storing import BLOG, give_slug, lock, store
from mailer.caching import changed
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.user import User


class ChangeWaits(Refusal):
    """The author's change would be lost."""


def edit_article(
    editor: User, draft: Draft, release: Release, post: BlogPost | None = None, version: int | None = None
) -> BlogPost:
    """Create or change an article and its release. Raises ArticleChanged, AddressTaken and ChangeWaits.

    A date ahead schedules a published article. An author whose waiting article is published is told.
    """
    if post is None:
        post = BlogPost(author_id=editor.id)
    else:
        lock(post, version or 0)
    if post.change is not None and release.status is not PostStatus.PUBLISHED:
        db.session.rollback()
        raise ChangeWaits(_("The author has changed this article since. Decide about the change, then take it down."))
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


def withdraw(posts: Sequence[BlogPost], editor: User) -> int:
    """Turn them into drafts that only editors and their authors see, with what the authors have changed since. How many
    were no drafts before."""
    shown = [post for post in posts if post.status is not PostStatus.DRAFT]
    pictures = []
    for post in shown:
        pictures.append(take_change(post))
        post.status = PostStatus.DRAFT
        sign(post, editor)
    db.session.commit()
    for picture in pictures:
        images.discard(picture)
    changed(BLOG)
    return len(shown)


def _release(post: BlogPost, release: Release, editor: User, *, was_awaiting: bool) -> list[AccountEmail]:
    post.published_at = release.published_at or post.published_at
    if release.status is PostStatus.PUBLISHED:
        sign_release(post, editor)
        if was_awaiting and post.author_id != editor.id:
            return tell_approved(post)
        return []
    submitted_at = post.submitted_at
    if release.status is not PostStatus.REJECTED:
        sign(post, editor)
    if release.status is PostStatus.AWAITING:
        post.submitted_at = submitted_at or utcnow()
    post.status = release.status
    return []
