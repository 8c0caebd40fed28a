"""What a list's address asks for, as a tree: the arguments of old, and the filters that were saved of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailer.searching import shortened


def tree_of(criteria: Mapping[str, Any]) -> dict[str, Any]:
    """The tree of some `criteria`: `search`, `tags_any`, `tags_none`, `birth_year_from`, `birth_year_to`,
    `subscription`, all of them optional, as the list's address has them."""
    nodes: list[dict[str, Any]] = []
    if search := shortened(str(criteria.get("search") or "")):
        nodes.append({"what": "search", "value": search})
    for key, op in (("tags_any", "any"), ("tags_none", "none")):
        if tags := criteria.get(key):
            nodes.append({"what": "tag", "op": op, "value": list(tags)})
    for key, op in (("birth_year_from", "at_least"), ("birth_year_to", "at_most")):
        if (year := criteria.get(key)) is not None:
            nodes.append({"field": "birth_year", "op": op, "value": int(year)})
    if criteria.get("subscription"):
        nodes.append({"what": "state", "value": criteria["subscription"]})
    return {"v": 1, "all": nodes}
