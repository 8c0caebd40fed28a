from __future__ import annotations

import pytest

from mailer.blog.slugs import free_slug, slug_of


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Письма, которых ждут", "pisma-kotorykh-zhdut"),
        ("Щётка & ёж: 10 %!", "shchyotka-yozh-10"),
        ("Café au lait", "cafe-au-lait"),
        ("冬", "article"),
        ("а" * 300, "a" * 80),
    ],
)
def test_a_slug_is_made_of_the_title(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_a_slug_taken_is_numbered() -> None:
    assert free_slug("Чай", {"chay", "chay-2"}) == "chay-3"
