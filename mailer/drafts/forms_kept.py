"""Which forms keep what is typed into them, and how a request finds its draft.

A form that is posted after the session ended, by whatever way, is kept for the person it was made for: each form names
them in a field that we have signed. Nobody else is ever shown it, whoever signs in on that browser next.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import current_app, g, request
from flask_login import current_user
from itsdangerous import BadData, URLSafeTimedSerializer
from markupsafe import Markup
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound
from werkzeug.routing import RequestRedirect

from mailer.http import own_path

AUTHOR_FIELD, KEY_FIELD, KEPT = "form_author", "draft_key", "kept"
AUTHOR_SECONDS = 30 * 24 * 3600  # a form open for longer is lost
LONGEST_LINE = 60  # characters; a longer value is more than a line
_KEY = re.compile(r"[0-9a-f]{32}")
# Forms that are drawn again with what was typed; `drafts` of the first are kept while one types, too.
DRAFTED = {
    "messages": ("messages.create", "messages.edit"),
    "mailings": ("mailings.create", "mailings.edit"),
    "articles": ("articles.create", "articles.edit"),
    "posts": ("posts.create_view", "posts.edit_view"),
}
DRAFTED_ENDPOINTS = frozenset(endpoint for endpoints in DRAFTED.values() for endpoint in endpoints)
REFILLED = DRAFTED_ENDPOINTS | {"clients.new", "clients.edit", "auth.profile"}
NEVER = {"auth.login", "auth.code", "auth.register", "auth.password", "auth.reset", "drafts.autosave"}


@dataclass(frozen=True, slots=True)
class Place:
    """A form of this site: its path with what belongs to it, and the view that draws it."""

    endpoint: str
    path: str

    @property
    def is_of_something_new(self) -> bool:
        """Whether several drafts of it make sense."""
        return self.endpoint.rpartition(".")[2] in {"create", "new", "create_view"}

    def key(self, typed: str | None) -> str:
        """Under what its draft is kept."""
        if not self.is_of_something_new:
            return self.path
        return f"{self.endpoint}:{key_name(typed)}"


def key_name(typed: str | None) -> str:
    """The name of a draft as a form holds it, or a new one."""
    return typed if typed and _KEY.fullmatch(typed) else secrets.token_hex(16)


def place_of(path: str | None) -> Place | None:
    """The form behind a path, if it is one that can be drawn again; without the mark of a draft."""
    own = own_path(path)
    if own is None or len(own) > 250:
        return None
    parts = urlsplit(own)
    try:
        endpoint, _values = current_app.url_map.bind("", url_scheme="http").match(parts.path, "POST")
    except HTTPException:
        return None
    rest = urlencode([pair for pair in parse_qsl(parts.query) if pair[0] in {"id"}])
    return Place(str(endpoint), f"{parts.path}?{rest}" if rest else parts.path)


def page_above(path: str) -> str | None:
    """The nearest page above the address that a form was sent to, or that address itself where it is a page."""
    parts = [part for part in urlsplit(path).path.split("/") if part]
    for length in range(len(parts), 0, -1):
        page = "/" + "/".join(parts[:length])
        with suppress(NotFound, MethodNotAllowed):
            with suppress(RequestRedirect):  # it has a stroke at its end
                current_app.url_map.bind("", url_scheme="http").match(page, "GET")
            return page
    return None


def present_place() -> Place | None:
    """The form that this request is about."""
    return place_of(request.full_path)


def author_field() -> Markup:
    """A hidden field that says for whom the form was made; nothing for visitors."""
    if not current_user.is_authenticated:
        return Markup()
    if "form_author" not in g:
        g.form_author = _serializer().dumps(current_user.id)
    return Markup('<input type="hidden" name="{}" value="{}">').format(AUTHOR_FIELD, g.form_author)


def author_of_form() -> int | None:
    """Whom the posted form was made for; None when it does not say so believably."""
    try:
        found = _serializer().loads(request.form.get(AUTHOR_FIELD, ""), max_age=AUTHOR_SECONDS)
    except BadData:
        return None
    return found if isinstance(found, int) else None


def is_more_than_a_line() -> bool:
    """Whether typing the posted form again would be a loss."""
    return any("\n" in value or len(value) > LONGEST_LINE for name, value in typed_pairs() if name != AUTHOR_FIELD)


def typed_pairs() -> list[tuple[str, str]]:
    """The fields of the posted form, in order."""
    return [(name, str(value)) for name, value in request.form.items(multi=True)]


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="form-author")
