"""Mails to the author of an article, in the author's language."""

from __future__ import annotations

from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.blog_post import BlogPost
from mailer.queue import SEND_ACCOUNT_EMAIL, enqueue
from mailer.web import absolute_url


def tell_author(post: BlogPost, template: str, link: str) -> AccountEmail | None:
    """Write a mail about a decision into the caller's transaction; `wake` it after the commit. Nobody is told whose
    account is gone or blocked."""
    author = post.author
    if author is None or not author.is_active:
        return None
    context = {"title": post.title, "reason": post.rejection_reason, "link": link}
    row = AccountEmail(
        template=template, to_email=author.email, language=author.language, context=context, user_id=author.id
    )
    db.session.add(row)
    db.session.flush()
    return row


def tell_approved(post: BlogPost) -> AccountEmail | None:
    """Everyone may read the article now, or will."""
    return tell_author(post, "article-approved", absolute_url("blog.show", slug=post.slug))


def tell_rejected(post: BlogPost) -> AccountEmail | None:
    """The article is not published; the reason stands in the mail."""
    return tell_author(post, "article-rejected", absolute_url("articles.show", post_id=post.id))


def wake(letter: AccountEmail | None) -> None:
    """After the commit: let a worker send it now. A lost wake-up costs seconds."""
    if letter is not None:
        enqueue(SEND_ACCOUNT_EMAIL, letter.id)
