"""Mails to the author of an article. An author whose account is deleted or blocked gets none."""

from __future__ import annotations

from mailer.account_mail import outbox
from mailer.http import absolute_url
from mailer.models.account_email import AccountEmail
from mailer.models.blog_post import BlogPost


def tell_approved(post: BlogPost) -> list[AccountEmail]:
    """Everyone may read the article now, or will; `outbox.wake` it after the commit."""
    return _tell_author(post, "article-approved", absolute_url("blog.show", slug=post.slug))


def tell_rejected(post: BlogPost) -> list[AccountEmail]:
    """The article is not published, and why; `outbox.wake` it after the commit."""
    return _tell_author(post, "article-rejected", absolute_url("articles.show", post_id=post.id))


def _tell_author(post: BlogPost, template: str, link: str) -> list[AccountEmail]:
    author = post.author
    if author is None or not author.is_active:
        return []
    return [outbox.add_for(author, template, title=post.title, reason=post.rejection_reason, link=link)]
