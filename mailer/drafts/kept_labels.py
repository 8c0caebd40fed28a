"""What the fields of a kept form are called: as the form calls them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from wtforms import HiddenField
from wtforms.fields.core import UnboundField

from mailer.forms import FlaskForm

_WITHIN = re.compile(r"(?:.*-)?([a-z_]+?)(?:-?\d+)?")  # `items-2-label`: the field of a repeated part


def said_in(endpoint: str, fields: list[list[str]]) -> list[tuple[str, str]]:
    """Label and value of each field that a person filled; what pages tell each other is left out."""
    known = dict(_labels_of(endpoint))
    return [
        (label, value)
        for name, value in fields
        if value.strip() and (label := known.get(name, _of_other_fields(name, value)))
    ]


def _labels_of(endpoint: str) -> Iterator[tuple[str, str]]:
    """Of all forms of the room that the view stands in: the names of their fields and what they are called."""
    view = current_app.view_functions.get(endpoint)
    room = ".".join(view.__module__.split(".")[:2]) if view is not None else ""
    for form in _forms(FlaskForm):
        if form.__module__.startswith(f"{room}.") or form.__module__ == room:
            for name, field in vars(form).items():
                if isinstance(field, UnboundField):
                    yield name, "" if issubclass(field.field_class, HiddenField) else _label(field)


def _forms(above: type[Any]) -> Iterator[type[Any]]:
    for form in above.__subclasses__():
        yield from _forms(form)
        yield form


def _label(field: Any) -> str:
    return str(field.kwargs.get("label") or next(iter(field.args), "") or "")


def _of_other_fields(name: str, value: str) -> str:
    """Fields that stand in a page by themselves, and those of letters; the rest counts where it holds words."""
    found = _WITHIN.fullmatch(name)
    said = {
        "html": _("Text"), "words": _("Plain text"), "text": _("Text"), "subject": _("Subject"), "name": _("Name"),
        "label": _("Words"), "link": _("Link"), "alt": _("Description"), "preheader": _("Preheader"),
        "reason": _("Reason"), "note": _("Note"), "price": _("Price"), "old_price": _("Old price"),
        "author": _("Author"), "comment": _("Comment"), "wording": _("Text"),
    }.get(found[1] if found else "")  # fmt: skip
    return said or (_("Text") if " " in value.strip() else "")
