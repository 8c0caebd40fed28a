"""The last part of an article's address."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from itertools import count

from sqlalchemy import select, union

from mailer.extensions import db
from mailer.models.blog_post import BlogPost, FormerSlug

MAX_LENGTH = 80
_RUSSIAN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюя",
        "a b v g d e yo zh z i y k l m n o p r s t u f kh ts ch sh shch _ y _ e yu ya".split(),  # noqa: SIM905
        strict=True,
    )
)
PATTERN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def slug_of(title: str) -> str:
    """`Письма, которых ждут` → `pisma-kotorykh-zhdut`; `article` when no letter remains."""
    letters = "".join(_RUSSIAN.get(letter, letter) for letter in unicodedata.normalize("NFC", title).lower())
    plain = unicodedata.normalize("NFKD", letters.replace("_", "")).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
    return slug[:MAX_LENGTH].rstrip("-") or "article"


def free_slug(title: str, taken: Container[str]) -> str:
    """The slug of `title`, numbered when it is taken already."""
    slug = slug_of(title)
    return next(one for number in count(1) if (one := slug if number == 1 else f"{slug}-{number}") not in taken)


def taken_slugs(post_id: int | None = None) -> set[str]:
    """Addresses that lead, or once led, to other articles than `post_id`."""
    present = select(BlogPost.slug).where(BlogPost.id.is_distinct_from(post_id))
    former = select(FormerSlug.slug).where(FormerSlug.post_id.is_distinct_from(post_id))
    return set(db.session.scalars(union(present, former)))
