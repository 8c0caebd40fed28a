"""The journal, for administrators."""

from __future__ import annotations

from datetime import date

from flask import abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.manager.blueprint import bp
from mailer.manager.journal_queries import JournalFilter, journal_page, names_of
from mailer.manager.journal_words import action_words
from mailer.models.journal_entry import Action
from mailer.searching import searched
from mailer.typed import whole_number


@bp.get("/journal")
@requires(Permission.ADMINISTER)
def journal() -> ResponseReturnValue:
    """Who did what, when and from where."""
    chosen = JournalFilter(
        who=searched(request.args),
        action=_action(request.args.get("action", "")),
        first_day=_day(request.args.get("from", "")),
        last_day=_day(request.args.get("to", "")),
        timezone=current_user.timezone,
    )
    page = journal_page(chosen, request.args.get("page", 1, type=whole_number))
    return render_template(
        "manager/journal.html", page=page, chosen=chosen, names=names_of(page.items), words=action_words()
    )


def _action(text: str) -> Action | None:
    """400 for what is no action."""
    if not text:
        return None
    try:
        return Action(text)
    except ValueError:
        abort(400)


def _day(text: str) -> date | None:
    """400 for what is no day between the years 2000 and 3000."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        abort(400)
    if not 2000 <= day.year < 3000:
        abort(400)
    return day
