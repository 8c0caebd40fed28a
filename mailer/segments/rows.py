"""One condition as a row of the builder: what is typed into it, and the node of the tree that this is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l

from mailer import places
from mailer.clock import utcnow
from mailer.composing.languages import offered
from mailer.input_limits import number_or_none
from mailer.models.client_field import FieldType
from mailer.segments.scope import OURS, ConditionScope
from mailer.segments.words import OUR_LABELS
from mailer.zones import MAX_LENGTH

OWN = "f"  # before the id of an own field
Node = dict[str, Any]
_TEXT_OPS = {
    "is": _l("is"), "is_not": _l("is not"), "contains": _l("contains"), "not_contains": _l("does not contain"),
    "starts": _l("begins with"),
    "one_of": _l("is one of (separated by semicolons)"), "none_of": _l("is none of (separated by semicolons)"),
    "empty": _l("is empty"), "filled": _l("is filled in"),
}  # fmt: skip
OPS: Mapping[str, Mapping[str, Any]] = {
    "text": _TEXT_OPS,
    "choice": {
        "one_of": _l("is one of"), "none_of": _l("is none of"), "empty": _l("is empty"),
        "filled": _l("is filled in"),
    },
    "language": {
        "one_of": _l("is one of"), "none_of": _l("is none of (including unknown)"), "empty": _l("is not known"),
        "filled": _l("is known"),
    },
    "zone": {
        "is": _l("is"), "is_not": _l("is not"), "one_of": _l("is one of (separated by semicolons)"),
        "none_of": _l("is none of (separated by semicolons)"), "empty": _l("is not known"), "filled": _l("is known"),
    },
    "number": {
        "is": _l("is"), "is_not": _l("is not"), "more": _l("is more than"), "at_least": _l("is at least"),
        "less": _l("is less than"), "at_most": _l("is at most"), "between": _l("is between"), "empty": _l("is empty"),
        "filled": _l("is filled in"),
    },
    "date": {
        "before_days": _l("was more than … days ago"), "after_days": _l("was in the last … days, or is ahead"),
        "days_ago": _l("was exactly … days ago"), "next_days": _l("comes in the next … days"),
        "in_days": _l("comes in exactly … days"), "yearly": _l("recurs in … days, every year"),
        "before": _l("is earlier than the day"), "after": _l("is later than the day"), "on": _l("is the day"),
        "between": _l("is between the days"), "empty": _l("is empty"), "filled": _l("is filled in"),
    },
    "boolean": {
        "yes": _l("is yes"), "no": _l("is no"), "not_yes": _l("is not yes (no, or unknown)"),
        "not_no": _l("is not no (yes, or unknown)"), "empty": _l("is empty"), "filled": _l("is filled in"),
    },
    "tag": {"any": _l("has one of the tags"), "every": _l("has all of the tags"), "none": _l("has none of the tags")},
    "state": {"subscribed": _l("receives mailings"), "unsubscribed": _l("is left out of mailings")},
    "came": {"import": _l("with an import"), "hand": _l("added by hand")},
    "happened": {
        "sent.yes": _l("a mailing went to them"), "sent.no": _l("no mailing went to them"),
        "accepted.yes": _l("an email was accepted"), "accepted.no": _l("no email was accepted"),
        "refused.yes": _l("an email was refused"), "refused.no": _l("no email was refused"),
        "clicked.yes": _l("clicked a link"), "clicked.no": _l("clicked no link"),
        "opened.yes": _l("opened an email"), "opened.no": _l("opened no email"),
    },
    "search": {"search": _l("finds this text")},
    "segment": {"in": _l("are in the segment"), "not_in": _l("are not in the segment")},
}  # fmt: skip
WHENCE = {
    "ever": _l("at any time"), "days": _l("in the last … days"), "runs": _l("in the last … runs"),
    "mailing": _l("in the mailing"),
}  # fmt: skip
SUBJECTS = {
    "tag": _l("Tags"), "state": _l("Subscription"), "happened": _l("What happened"), "came": _l("How they came"),
    "search": _l("Search"), "segment": _l("Another segment"),
}  # fmt: skip
_OF_OURS = {"language": "language", "timezone": "zone"}  # fields of ours with comparisons of their own
_INPUTS = {
    "choice": "choices", "language": "choices", "zone": "zone", "tag": "tags", "happened": "happened",
    "segment": "segments",
}  # fmt: skip
_DAYS = {"before_days", "after_days", "days_ago", "next_days", "in_days", "yearly"}


@dataclass
class Row:
    """What is typed into a row. `values` are the marked ones of a list."""

    what: str = ""
    op: str = ""
    value: str = ""
    second: str = ""
    whence: str = "ever"
    values: Sequence[str] = ()
    error: str = ""
    path: str = ""
    ops: Mapping[str, Any] = field(default_factory=dict)
    input: str = ""  # which inputs it shows
    is_unknown: bool = False  # the comparison that was asked for is none of its subject's

    @property
    def is_group(self) -> bool:
        """Told from a group of rows."""
        return False


def kind_of(what: str, scope: ConditionScope) -> str:
    """The key in `OPS` of a subject's comparisons; empty for a subject that there is not."""
    if what in OURS:
        return _OF_OURS.get(what, OURS[what].type.value)
    if what.startswith(OWN) and (number := number_or_none(what[1:])) is not None:
        own = scope.fields.get(number)
        return own.type.value if own is not None else ""
    return what if what in SUBJECTS else ""


def shown(row: Row, scope: ConditionScope) -> Row:
    """The row with the comparisons of its subject, and the inputs of its comparison."""
    kind = kind_of(row.what, scope)
    row.ops = OPS.get(kind, {})
    if row.op not in row.ops:
        row.is_unknown = bool(row.op)
        row.op = next(iter(row.ops), "")
    row.input = _input_of(kind, row.op)
    return row


def _input_of(kind: str, op: str) -> str:
    if op in ("empty", "filled") or kind in ("boolean", "state", "came", ""):
        return ""
    if kind == "date":
        return "days" if op in _DAYS else "dates" if op == "between" else "date"
    if kind == "number":
        return "numbers" if op == "between" else "number"
    return _INPUTS.get(kind, "text")


def node_of(row: Row, scope: ConditionScope) -> Node:
    """The node that the row says. What is missing or wrong in it, `condition_of` refuses."""
    kind = kind_of(row.what, scope)
    if kind in ("", "search"):
        return {"what": row.what, "value": " ".join(row.value.split())}
    if kind == "tag":
        return {"what": "tag", "op": row.op, "value": list(row.values)}
    if kind in ("state", "came"):
        return {"what": kind, "value": row.op}
    if kind == "segment":
        return {"what": "segment", "op": row.op, "value": _whole(row.value)}
    if kind == "happened":
        outcome, _dot, op = row.op.partition(".")
        scoped = {} if row.whence == "ever" else {row.whence: _whole(row.value)}
        return {"what": "happened", "op": op, "outcome": outcome, **scoped}
    name: Any = int(row.what[1:]) if row.what not in OURS else row.what
    op, value = _comparison(row, kind)
    return {"field": name, "op": op} | ({} if value is None else {"value": value})


def _comparison(row: Row, kind: str) -> tuple[str, Any]:
    if kind == "date":
        return _date_comparison(row)
    if _input_of(kind, row.op) == "":
        return row.op, None
    if kind in ("choice", "language"):
        return row.op, list(row.values)
    if kind == "number":
        return row.op, [row.value, row.second] if row.op == "between" else row.value
    if kind == "zone":
        return row.op, _zones(row.value) if row.op in ("one_of", "none_of") else _zone(row.value.strip())
    if row.op in ("one_of", "none_of"):
        return row.op, _parts(row.value)
    return row.op, row.value.strip()


def _parts(typed: str) -> list[str]:
    return [part.strip() for part in typed.split(";") if part.strip()]


def _zones(typed: str) -> list[str]:
    return [_zone(part) for part in _parts(typed)]


def _zone(typed: str) -> str:
    """Its IANA name, or what was typed, which names none."""
    return places.zone_of(typed[:MAX_LENGTH], str(get_locale()), utcnow()) or typed


def _zone_shown(zone: str) -> str:
    return places.zone_label(zone, str(get_locale()), utcnow())


def _date_comparison(row: Row) -> tuple[str, Any]:
    days = _whole(row.value)
    back = -days if isinstance(days, int) else days
    relative: dict[str, tuple[str, Any]] = {
        "before_days": ("before", {"days": back}),
        "after_days": ("after", {"days": back}),
        "days_ago": ("on", {"days": back}),
        "in_days": ("on", {"days": days}),
        "next_days": ("between", [{"days": 0}, {"days": days}]),
        "yearly": ("yearly", {"days": days}),
    }
    if row.op in relative:
        return relative[row.op]
    if row.op in ("empty", "filled"):
        return row.op, None
    ends = [{"on": row.value}, {"on": row.second}]
    return row.op, ends if row.op == "between" else ends[0]


def row_of(node: Node, scope: ConditionScope) -> Row:
    """The row whose `node_of` is this node."""
    what, value = node.get("what"), node.get("value")
    if what == "happened":
        whence = next((key for key in ("mailing", "runs", "days") if key in node), "ever")
        row = Row("happened", f"{node['outcome']}.{node['op']}", str(node.get(whence, "")), whence=whence)
    elif what is not None:
        op = str(value) if what in ("state", "came") else str(node.get("op", "search"))
        row = Row(what, op, values=value if isinstance(value, list) else ())
        row.value = str(value) if what in ("search", "segment") else ""
    else:
        name = node["field"]
        row = Row(name if isinstance(name, str) else f"{OWN}{name}", node["op"])
        _fill(row, node["op"], value, kind_of(row.what, scope))
    return shown(row, scope)


def _fill(row: Row, op: str, value: Any, kind: str) -> None:
    if kind == "date" and value is not None:
        _fill_date(row, op, value)
    elif kind == "zone" and value is not None:
        row.value = "; ".join(map(_zone_shown, value if isinstance(value, list) else [value]))
    elif isinstance(value, list) and op == "between":
        row.value, row.second = str(value[0]), str(value[1])
    elif isinstance(value, list):
        row.values, row.value = value, "; ".join(value)
    elif kind in ("choice", "language") and op in ("is", "is_not"):
        row.op, row.values = {"is": "one_of", "is_not": "none_of"}[op], [value]
    elif value is not None:
        row.value = str(value)


def _fill_date(row: Row, op: str, value: Any) -> None:
    first = value[0] if isinstance(value, list) else value
    if "days" not in first:
        row.value = first["on"]
        row.second = value[1].get("on", "") if isinstance(value, list) else ""
        return
    days = first["days"] if op != "between" else value[1].get("days", 0)
    row.op = {"before": "before_days", "after": "after_days", "between": "next_days"}.get(op, op)
    if op == "on":
        row.op = "days_ago" if days <= 0 else "in_days"
    row.value = str(-days if row.op in ("before_days", "after_days", "days_ago") else days)


def _whole(typed: str) -> Any:
    """The number typed, or the text itself, which is none."""
    bare = typed.strip()
    number = number_or_none(bare.removeprefix("-"))
    return typed if number is None else -number if bare.startswith("-") else number


def subjects(scope: ConditionScope) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """What a condition can be about, in groups; archived fields too, where they are named."""
    own = [(f"{OWN}{id_}", one.label) for id_, one in scope.fields.items() if one.archived_at is None]
    groups = [(_l("My fields"), own), (_l("Client"), list(OUR_LABELS.items())), (_l("More"), list(SUBJECTS.items()))]
    return [group for group in groups if group[1]]


def choices_of(what: str, scope: ConditionScope) -> dict[str, str]:
    """The choices of the field that a row is about, with what they are called."""
    kind = kind_of(what, scope)
    if kind == "language":
        return dict(offered(str(get_locale())))
    return {choice: choice for choice in scope.fields[int(what[1:])].choices} if kind == FieldType.CHOICE else {}
