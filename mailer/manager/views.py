"""For those who oversee: who uses the service, and how much."""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue

from mailer.access import Permission, requires
from mailer.errors import choice_in
from mailer.manager import approval_views, journal_views, mailing_views, queries, user_views  # noqa: F401 - routes
from mailer.manager.blueprint import bp
from mailer.manager.words import role_words
from mailer.models.user import Role
from mailer.searching import searched
from mailer.typed import whole_number

__all__ = ["bp"]


@bp.get("")
@requires(Permission.OVERSEE)
def index() -> ResponseReturnValue:
    """All users with their figures."""
    search = searched(request.args)
    role, state = choice_in(request.args, "role", set(Role)), choice_in(request.args, "state", queries.STATE_IS)
    page = queries.users_page(search, request.args.get("page", 1, type=whole_number), role, state)
    return render_template(
        "manager/index.html",
        page=page,
        work=queries.work_of(page.items),
        roles=role_words(),
        q=search,
        role=role,
        state=state,
    )
