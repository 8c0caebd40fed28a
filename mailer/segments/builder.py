"""The builder's form: groups and rows under numbered names, `c.0-what`, `c.1.0-op`, and back to a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from werkzeug.datastructures import MultiDict

from mailer.models.user import User
from mailer.segments.conditions import condition_of
from mailer.segments.naming import mailings_of
from mailer.segments.rows import WHENCE, Row, choices_of, node_of, row_of, shown, subjects
from mailer.segments.scope import MAX_DEPTH, MAX_NODES, MAX_TEXT, ConditionRefused, ConditionScope
from mailer.segments.words import OTHER_REASON, REASONS
from mailer.zones import zone_options

ROOT = "c"
JOINS = ("all", "any", "none")
_MOST_VALUES = 200
_PART = re.compile(rf"{ROOT}(?:\.\d+)+-(?:what|join)", re.ASCII)


@dataclass
class Group:
    """Conditions (rows, and groups within): by `join`, `all` of them must hold, `any`, or `none`."""

    join: str = "all"
    parts: list[Row | Group] = field(default_factory=list)
    path: str = ROOT
    error: str = ""
    is_cut: bool = False  # of the root: more was typed than was read

    @property
    def is_group(self) -> bool:
        """Told from a row."""
        return True

    @property
    def may_nest(self) -> bool:
        """Whether there is room for a group within."""
        return self.path.count(".") < MAX_DEPTH - 2

    def rows(self) -> Iterator[Row]:
        """All rows, in order."""
        for part in self.parts:
            if isinstance(part, Group):
                yield from part.rows()
            else:
                yield part


def read(form: MultiDict[str, str], scope: ConditionScope) -> Group:
    """What is typed, after the button that was pressed (`do`: `add:PATH`, `group:PATH`, `remove:PATH`)."""
    left = [MAX_NODES]
    root = _group(form, ROOT, scope, left)
    typed = {name.rpartition("-")[0] for name in form if _PART.fullmatch(name)}
    root.is_cut = len(typed) > MAX_NODES - left[0]
    action, _colon, path = form.get("do", "").partition(":")
    if action in ("add", "group", "remove"):
        press(root, action, path, scope)
    return numbered(root, ROOT)


def _group(form: MultiDict[str, str], path: str, scope: ConditionScope, left: list[int]) -> Group:
    join = form.get(f"{path}-join", "all")
    group = Group(join if join in JOINS else "all", path=path)
    for number in range(MAX_NODES):
        inner = f"{path}.{number}"
        is_row, is_group = f"{inner}-what" in form, f"{inner}-join" in form
        if not (is_row or is_group) or left[0] <= 0 or inner.count(".") > MAX_DEPTH:
            continue
        left[0] -= 1
        group.parts.append(_group(form, inner, scope, left) if is_group else _row(form, inner, scope))
    return group


def _row(form: MultiDict[str, str], path: str, scope: ConditionScope) -> Row:
    typed = {name: form.get(f"{path}-{name}", "")[: MAX_TEXT * 4] for name in ("what", "op", "value", "second")}
    whence = form.get(f"{path}-whence", "ever")
    values = [value for value in form.getlist(f"{path}-values")[:_MOST_VALUES] if value]
    row = Row(typed["what"], typed["op"], typed["value"], typed["second"], values=values, path=path)
    row.whence = whence if whence in WHENCE else "ever"
    return shown(row, scope)


def press(root: Group, action: str, path: str, scope: ConditionScope) -> None:
    """What a button of the builder does to the group."""
    target = path.rpartition(".")[0] if action == "remove" else path
    group = _find(root, target)
    if group is None:
        return
    if action == "remove":
        group.parts = [part for part in group.parts if part.path != path]
    elif sum(1 for _row_ in root.rows()) < MAX_NODES - 1:
        new = shown(Row(what=_first_subject(scope)), scope)
        group.parts.append(new if action == "add" else Group("any" if group.join == "all" else "all", [new]))


def _find(group: Group, path: str) -> Group | None:
    if group.path == path:
        return group
    inner = (_find(part, path) for part in group.parts if isinstance(part, Group))
    return next((found for found in inner if found is not None), None)


def _first_subject(scope: ConditionScope) -> str:
    own = next((id_ for id_, one in scope.fields.items() if one.archived_at is None), None)
    return f"f{own}" if own is not None else "tag"


def numbered(group: Group, path: str) -> Group:
    """The group with the names of its parts in order."""
    group.path = path
    for number, part in enumerate(group.parts):
        if isinstance(part, Group):
            numbered(part, f"{path}.{number}")
        else:
            part.path = f"{path}.{number}"
    return group


def tree_of(root: Group, scope: ConditionScope, segment_id: int | None = None) -> dict[str, Any] | None:
    """The tree of what is typed; None when something is wrong, and then the row or the group says what."""
    for row in root.rows():
        if row.is_unknown:  # never the first one instead: that would be another segment
            row.error = str(REASONS["comparison"])
            continue
        try:
            condition_of({"v": 1, "all": [node_of(row, scope)]}, scope)
        except ConditionRefused as refused:
            row.error = str(REASONS.get(refused.code, OTHER_REASON))
    if root.is_cut:  # never without the rest: that would be other people
        root.error = str(REASONS["too_many"])
    if root.error or any(row.error for row in root.rows()):
        return None
    tree = {"v": 1, **_node(root, scope)}
    try:
        condition_of(tree, scope, segment_id)
    except ConditionRefused as refused:
        root.error = str(REASONS.get(refused.code, OTHER_REASON))
        return None
    return tree


def _node(group: Group, scope: ConditionScope) -> dict[str, Any]:
    """Groups without anything in them say nothing."""
    parts = [
        _node(part, scope) if isinstance(part, Group) else node_of(part, scope)
        for part in group.parts
        if not isinstance(part, Group) or any(part.rows())
    ]
    return (
        {"not": {"any": parts}} if group.join == "none" and parts else {"any" if group.join == "any" else "all": parts}
    )


def group_of(tree: dict[str, Any], scope: ConditionScope) -> Group:
    """The group whose `tree_of` is this tree."""
    root = _part({key: value for key, value in tree.items() if key != "v"} or {"all": []}, scope)
    return numbered(root if isinstance(root, Group) else Group(parts=[root]), ROOT)


def _part(node: dict[str, Any], scope: ConditionScope) -> Row | Group:
    for join in ("all", "any"):
        if join in node:
            return Group(join, [_part(part, scope) for part in node[join]])
    if "not" in node:
        inner = _part(node["not"], scope)
        if isinstance(inner, Group) and inner.join == "any":
            return Group("none", inner.parts)
        return Group("none", [inner])
    return row_of(node, scope)


def begun(scope: ConditionScope) -> Group:
    """What somebody who has said nothing yet is shown: one condition to fill in."""
    root = Group()
    press(root, "add", root.path, scope)
    return numbered(root, root.path)


def page_values(
    owner: User, root: Group, scope: ConditionScope, tags: Sequence[str], without: int | None = None
) -> dict[str, Any]:
    """What the templates of the builder need. `without`: a segment that is not offered as a part of itself."""

    def options_of(row: Row) -> dict[str, str]:
        known = dict(zip(tags, tags, strict=True)) if row.input == "tags" else choices_of(row.what, scope)
        return known | {value: value for value in row.values if value not in known}

    others = [(str(one.id), one.name) for one in scope.segments.values() if one.id != without]
    return {
        "root": root,
        "subjects": subjects(scope),
        "options_of": options_of,
        "zone_options": zone_options,
        "whence": WHENCE,
        "segments": sorted(others, key=lambda pair: pair[1].casefold()),
        "mailings": [(str(id_), name) for id_, name in mailings_of(owner)],
        "found": None,
    }
