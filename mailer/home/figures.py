"""What the home page tells about the whole service."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, select

from mailer.caching import remembered
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.client import Client
from mailer.models.mailing import Mailing

KEPT_SECONDS = 45
SHOWN_POST_COUNT = 3


def service_figures() -> dict[str, int]:
    """`mailings`, `active_mailings` (neither over nor held by a brake) and `clients`
    (distinct addresses of all owners)."""
    return remembered("home:figures", KEPT_SECONDS, _count_everything)


def _count_everything() -> dict[str, int]:
    live = Mailing.deleted_at.is_(None)
    is_active = [Mailing.completed_at.is_(None), Mailing.paused_at.is_(None), Mailing.disabled_at.is_(None)]
    mailings, active = db.session.execute(
        select(func.count(), func.count().filter(*is_active)).select_from(Mailing).where(live)
    ).one()
    clients = db.session.scalar(select(func.count(Client.email_key.distinct())).where(Client.deleted_at.is_(None)))
    return {"mailings": mailings, "active_mailings": active, "clients": clients or 0}


def random_posts() -> list[dict[str, Any]]:
    """Three published articles picked at random; the same three for a while. `published_at` is aware."""
    posts = remembered("home:posts", KEPT_SECONDS, _pick_posts)
    return [post | {"published_at": datetime.fromtimestamp(post["published_at"], UTC)} for post in posts]


def _pick_posts() -> list[dict[str, Any]]:
    columns = (BlogPost.slug, BlogPost.title, BlogPost.image_file, BlogPost.published_at)
    picked = db.session.execute(
        select(*columns).where(BlogPost.status == PostStatus.PUBLISHED).order_by(func.random()).limit(SHOWN_POST_COUNT)
    )
    return [dict(row) | {"published_at": row["published_at"].timestamp()} for row in picked.mappings()]
