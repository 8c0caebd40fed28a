"""What nobody will ask for again."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select

from mailer.blog import images
from mailer.extensions import db
from mailer.models.blog_post import BlogPost

KEPT_FOR = timedelta(days=30)
UNUSED_FOR = timedelta(days=2)  # a picture uploaded into a text that is not saved yet


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
