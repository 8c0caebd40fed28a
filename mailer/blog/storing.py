"""One commit of an article with its picture and its address."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from mailer.blog import images
from mailer.blog.draft import ArticleDraft
from mailer.blog.slugs import free_slug, taken_slugs
from mailer.caching import changed
from mailer.clock import utcnow
from mailer.errors import Conflict, Refusal, refused_by
from mailer.extensions import db
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.blog_post import CHANGEABLE, UNIQUE_SLUG, BlogPost, FormerSlug, PostStatus

BLOG = "blog"  # what remembered pages of the blog hang on


class SlugTaken(Refusal):
    """Another article has, or had, this address."""


def lock(post: BlogPost, version: int | None) -> None:
    """Hold the row until the commit; Conflict unless it is the version that the person saw."""
    lock_row(post, FOR_CHANGE)
    if version is not None and post.version != version:
        db.session.rollback()
        raise Conflict(
            _("This article has changed in the meantime. What you typed is kept below: check it and save again.")
        )


def give_slug(post: BlogPost, wanted: str = "") -> None:
    """The address `wanted`, else the present one, else one made of the title; the former one goes on leading here."""
    if not wanted and post.slug:
        return
    taken = taken_slugs(post.id)
    if wanted in taken:
        raise SlugTaken(_("Another article has this address."))
    former, post.slug = post.slug, wanted or free_slug(post.title, taken)
    if former and former != post.slug and post.published_at is not None:
        row = insert(FormerSlug).values(slug=former, post_id=post.id)
        db.session.execute(row.on_conflict_do_nothing())


def store(post: BlogPost, draft: ArticleDraft) -> BlogPost:
    """Commit the article; its former picture goes after the commit, the new one if there is none."""
    former = post.image_file
    if draft.picture is not None:
        post.image_file = images.store(draft.picture)
    elif draft.drops_picture:
        post.image_file = None
    kept = post.image_file
    db.session.add(post)
    try:  # somebody may take the address between our look and the commit
        with refused_by(UNIQUE_SLUG, SlugTaken(_("Another article has this address."))):
            db.session.commit()
    except (IntegrityError, SlugTaken):
        if kept != former:
            images.discard(kept)
        raise
    if kept != former:
        images.discard(former)
    changed(BLOG)
    return post


def store_change(post: BlogPost, draft: ArticleDraft, status: PostStatus) -> BlogPost:
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
