"""Conditions within trees: those about one thing, and trees with other tags in their place."""

from __future__ import annotations

from collections.abc import Callable
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


def with_tags(tree: Any, change: Callable[[list[str]], list[str]]) -> Any:
    """The tree with what `change` makes of each list of tags."""
    if isinstance(tree, list):
        return [with_tags(part, change) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("what") == "tag":
        return tree | {"value": change(tree["value"])}
    return {key: with_tags(part, change) for key, part in tree.items()}
