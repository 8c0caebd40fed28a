"""The blog as everyone may read it."""

from __future__ import annotations

from flask import Blueprint, abort, render_template, request, send_from_directory
from flask.typing import ResponseReturnValue

from mailer.blog import images, queries, readership
from mailer.blog.markdown import opening, reading_minutes, render
from mailer.caching import kept_by_browsers, remembered
from mailer.models.blog_post import BlogPost

bp = Blueprint("blog", __name__)
bp.add_app_template_filter(reading_minutes)
bp.add_app_template_filter(opening)

HTML_KEPT_SECONDS = 3600
YEAR_SECONDS = 31_536_000


@bp.get("/blog")
def index() -> ResponseReturnValue:
    """The newest articles, nine a page."""
    page = queries.published_page(request.args.get("page", 1, type=int))
    return kept_by_browsers(render_template("blog/index.html", page=page))


@bp.get("/blog/<slug>")
def show(slug: str) -> ResponseReturnValue:
    """One article; reading it is counted."""
    post = queries.published_post(slug)
    if request.method == "GET":
        readership.note(post.id, f"{request.remote_addr}|{request.user_agent.string}")
    page = render_template("blog/show.html", post=post, body=_html_of(post))
    return kept_by_browsers(page, changed_at=post.updated_at)


@bp.get("/media/blog/<name>")
def image(name: str) -> ResponseReturnValue:
    """A picture; its name changes with its content, so it may be kept for ever."""
    if not images.NAME.fullmatch(name):
        abort(404)
    response = send_from_directory(images.folder(), name, mimetype="image/webp", max_age=YEAR_SECONDS)
    response.headers["Cache-Control"] = f"public, max-age={YEAR_SECONDS}, immutable"
    return response


def _html_of(post: BlogPost) -> str:
    key = f"blog:html:{post.id}:{post.updated_at.timestamp()}"
    return remembered(key, HTML_KEPT_SECONDS, lambda: str(render(post.content)))
