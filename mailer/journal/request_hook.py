"""What is journaled by itself: every change, what staff looks at, exports, and whatever was refused.

A service that knows more writes its own entry (`journal.note`) in its transaction; then nothing is added here.
"""

from __future__ import annotations

from datetime import timedelta

import structlog
from flask import Flask, Response, g, request
from flask_login import current_user
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal.entries import add_entry_now
from mailer.models.journal_entry import Action, JournalEntry
from mailer.owner_filter import EVERYBODY
from mailer.searching import searched, shortened

log = structlog.get_logger()

# What the last part of an endpoint says about a request that succeeded.
MEANINGS = {
    "export": Action.EXPORTED, "export_run": Action.EXPORTED, "export_compared": Action.EXPORTED,
    "start": Action.IMPORTED, "delete": Action.DELETED,
    "delete_view": Action.DELETED, "send_now": Action.SENT, "resend_uncertain": Action.SENT,
    "retry_refused": Action.SENT, "stop": Action.STOPPED, "pause": Action.STOPPED, "approve": Action.APPROVED,
    "reject": Action.REJECTED,
}  # fmt: skip
# What is typed in the block editor changes what is sent only when the letter is saved.
CHANGE_NOTHING = {
    "messages.preview", "mailings.preview_audience", "mailings.pick_clients", "home.set_language",
    "clients.segments.preview",
    "messages.letter_part", "messages.letter_add", "messages.letter_block", "messages.letter_step",
    "messages.letter_people_of",
}  # fmt: skip
# Parts of a page that it asks for by itself: whoever has them has looked at the page, at most once in `ONCE_IN`.
PAGE_OF_PART = {
    "mailings.progress": "mailings.show", "mailings.run_progress": "mailings.run", "home.live": "home.dashboard",
    "clients.imports.progress": "clients.imports.show", "messages.examination": "messages.show_check",
}  # fmt: skip
# What staff looks at without an entry: what everybody may read, their own account, how the machines do, empty forms.
PUBLIC_ROOMS = {"home", "auth", "blog", "guide", "unsubscribe", "sign_up", "preferences", "tracking"}
UNWATCHED = {
    "admin.index", "machinery.index_view", "operations.index", "returns.index", "returns.show_probe", "paces.index",
    "service_domain.show", "warm_ups.index", "articles.index",
    "articles.create", "calendar.feed",
    "posts.create_view", "media.show_file",
}  # fmt: skip
REFUSED_ON_THE_PAGE = (409, 422)  # the form is answered with its page, and what stands on it is seen
SEARCHES = ("q", "search", "address")
ONCE_IN = timedelta(minutes=15)  # the same person, the same page: one entry


def init_app(app: Flask) -> None:
    """Look at every answer."""
    app.after_request(_watch)


def _watch(response: Response) -> Response:
    action = None if g.get("is_journaled") else _meaning(response.status_code)
    if action is not None:
        try:
            _write(action)
        except SQLAlchemyError as error:
            log.error("not journaled", action=action.value, endpoint=request.endpoint, error=str(error))
    return response


def _meaning(status: int) -> Action | None:
    endpoint = request.endpoint or ""
    if endpoint in CHANGE_NOTHING or endpoint.endswith("static"):
        return None
    if not (current_user and current_user.is_authenticated):
        return None
    if status in (403, 404):
        return Action.DENIED if status == 403 else Action.NOT_FOUND if request.view_args else None
    if status >= 400:
        return _look(endpoint) if status in REFUSED_ON_THE_PAGE else None
    meaning = MEANINGS.get(endpoint.rpartition(".")[2])
    if request.method not in {"GET", "HEAD"}:
        return meaning or Action.CHANGED
    if meaning is Action.EXPORTED:
        return meaning
    return _look(endpoint)


def _look(endpoint: str) -> Action | None:
    """Staff looks; at their own overview unwatched, at somebody's not."""
    is_unwatched = endpoint in UNWATCHED or endpoint.partition(".")[0] in PUBLIC_ROOMS
    is_watched = not is_unwatched or (endpoint.startswith("home.") and "owner" in request.args)
    return Action.VIEWED if current_user.is_staff and is_watched else None


def _write(action: Action) -> None:
    subject, where = _subject(), PAGE_OF_PART.get(request.endpoint or "", request.endpoint)
    details = {"where": where}
    if action in {Action.VIEWED, Action.EXPORTED} and (search := _search()):
        details["search"] = search
    if action in {Action.VIEWED, Action.DENIED, Action.NOT_FOUND} and _is_known(action, subject, details):
        return
    add_entry_now(action, subject, None, **details)


def _subject() -> str:
    """`mailing 3, run 4`: what the address names, in its path or, as the panel and reports do, behind it."""
    pairs = [(name.removesuffix("_id"), value) for name, value in (request.view_args or {}).items()]
    named = [f"{name} {value}" for name, value in pairs if isinstance(value, int)]
    table = (request.endpoint or "").partition(".")[0].removeprefix("all_")
    for name, value in request.args.items():
        if name == "owner" and value != EVERYBODY:
            named.append(f"user {shortened(value)}")
        elif name in {"id", "user", "mailing"} or name.endswith("_id"):
            what = table if name == "id" else name.removesuffix("_id")
            named.append(f"{what} {shortened(value)}")
    return ", ".join(named)[:64]


def _search() -> str:
    return next((found for name in SEARCHES if (found := searched(request.args, name))), "")[:100]


def _is_known(action: Action, subject: str, details: dict[str, str | None]) -> bool:
    recent = select(JournalEntry.id).where(
        JournalEntry.actor_id == current_user.id,
        JournalEntry.at > utcnow() - ONCE_IN,
        JournalEntry.action == action,
        JournalEntry.details["where"].astext == details["where"],
        JournalEntry.details["search"].astext.is_not_distinct_from(details.get("search")),
    )
    if action is not Action.NOT_FOUND:  # somebody who tries numbers does not fill the journal with them
        recent = recent.where(JournalEntry.subject == subject)
    with db.engine.connect() as connection:
        return connection.scalar(recent.limit(1)) is not None
