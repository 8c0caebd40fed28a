"""What the home page tells about the whole service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from mailer.caching import remembered
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.home.news import MAILINGS
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.client import Client
from mailer.models.mailing import HAS_CALENDAR, Mailing

KEPT_SECONDS = 45
SHOWN_POST_COUNT = 3
BLOG = "blog"
TOPICS = (BLOG, MAILINGS)


def service_figures() -> dict[str, int]:
    """`mailings`, `active_mailings` (neither over nor paused, switched off or blocked) and `clients`
    (distinct addresses of all owners).

    Mailings are counted anew as soon as one comes, goes or changes its state. Addresses, dear to count, only when the
    figure has aged: lists change all the time.
    """
    mailings = remembered("home:mailings", KEPT_SECONDS, _count_mailings, (MAILINGS,))
    return mailings | {"clients": remembered("home:clients", KEPT_SECONDS, _count_addresses)}


def _count_mailings() -> dict[str, int]:
    is_active = [Mailing.completed_at.is_(None), Mailing.paused_at.is_(None), Mailing.disabled_at.is_(None)]
    mailings, active = db.session.execute(
        select(func.count(), func.count().filter(*is_active))
        .select_from(Mailing)
        .where(Mailing.deleted_at.is_(None), HAS_CALENDAR)
    ).one()
    return {"mailings": mailings, "active_mailings": active}


def _count_addresses() -> int:
    return db.session.scalar(select(func.count(Client.email_key.distinct())).where(Client.deleted_at.is_(None))) or 0


def random_posts() -> list[dict[str, Any]]:
    """Three published articles picked at random; the same three for a while. `published_at` is aware."""
    posts = remembered("home:posts", KEPT_SECONDS, _pick_posts, (BLOG,))
    return [post | {"published_at": datetime.fromtimestamp(post["published_at"], UTC)} for post in posts]


def _pick_posts() -> list[dict[str, Any]]:
    columns = (
        BlogPost.slug, BlogPost.title, BlogPost.language, BlogPost.image_file, BlogPost.image_alt,
        BlogPost.published_at,
    )  # fmt: skip
    public = (
        BlogPost.status == PostStatus.PUBLISHED, BlogPost.deleted_at.is_(None), BlogPost.published_at <= utcnow(),
    )  # fmt: skip
    picked = db.session.execute(select(*columns).where(*public).order_by(func.random()).limit(SHOWN_POST_COUNT))
    return [dict(row) | {"published_at": row["published_at"].timestamp()} for row in picked.mappings()]
