"""The journal, for administrators."""

from __future__ import annotations

from datetime import date

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.errors import UnknownChoice
from mailer.input_limits import page_number
from mailer.manager.blueprint import bp
from mailer.manager.journal_labels import action_labels
from mailer.manager.journal_queries import JournalFilter, journal_page, names_of
from mailer.manager.journal_sentences import sentences_of
from mailer.models.journal_entry import Action
from mailer.searching import searched


@bp.get("/journal")
@requires(Permission.ADMINISTER)
def journal() -> ResponseReturnValue:
    """Who did what, when and from where."""
    chosen = JournalFilter(
        who=searched(request.args),
        action=_action(request.args.get("action", "")),
        first_day=_day("from"),
        last_day=_day("to"),
        timezone=current_user.timezone,
    )
    page = journal_page(chosen, page_number())
    return render_template(
        "manager/journal.html",
        page=page,
        chosen=chosen,
        names=names_of(page.items),
        words=action_labels(),
        sentences=sentences_of(page.items),
    )


def _action(text: str) -> Action | None:
    """UnknownChoice for what is no action."""
    if not text:
        return None
    try:
        return Action(text)
    except ValueError:
        raise UnknownChoice("action", text) from None


def _day(name: str) -> date | None:
    """UnknownChoice for what is no day between the years 2000 and 3000."""
    text = request.args.get(name, "")
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UnknownChoice(name, text) from None
    if not 2000 <= day.year < 3000:
        raise UnknownChoice(name, text)
    return day
