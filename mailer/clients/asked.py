"""Which clients a request is about: the choice of the list, and the marked ones among them."""

from __future__ import annotations

from typing import Any

from flask import request
from flask_login import current_user
from sqlalchemy import ColumnElement
from werkzeug.datastructures import MultiDict

from mailer.clients import queries
from mailer.clients.choice import Choice, as_args, parse_choice
from mailer.clients.refused import ChoiceRefused
from mailer.errors import UnknownChoice
from mailer.input_limits import number_or_none
from mailer.models.client import Client


def choice_in(args: MultiDict[str, str]) -> Choice:
    """The choice that an address or a form names; UnknownChoice where there is none such."""
    try:
        return parse_choice(args)
    except ChoiceRefused as refused:
        raise UnknownChoice(refused.name, refused.value) from None


def args_of(choice: Choice) -> dict[str, Any]:
    """The arguments by which the list shows the choice."""
    asked = {"filter": choice.filter_id, "sort": choice.sort, "order": choice.order, "owner": choice.owner}
    return as_args(choice.criteria) | {name: value for name, value in asked.items() if value}


def marked_ids() -> list[int]:
    """The ids of the rows that are marked on a page of the list."""
    ids = request.form.getlist("ids")[: queries.PER_PAGE]
    return [number for id_ in ids if (number := number_or_none(id_)) is not None]


def marked(choice: Choice) -> list[ColumnElement[bool]]:
    """Conditions for one's own clients that are marked, or (`everyone`) for all of the choice."""
    where = [*queries.chosen(choice, current_user), Client.owner_id == current_user.id]
    return where if request.form.get("everyone") else [*where, Client.id.in_(marked_ids())]
