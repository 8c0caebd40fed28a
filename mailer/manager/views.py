"""For those who oversee: who uses the service, and how much."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from mailer.access import Permission, requires
from mailer.manager import queries

bp = Blueprint("manager", __name__, url_prefix="/manager")


@bp.get("")
@requires(Permission.OVERSEE)
def index() -> ResponseReturnValue:
    """All users with their figures."""
    search = request.args.get("q", "").strip().replace("\0", "")[:200]
    page = queries.users_page(search, request.args.get("page", 1, type=int))
    return render_template("manager/index.html", page=page, work=queries.work_of(page.items), q=search)
