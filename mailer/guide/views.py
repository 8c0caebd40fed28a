"""Help: the guide for people who send, open to everyone."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template, send_file
from flask.typing import ResponseReturnValue
from flask_babel import get_locale

from mailer.guide import pages
from mailer.public_pages import public_page

bp = Blueprint("guide", __name__, url_prefix="/help")
DAY_SECONDS = 24 * 3600


@bp.get("")
def index() -> ResponseReturnValue:
    """What can be read here."""
    return public_page(lambda: render_template("guide/index.html", pages=pages.pages(_language())), topics=())


@bp.get("/<name>")
def show(name: str) -> ResponseReturnValue:
    """One page of the guide, in the reader's language."""
    try:
        page = pages.page(_language(), name)
    except KeyError:
        abort(404)
    place = pages.ORDER.index(name)
    after = pages.page(_language(), pages.ORDER[place + 1]) if place + 1 < len(pages.ORDER) else None
    return public_page(
        lambda: render_template("guide/show.html", page=page, pages=pages.pages(_language()), after=after), topics=()
    )


@bp.get(f"/{pages.PICTURES}/<language>/<name>")
def picture(language: str, name: str) -> ResponseReturnValue:
    """A picture of a page."""
    file = pages.picture(language, name) if language in current_app.config["LANGUAGES"] else None
    if file is None:
        abort(404)
    response = send_file(file, mimetype="image/webp")
    response.headers["Cache-Control"] = f"public, max-age={DAY_SECONDS}"
    return response


def _language() -> str:
    return str(get_locale())
