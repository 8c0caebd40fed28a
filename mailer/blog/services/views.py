"""The views counted in Redis go to the database."""

from __future__ import annotations

import structlog
from redis import RedisError
from sqlalchemy import update

from mailer.blog import readership
from mailer.extensions import db
from mailer.models.blog_post import BlogPost
from mailer.queue import connection

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
