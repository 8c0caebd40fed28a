"""For those who oversee: who uses the service, and how much."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mailer.access import Permission, requires
from mailer.manager import journal_views, queries  # noqa: F401 - its routes
from mailer.manager.blueprint import bp

__all__ = ["bp"]


@bp.get("")
@requires(Permission.OVERSEE)
def index() -> ResponseReturnValue:
    """All users with their figures."""
    search = request.args.get("q", "").strip().replace("\0", "")[:200]
    page = queries.users_page(search, request.args.get("page", 1, type=int))
    return render_template("manager/index.html", page=page, work=queries.work_of(page.items), q=search)
