"""A segment's tree as a condition of SQL. The tree is data; every value is bound, every name is one of a list.

{"v": 1, "all": [node, …]}
node: {"all" | "any": [node, …]} | {"not": node} | {"field": id or name, "op": …, "value": …}
    | {"what": "tag", "op": "any" | "every" | "none", "value": [tag, …]} | {"what": "search", "value": words}
    | {"what": "state", "value": "subscribed" | "unsubscribed"} | {"what": "came", "value": "import" | "hand"}
    | {"what": "happened", "op": "yes" | "no", "outcome": "sent" | "accepted" | "refused" | "clicked" | "opened",
       one of or none: "mailing": id, "runs": how many, "days": how many}
    | {"what": "segment", "op": "in" | "not_in", "value": id}
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, not_, or_, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from mailer.models.client import Client
from mailer.models.client_criteria import SUBSCRIBED, UNSUBSCRIBED, client_mentions, is_suppressed
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.reaction import OPEN, Asker, Reaction
from mailer.models.run import Run
from mailer.segments.comparisons import compare, whole
from mailer.segments.scope import (
    MAX_BYTES,
    MAX_DAYS,
    MAX_DEPTH,
    MAX_NODES,
    ConditionScope,
    require,
    text_of,
    texts_of,
    whole_number,
)

Condition = ColumnElement[bool]
Node = dict[str, Any]
VERSION = 1
MOST_RUNS = 50
OUTCOMES: Mapping[str, DeliveryState | None] = {
    "sent": None,  # on the list of a run, whatever came of it
    "accepted": DeliveryState.ACCEPTED,
    "refused": DeliveryState.REFUSED,
    "clicked": None,  # by people, and only where a mailing counts them
    "opened": None,
}


@dataclass(frozen=True)
class _Place:
    """Where in the tree one is: how deep, behind a "not", inside which segments, and how many nodes may come yet."""

    path: str = ""
    depth: int = 0
    is_negated: bool = False
    inside: tuple[int, ...] = ()
    left: list[int] = field(default_factory=lambda: [MAX_NODES])

    def at(self, step: str, *, is_negated: bool = False) -> _Place:
        return replace(self, path=f"{self.path}/{step}", depth=self.depth + 1, is_negated=self.is_negated or is_negated)


def condition_of(
    tree: Any, scope: ConditionScope, segment_id: int | None = None, *, is_negated: bool = False
) -> Condition:
    """A condition over `Client`; raises `ConditionRefused`. The owner and `deleted_at` are the caller's.

    `segment_id` is that of the segment whose tree it is: one that leads back to it is refused. `is_negated`: the
    caller puts a "not" around it, so that "unknown" has to be "no".
    """
    inside = () if segment_id is None else (segment_id,)
    return _tree(tree, scope, _Place(inside=inside, is_negated=is_negated))


def _tree(tree: Any, scope: ConditionScope, place: _Place) -> Condition:
    require(isinstance(tree, dict) and tree.get("v") == VERSION and type(tree["v"]) is int, place.path, "version")
    require(_is_shallow(tree) and len(repr(tree)) <= MAX_BYTES, place.path, "too_large")
    return _node({key: value for key, value in tree.items() if key != "v"} or {"all": []}, scope, place)


def _is_shallow(tree: Any) -> bool:
    """Whether nothing is nested beyond all measure: asked before anything that calls itself looks at it."""
    level = [tree]
    for _depth in range(2 * MAX_DEPTH + 4):
        inner = [part for part in level if isinstance(part, (dict, list))]
        level = [one for part in inner for one in (part.values() if isinstance(part, dict) else part)]
        if not level or len(level) > MAX_BYTES:
            return len(level) <= MAX_BYTES
    return False


def _node(node: Any, scope: ConditionScope, place: _Place) -> Condition:
    place.left[0] -= 1
    require(isinstance(node, dict), place.path, "condition")
    require(place.left[0] >= 0 and place.depth <= MAX_DEPTH, place.path, "too_many")
    if len(node) == 1 and (key := next(iter(node))) in ("all", "any", "not"):
        if key == "not":
            return not_(_node(node["not"], scope, place.at("not", is_negated=True)))
        return _group(node[key], key, scope, place)
    if "field" in node:
        _only(node, {"field", "op", "value"}, place)
        found = compare(scope.field(node["field"], place.path), node.get("op"), node.get("value"), scope, place.path)
        # Never around an EXISTS: it would keep PostgreSQL from an anti join.
        return whole(found) if place.is_negated else found
    what = node.get("what")
    require(isinstance(what, str) and what in _LEAVES, place.path, "condition")
    return _LEAVES[str(what)](node, scope, place)


def _group(parts: Any, key: str, scope: ConditionScope, place: _Place) -> Condition:
    require(isinstance(parts, list), place.path, "list")
    inner = [_node(part, scope, place.at(f"{key}/{number}")) for number, part in enumerate(parts)]
    return (and_ if key == "all" else or_)(*inner) if inner else true()


def _tag(node: Node, _scope: ConditionScope, place: _Place) -> Condition:
    _only(node, {"what", "op", "value"}, place)
    require(node.get("op") in ("any", "every", "none"), place.path, "comparison")
    tags = cast(texts_of(node.get("value"), place.path), ARRAY(String))
    found = Client.tags.op("@>" if node["op"] == "every" else "&&", is_comparison=True)(tags)
    return not_(found) if node["op"] == "none" else found


def _search(node: Node, _scope: ConditionScope, place: _Place) -> Condition:
    _only(node, {"what", "value"}, place)
    return and_(true(), *client_mentions(text_of(node.get("value"), place.path)))


def _state(node: Node, _scope: ConditionScope, place: _Place) -> Condition:
    _only(node, {"what", "value"}, place)
    require(node.get("value") in (SUBSCRIBED, UNSUBSCRIBED), place.path, "choice")
    return is_suppressed() if node["value"] == UNSUBSCRIBED else ~is_suppressed()


def _came(node: Node, _scope: ConditionScope, place: _Place) -> Condition:
    _only(node, {"what", "value"}, place)
    require(node.get("value") in ("import", "hand"), place.path, "choice")
    return Client.import_id.is_not(None) if node["value"] == "import" else Client.import_id.is_(None)


def _happened(node: Node, scope: ConditionScope, place: _Place) -> Condition:
    """By EXISTS: NOT IN of a million ids does not end. "Ever" needs no look at the runs."""
    _only(node, {"what", "op", "outcome", "mailing", "runs", "days"}, place)
    require(node.get("op") in ("yes", "no") and isinstance(node.get("outcome"), str), place.path, "comparison")
    require(node["outcome"] in OUTCOMES, place.path, "choice")
    is_reaction = node["outcome"] in ("clicked", "opened")
    found = _reacted(node, scope, place) if is_reaction else _listed(node, scope, place)
    happened = exists().where(Delivery.client_id == Client.id, *found).correlate(Client)
    return happened if node["op"] == "yes" else ~happened


def _listed(node: Node, scope: ConditionScope, place: _Place) -> list[Condition]:
    state = OUTCOMES[node["outcome"]]
    found = [] if state is None else [Delivery.state == state]
    if {"mailing", "runs", "days"} & node.keys():
        found.append(Delivery.run_id.in_(_runs(node, scope, place)))
    return found


def _reacted(node: Node, scope: ConditionScope, place: _Place) -> list[Condition]:
    """That a person did it with the mail; "in the last days" is about when they did, not about the run.

    One join, no EXISTS within the EXISTS: PostgreSQL guesses that too few are left of it, and looks for each click of
    a year one by one (docs/performance.md).
    """
    found = [
        Reaction.run_id == Delivery.run_id,
        Reaction.position == Delivery.position,
        Reaction.verdict == Asker.PERSON,
    ]
    if node["outcome"] == "clicked":
        found.append(Reaction.link != OPEN)
    if "days" in node:
        first = scope.today - timedelta(whole_number(node["days"], 0, MAX_DAYS, place.path))
        found.append(Reaction.last_at >= scope.starts(first))
    if {"mailing", "runs"} & node.keys():
        of_runs = {key: value for key, value in node.items() if key != "days"}
        found.append(Reaction.run_id.in_(_runs(of_runs, scope, place)))
    return found


def _runs(node: Node, scope: ConditionScope, place: _Place) -> Select[Any]:
    wanted = select(Run.id).where(Run.owner_id == scope.owner_id)
    if "mailing" in node:
        id_ = whole_number(node["mailing"], 1, 2**62, place.path)
        require(scope.knows_mailing(id_), place.path, "unknown_mailing")  # or "did not open it" would be everybody
        wanted = wanted.where(Run.mailing_id == id_)
    if "days" in node:
        first = scope.today - timedelta(whole_number(node["days"], 0, MAX_DAYS, place.path))
        wanted = wanted.where(Run.planned_at >= scope.starts(first))
    if "runs" in node:
        most = whole_number(node["runs"], 1, MOST_RUNS, place.path)
        wanted = wanted.where(Run.planned_count > 0).order_by(Run.planned_at.desc()).limit(most)
    return wanted


def _segment(node: Node, scope: ConditionScope, place: _Place) -> Condition:
    """Another segment, as it stands now; its nodes and its depth count."""
    _only(node, {"what", "op", "value"}, place)
    require(node.get("op") in ("in", "not_in"), place.path, "comparison")
    id_ = whole_number(node.get("value"), 1, 2**62, place.path)
    require(id_ in scope.segments, place.path, "unknown_segment")
    require(id_ not in place.inside, place.path, "circle")
    is_negated = node["op"] == "not_in"
    inner = replace(place.at("value", is_negated=is_negated), inside=(*place.inside, id_))
    found = _tree(scope.segments[id_].tree, scope, inner)
    return not_(found) if is_negated else found


def _only(node: Node, keys: set[str], place: _Place) -> None:
    require(set(node) <= keys, place.path, "unknown_key")


_LEAVES: Mapping[str, Callable[[Node, ConditionScope, _Place], Condition]] = {
    "tag": _tag, "search": _search, "state": _state, "came": _came, "happened": _happened, "segment": _segment,
}  # fmt: skip
