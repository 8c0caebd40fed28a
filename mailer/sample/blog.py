"""Articles on writing mailings well, with pictures."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from mailer.blog import images
from mailer.extensions import db
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.sample.pictures import cover

HERE = Path(__file__).parent / "articles"
DAYS_BETWEEN = 5
TAGS = {
    "pismo-kotorogo-zhdut": ["письмо", "тема"],
    "otpiska-eto-horosho": ["отписка", "доверие"],
    "chestnyj-otchet": ["отчёт", "доверие"],
    "kogda-otpravlyat": ["расписание"],
    "spisok-kotoryj-zhivet": ["список", "отписка"],
    "tekst-ili-html": ["письмо", "вёрстка"],
}


def ensure_articles(author_id: int, now: datetime) -> None:
    """Publish those of the folder that are not in the blog yet; no commit."""
    present = set(db.session.scalars(select(BlogPost.slug)))
    for number, path in enumerate(sorted(HERE.glob("*.md"))):
        slug = path.stem.split("-", 1)[1]
        if slug in present:
            continue
        heading, _, content = path.read_text("utf-8").partition("\n")
        published_at = now - timedelta(days=2 + DAYS_BETWEEN * number, hours=3 * number)
        db.session.add(
            BlogPost(
                author_id=author_id,
                title=heading.removeprefix("# "),
                slug=slug,
                content=content.strip(),
                tags=TAGS.get(slug, []),
                image_file=images.store(images.to_webp(cover(number))),
                status=PostStatus.PUBLISHED,
                published_at=published_at,
                created_at=published_at,
                updated_at=published_at,
            )
        )
