"""What somebody typed into the form of an article."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailer.models.blog_post import BlogPost, PostStatus


@dataclass(frozen=True, slots=True)
class ArticleDraft:
    """The article as its author wants it. `picture` is a new one, encoded; None keeps the present one unless
    `drops_picture`."""

    title: str
    content: str
    language: str
    tags: list[str]
    image_alt: str
    picture: bytes | None
    drops_picture: bool

    def pour_into(self, post: BlogPost) -> None:
        """Everything but the picture."""
        post.title, post.content, post.language = self.title, self.content, self.language
        post.tags, post.image_alt = self.tags, self.image_alt


@dataclass(frozen=True, slots=True)
class Release:
    """What only an editor decides: the address (empty: made of the title), the status, when it appears (aware)."""

    slug: str
    status: PostStatus
    published_at: datetime | None
