"""Tags within trees: which conditions name them, and trees with other tags in their place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def tag_leaves(tree: Any) -> list[dict[str, Any]]:
    """The conditions of a tree that are about tags."""
    if isinstance(tree, list):
        return [leaf for part in tree for leaf in tag_leaves(part)]
    if not isinstance(tree, dict):
        return []
    if tree.get("what") == "tag":
        return [tree]
    return [leaf for part in tree.values() for leaf in tag_leaves(part)]


def with_tags(tree: Any, change: Callable[[list[str]], list[str]]) -> Any:
    """The tree with what `change` makes of each list of tags."""
    if isinstance(tree, list):
        return [with_tags(part, change) for part in tree]
    if not isinstance(tree, dict):
        return tree
    if tree.get("what") == "tag":
        return tree | {"value": change(tree["value"])}
    return {key: with_tags(part, change) for key, part in tree.items()}
