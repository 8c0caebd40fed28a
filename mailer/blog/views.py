"""The blog as everyone may read it."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from mailer.blog import feed, images, queries, readership
from mailer.blog.markdown import html_of, opening, reading_minutes
from mailer.blog.storing import BLOG
from mailer.input_limits import page_number
from mailer.models.blog_post import BlogPost
from mailer.public_pages import public_file, public_page
from mailer.searching import searched

bp = Blueprint("blog", __name__)
bp.add_app_template_filter(reading_minutes)
bp.add_app_template_filter(opening)

YEAR_SECONDS = 31_536_000


@bp.get("/blog")
def index() -> ResponseReturnValue:
    """The newest articles, nine a page; those with a tag, those that hold some words."""
    search, tag = searched(request.args), searched(request.args, "tag")
    number = page_number()

    def draw() -> str:
        page = queries.published_page(number, search, tag)
        return render_template("blog/index.html", page=page, q=search, tag=tag, tags=queries.published_tags())

    return public_page(draw, topics=(BLOG,))


@bp.get("/blog/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """One article; reading it is counted. A former address leads to the present one."""
    post = queries.published_post(slug)
    if post is None:
        present = queries.present_slug(slug)
        return redirect(url_for("blog.show", slug=present), 301) if present else abort(404)
    _count(post)

    def draw() -> str:
        return render_template("blog/show.html", post=post, body=html_of(post), more=queries.more_posts(post))

    return public_page(draw, changed_at=post.updated_at)


@bp.get("/blog/feed.xml")
def show_feed() -> ResponseReturnValue:
    """The newest articles for feed readers (RSS 2.0)."""
    posts = queries.newest_posts()
    changed_at = max((post.updated_at for post in posts), default=None)
    return public_file(feed.rss(posts), "application/rss+xml", changed_at)


@bp.get("/sitemap.xml")
def sitemap() -> ResponseReturnValue:
    """The public pages, for search engines."""
    return public_file(feed.sitemap(queries.all_addresses()), "application/xml")


@bp.get("/media/blog/<name>")
def image(name: str) -> ResponseReturnValue:
    """A picture; its name changes with its content, so it may be kept for ever."""
    path = images.find(name)
    if path is None:
        abort(404)
    mimetype = "image/jpeg" if name.endswith(".jpg") else "image/webp"
    response = send_file(path, mimetype=mimetype, max_age=YEAR_SECONDS)
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


def _count(post: BlogPost) -> None:
    agent, purpose = request.user_agent.string, request.headers.get("Sec-Purpose", "")
    is_own = current_user.is_authenticated and (post.author_id == current_user.id or queries.may_see_all(current_user))
    if request.method == "GET" and not is_own and readership.is_person(agent, purpose):
        readership.note(post.id, request.remote_addr or "", agent)
