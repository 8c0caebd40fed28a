"""Saved filters: a named choice of clients, evaluated anew whenever it is used."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from mailer.clients.queries import mailings_with
from mailer.errors import Refusal, refused_by
from mailer.extensions import db
from mailer.models.client import UNIQUE_FILTER_NAME, ClientFilter
from mailer.models.user import User


class NameTaken(Refusal):
    """The owner has a filter of that name."""


class FilterInUse(Refusal):
    """A mailing takes its recipients from it."""


def save_filter(owner: User, name: str, criteria: dict[str, Any]) -> ClientFilter:
    """Keep `criteria` under a name; raises `NameTaken`."""
    saved = ClientFilter(owner_id=owner.id, name=name, criteria=criteria)
    db.session.add(saved)
    _commit(name)
    return saved


def rename_filter(saved: ClientFilter, name: str) -> None:
    """Give it another name; raises `NameTaken`."""
    saved.name = name
    _commit(name)


def delete_filter(saved: ClientFilter) -> None:
    """Forget it; raises `FilterInUse`, naming the mailings, while any has it."""
    mailings = mailings_with(saved)
    if mailings:
        raise FilterInUse(
            ngettext(
                "The mailing %(names)s takes its recipients from this filter. Choose others there first.",
                "The mailings %(names)s take their recipients from this filter. Choose others there first.",
                len(mailings),
                names=", ".join(f"“{mailing.name}”" for mailing in mailings[:5]),
            )
        )
    db.session.delete(saved)
    db.session.commit()


def _commit(name: str) -> None:
    taken = NameTaken(_("You already have a filter called “%(name)s”.", name=name))
    with refused_by(UNIQUE_FILTER_NAME, taken):
        db.session.commit()
