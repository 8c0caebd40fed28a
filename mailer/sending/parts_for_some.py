"""Parts of a letter that only some of its readers get: who they are, by the conditions of segments.

A run keeps the conditions as they were when it was made. Who meets them is asked once, in the statement that reads the
run's people, and stands beside each delivery: composing asks nobody, and a mail that is sent once more is the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import structlog
from sqlalchemy import ColumnElement, case, func, select

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.message import Message
from mailer.models.user import User
from mailer.segments.conditions import condition_of
from mailer.segments.leaves import leaves, with_segments_written_out
from mailer.segments.scope import ConditionRefused, ConditionScope, scope_of

Conditions = Mapping[str, Any]  # trees, by the name of the value that lets the part through
NOBODY = {"v": 1, "not": {"all": []}}
log = structlog.get_logger()


def written_out(message: Message) -> dict[str, Any]:
    """The conditions of a message for a copy of it: what its segments say now, in place of their names."""
    if not message.conditions:
        return {}
    scope = scope_of(db.session.get_one(User, message.owner_id))
    return {name: _written_out(tree, scope) for name, tree in sorted(message.conditions.items())}


def _written_out(tree: Any, scope: ConditionScope) -> Any:
    """Nobody is met by what cannot be understood: a part for some must not go to all."""
    try:
        condition_of(tree, scope)
        found = with_segments_written_out(tree, {id_: one.tree for id_, one in scope.segments.items()})
        condition_of(found, scope)
    except ConditionRefused:
        return NOBODY
    return found


def can_be_used(owner: User, tree: Any) -> bool:
    """Whether the condition can mean somebody: its segment and fields are there, and it names something."""
    found = _written_out(tree, scope_of(owner))
    return found != NOBODY and not _is_of_nobody({key: value for key, value in found.items() if key != "v"})


def _is_of_nobody(node: Mapping[str, Any]) -> bool:
    """Whether nobody can meet it, since "any of" stands over nothing: older forms could be saved so."""
    if "any" in node:
        return all(_is_of_nobody(each) for each in node["any"])
    return any(_is_of_nobody(each) for each in node.get("all", ()))


def as_object(owner_id: int, conditions: Conditions, today: date | None = None) -> ColumnElement[Any]:
    """For a client in a SELECT, the values that let parts through, as JSON."""
    scope = scope_of(db.session.get_one(User, owner_id), today)
    pairs = [part for name, tree in conditions.items() for part in (name, case((_met(tree, scope), "1"), else_=""))]
    return func.jsonb_build_object(*pairs)


def values_for(client: Client | None, owner_id: int, conditions: Conditions) -> dict[str, str]:
    """The same for one client; somebody of whom nothing is known is in no segment."""
    if client is None:
        return {name: "1" if _leaves_out(tree) else "" for name, tree in conditions.items()}
    if not conditions:
        return {}
    found = db.session.scalar(select(as_object(owner_id, conditions)).where(Client.id == client.id))
    return dict(found or {})


def _leaves_out(tree: Any) -> bool:
    return any(leaf.get("op") == "not_in" for leaf in leaves(tree, "segment"))


def _met(tree: Any, scope: ConditionScope) -> ColumnElement[bool]:
    try:
        return func.coalesce(condition_of(tree, scope), False)
    except ConditionRefused as refused:  # a field has gone since
        log.warning("a part of a letter is shown to nobody", owner=scope.owner_id, reason=refused.code)
        return condition_of(NOBODY, scope)
