"""Conditions within trees: those about one thing, and trees with other tags in their place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


def leaves(tree: Any, what: str) -> list[dict[str, Any]]:
    """The conditions of a tree that are about `what`, such as `tag` or `segment`."""
    if isinstance(tree, list):
        return [leaf for part in tree for leaf in leaves(part, what)]
    if not isinstance(tree, dict):
        return []
    if tree.get("what") == what:
        return [tree]
    return [leaf for part in tree.values() for leaf in leaves(part, what)]


def names_field(tree: Any, name: str | int) -> bool:
    """Whether a condition of the tree compares that field: one of ours by name, an own one by its id."""
    if isinstance(tree, list):
        return any(names_field(part, name) for part in tree)
    return isinstance(tree, dict) and (
        tree.get("field") == name or any(names_field(part, name) for part in tree.values())
    )


def with_segments_written_out(tree: Any, segments: Mapping[int, Any]) -> Any:
    """The tree with what `segments` say in place of their ids, so that it stays what it is when they change.

    The tree has been read before: there are no circles, and all the segments are there.
    """
    if isinstance(tree, list):
        return [with_segments_written_out(part, segments) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("what") != "segment":
        return {key: with_segments_written_out(part, segments) for key, part in tree.items()}
    inner = {key: part for key, part in segments[tree["value"]].items() if key != "v"} or {"all": []}
    found = with_segments_written_out(inner, segments)
    return {"not": found} if tree["op"] == "not_in" else found


def with_tags(tree: Any, change: Callable[[list[str]], list[str]]) -> Any:
    """The tree with what `change` makes of each list of tags."""
    if isinstance(tree, list):
        return [with_tags(part, change) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("what") == "tag":
        return tree | {"value": change(tree["value"])}
    return {key: with_tags(part, change) for key, part in tree.items()}
