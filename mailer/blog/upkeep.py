"""What the tick does for the blog: writes the views counted in Redis, and forgets what nobody will ask for again."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from redis import RedisError
from sqlalchemy import delete, select, update

from mailer.blog import images, readership
from mailer.extensions import db
from mailer.models.blog_post import BlogPost
from mailer.queue import connection

KEPT_FOR = timedelta(days=30)
UNUSED_FOR = timedelta(days=2)  # a picture uploaded into a text that is not saved yet

log = structlog.get_logger()


def flush_views() -> int:
    """Write the views counted in Redis; how many. Called by the tick now and then; 0 with Redis away.

    A death between the two systems may count some views twice, never lose them.
    """
    try:
        redis = connection()
        views = readership.take(redis)
        for post_id, count in sorted(views.items()):
            db.session.execute(
                update(BlogPost)
                .where(BlogPost.id == post_id)
                .values(view_count=BlogPost.view_count + count, updated_at=BlogPost.updated_at)
            )
        db.session.commit()
        readership.forget(redis)
    except (RedisError, OSError) as error:
        log.warning("views not written", error=str(error))
        return 0
    return sum(views.values())


def forget_old_articles(now: datetime) -> int:
    """Delete for good what was deleted a month ago, and pictures in no article; how many articles. Commits."""
    statement = delete(BlogPost).where(BlogPost.deleted_at < now - KEPT_FOR).returning(BlogPost.id)
    count = len(db.session.scalars(statement).all())
    used: set[str] = set()
    for image_file, content, change in db.session.execute(
        select(BlogPost.image_file, BlogPost.content, BlogPost.change)
    ):
        changed = change or {"content": "", "image_file": None}
        used.update(images.NAME.findall(content), images.NAME.findall(changed["content"]))
        used.update(name for name in (image_file, changed["image_file"]) if name)
    db.session.commit()
    images.discard_unused(used, now - UNUSED_FOR)
    return count
