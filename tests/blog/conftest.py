"""Articles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from mailer.clock import utcnow
from mailer.models.blog_post import BlogPost, PostStatus
from tests.factories import numbers, save


@pytest.fixture
def make_post(app: Flask) -> Callable[..., BlogPost]:
    """A published article."""

    def make(title: str = "An article", status: PostStatus = PostStatus.PUBLISHED, **values: object) -> BlogPost:
        if status is PostStatus.REJECTED:
            values = {"rejection_reason": "Too short."} | values
        values = {"slug": f"article-{next(numbers)}", "content": "Words.", "published_at": utcnow()} | values
        return save(BlogPost(title=title, status=status, **values))

    return make
