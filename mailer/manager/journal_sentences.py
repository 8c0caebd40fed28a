"""What an entry of the journal says, in the reader's language: the things by their names, and every detail in words."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import format_datetime, ngettext, pgettext
from flask_babel import gettext as _
from sqlalchemy import select

from mailer.extensions import db
from mailer.manager.journal_labels import page_label
from mailer.manager.labels import permission_labels, role_labels
from mailer.models.blog_post import BlogPost
from mailer.models.client import Client, ClientFilter
from mailer.models.client_field import ClientField
from mailer.models.client_import import ClientImport
from mailer.models.journal_entry import JournalEntry
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.series import Series
from mailer.models.user import User
from mailer.readable import readable_address

_PART = re.compile(r"([a-z_]+) ([0-9]{1,18})")
Things = dict[tuple[Any, int], str]
MODELS: dict[str, tuple[Any, Callable[[Any], str]]] = {
    "user": (User, lambda user: str(user.display_name)),
    "mailing": (Mailing, lambda mailing: str(mailing.name)),
    "run": (Run, lambda run: format_datetime(run.planned_at, "d MMM y, HH:mm")),
    "client": (Client, lambda client: readable_address(client.email)),
    "message": (Message, lambda message: str(message.title)),
    "import": (ClientImport, lambda upload: str(upload.file_name)),
    "filter": (ClientFilter, lambda chosen: str(chosen.name)),
    "field": (ClientField, lambda field: str(field.label)),
    "series": (Series, lambda series: str(series.name)),
    "post": (BlogPost, lambda post: str(post.title)),
}
# Other words for the same things: columns that refer to them, and tables of the panel.
SAME = {
    **dict.fromkeys(("owner", "users", "blocked_by", "disabled_by", "decided_by", "author", "actor"), "user"),
    "mailings": "mailing", "runs": "run", "clients": "client", "messages": "message", "client_imports": "import",
    "client_fields": "field", "client_filters": "filter", "segment": "filter", "posts": "post",
}  # fmt: skip


def sentences_of(entries: Sequence[JournalEntry]) -> dict[int, list[str]]:
    """For each entry, by its id: what it is about, and one phrase for each detail."""
    things = _things_of(entries)
    return {entry.id: [*_subject(entry.subject, things), *_details(entry.details, things)] for entry in entries}


def _things_of(entries: Sequence[JournalEntry]) -> Things:
    """What the things named are called now; what is gone is missing. One question for each kind."""
    wanted: dict[str, set[int]] = {}
    for entry in entries:
        for word, number in _PART.findall(entry.subject):
            wanted.setdefault(SAME.get(word, word), set()).add(int(number))
        if isinstance(run := entry.details.get("run"), int):
            wanted.setdefault("run", set()).add(run)
    things: Things = {}
    for kind in wanted.keys() & MODELS.keys():
        model, name = MODELS[kind]
        ids = [number for number in wanted[kind] if number < 2**63]
        found = db.session.scalars(select(model).where(model.id.in_(ids)))
        things |= {(kind, one.id): name(one) for one in found}
    return things


def _subject(subject: str, things: Things) -> list[str]:
    if subject == "invitation":
        return [pgettext("journal", "an invitation")]
    parts = [_thing(match[1], int(match[2]), things) for match in _PART.finditer(subject)]
    return [", ".join(parts)] if parts else ([subject] if subject else [])


def _thing(word: str, number: int, things: Things) -> str:
    kind = SAME.get(word, word)
    label = kind_labels().get(kind) or page_label(f"all_{word}")
    if kind == "position":
        return f"{label} {number}"
    name = things.get((kind, number))
    if name:
        return _("%(kind)s “%(name)s”", kind=label, name=name)
    return _("%(kind)s No. %(id)s", kind=label, id=number)


def kind_labels() -> dict[str, str]:
    """What the things are called that an entry can be about."""
    return {
        "user": pgettext("journal", "user"), "mailing": pgettext("journal", "mailing"),
        "run": pgettext("journal", "run"), "client": pgettext("journal", "client"),
        "message": pgettext("journal", "message"), "import": pgettext("journal", "import"),
        "field": pgettext("journal", "field"), "filter": pgettext("journal", "segment"),
        "post": pgettext("journal", "article"),
        "position": pgettext("journal", "recipient No."), "approval": pgettext("journal", "approval request"),
        "draft": pgettext("journal", "draft"), "address": pgettext("journal", "address for replies"),
        "session": pgettext("journal", "device"), "series": pgettext("journal", "series"),
        "enrolment": pgettext("journal", "person in a series"),
    }  # fmt: skip


def detail_labels() -> dict[str, str]:
    """What each detail is called."""
    return {
        "where": pgettext("journal", "page"), "search": pgettext("journal", "searched for"),
        "reason": pgettext("journal", "reason"), "by": pgettext("journal", "by"),
        "role": pgettext("journal", "role"), "count": pgettext("journal", "devices"),
        "renewed": pgettext("journal", "made anew"), "what": pgettext("journal", "what"),
        "daily_limit": pgettext("journal", "emails in 24 hours"),
        "needs_approval": pgettext("journal", "every mailing needs approval"),
        "fingerprint": pgettext("journal", "fingerprint of what was viewed"), "run": pgettext("journal", "run"),
        "before": pgettext("journal", "before"), "after": pgettext("journal", "after"),
        "recipient_count": pgettext("journal", "recipients"),
        "address": pgettext("journal", "digest of the address typed"),
        "merged": pgettext("journal", "numbers of the clients merged into it"),
    }  # fmt: skip


def value_labels() -> dict[str, str]:
    """Values that the service itself writes."""
    words = {
        "invitation": pgettext("journal", "invitation"), "command line": pgettext("journal", "command line"),
        "mailed link": pgettext("journal", "link from an email"),
        "recovery codes": pgettext("journal", "recovery codes"), "own data": pgettext("journal", "own data"),
        "never confirmed": pgettext("journal", "the address was never confirmed"),
        "wrong code": pgettext("journal", "wrong code"), "wrong password": pgettext("journal", "wrong password"),
        "blocked": pgettext("journal", "the account is blocked"),
        "unconfirmed": pgettext("journal", "the address is not confirmed"),
        "the person": pgettext("journal", "the person"),
        "run left out": pgettext("journal", "one run left out"), "run moved": pgettext("journal", "one run moved"),
    }  # fmt: skip
    roles = {role.value: said for role, said in role_labels().items()}
    return words | roles | {permission.value: said for permission, said in permission_labels().items()}


def _details(details: dict[str, Any], things: Things) -> list[str]:
    names = detail_labels()
    return [_detail(name, names.get(name, name), value, things) for name, value in details.items() if value != ""]


def _detail(name: str, label: str, value: Any, things: Things) -> str:
    if name == "where":
        return f"{label}: {page_label(str(value))}"
    if name == "run" and isinstance(value, int):
        return _thing("run", value, things)
    if name == "count" and isinstance(value, int):
        return ngettext("%(num)s device", "%(num)s devices", value)
    return f"{label}: {_value(value)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if value is None:
        return _("none")
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or _("none")
    return value_labels().get(str(value), str(value))
