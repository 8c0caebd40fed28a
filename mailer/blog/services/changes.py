"""A change of a published article: kept beside it, then taken into it or laid aside."""

from __future__ import annotations

from mailer.blog import images
from mailer.blog.draft import Draft
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.blog_post import CHANGEABLE, BlogPost, PostStatus


def store_change(post: BlogPost, draft: Draft, status: PostStatus) -> BlogPost:
    """Keep the change, in place of the one before, and commit; pictures that nobody shows any more go."""
    former = post.change["image_file"] if post.change is not None else post.image_file
    picture = former
    if draft.picture is not None:
        picture = images.store(draft.picture)
    elif draft.drops_picture:
        picture = None
    typed = {name: getattr(draft, name) for name in ("title", "content", "language", "tags", "image_alt")}
    post.change, post.change_status = typed | {"image_file": picture}, status
    post.submitted_at = utcnow() if status is PostStatus.AWAITING else None
    db.session.commit()
    if former not in (picture, post.image_file):
        images.discard(former)
    return post


def take_change(post: BlogPost) -> str | None:
    """Make the change the article; no commit. The picture that is shown no more, to be discarded after it."""
    if post.change is None:
        return None
    former = post.image_file
    for name in CHANGEABLE:
        setattr(post, name, post.change[name])
    post.change = post.change_status = None
    return former if former != post.image_file else None


def lay_change_aside(post: BlogPost) -> str | None:
    """Forget the change; no commit. The picture that only it had, to be discarded after it."""
    if post.change is None:
        return None
    picture = post.change["image_file"]
    post.change = post.change_status = post.submitted_at = None
    post.rejection_reason = ""
    return picture if picture != post.image_file else None
