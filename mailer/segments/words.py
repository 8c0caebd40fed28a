"""A segment's tree as a sentence of the reader's language: «Город — Казань и Покупка раньше, чем 90 дней назад»."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import format_date, format_decimal, ngettext
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from mailer.http import language_name, zone_label
from mailer.segments.scope import ConditionScope

OUR_LABELS = {
    "email": _l("Email"),
    "first_name": _l("First name"),
    "last_name": _l("Last name"),
    "patronymic": _l("Patronymic"),
    "comment": _l("Comment"),
    "language": _l("Language"),
    "timezone": _l("Time zone"),
    "birth_year": _l("Year of birth"),
    "added": _l("Day added"),
}
REASONS = {
    "unknown_field": _l("This field no longer exists."),
    "unknown_segment": _l("This segment no longer exists."),
    "unknown_mailing": _l("Choose a mailing."),
    "circle": _l("This segment is a part of itself."),
    "too_many": _l("There are too many conditions, or groups too deep in each other."),
    "too_large": _l("There are too many conditions, or groups too deep in each other."),
    "comparison": _l("Choose how to compare."),
    "text": _l("Write what to compare with, up to 500 characters."),
    "list": _l("Choose at least one."),
    "number": _l("Write a number."),
    "days": _l("Write a number of days."),
    "date": _l("Choose a day."),
    "two": _l("Enter both values."),
    "choice": _l("Choose one."),
    "zone": _l("There is no such time zone. Type a large city, a name like Europe/Berlin, or UTC+3."),
}
_KNOWN = {"language": language_name, "timezone": zone_label}  # how the values of fields of ours are called
OTHER_REASON = _l("This condition cannot be used.")


@dataclass(frozen=True)
class Names:
    """What ids in a tree are called."""

    fields: Mapping[int, str] = field(default_factory=dict)
    segments: Mapping[int, str] = field(default_factory=dict)
    mailings: Mapping[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, scope: ConditionScope, mailings: Mapping[int, str]) -> Names:
        """The names of an owner's fields and segments."""
        return cls(
            {id_: one.label for id_, one in scope.fields.items()},
            {id_: one.name for id_, one in scope.segments.items()},
            mailings,
        )


def in_words(tree: Mapping[str, Any], names: Names) -> str:
    """The tree in words, brackets only where *and* meets *or*; what is gone is called so."""
    text = _words({key: value for key, value in tree.items() if key != "v"} or {"all": []}, names, "")
    return text[:1].upper() + text[1:]


def _words(node: Mapping[str, Any], names: Names, within: str) -> str:
    for key, joint in (("all", _(" and ")), ("any", _(" or "))):
        if key in node:
            parts = node[key]
            joined = joint.join(_words(part, names, key if len(parts) > 1 else within) for part in parts)
            is_mixed = within not in ("", key) and len(parts) > 1
            if not parts:
                return str(_("everybody") if key == "all" else _("nobody"))
            return f"({joined})" if is_mixed else joined
    if "not" in node:
        return str(_("not so: %(condition)s", condition=_words(node["not"], names, "not")))
    if "field" in node:
        return _field(node, names)
    return {"tag": _tag, "search": _search, "state": _state, "came": _came, "happened": _happened, "segment": _segment}[
        node["what"]
    ](node, names)


def _field(node: Mapping[str, Any], names: Names) -> str:
    name, op, value = node["field"], node["op"], node.get("value")
    label = str(OUR_LABELS[name]) if name in OUR_LABELS else names.fields.get(name, _("(a deleted field)"))
    if op == "yearly" and isinstance(value, dict):
        return str(_("%(field)s is %(when)s, in any year", field=label, when=_when(value)))
    if op == "between" and isinstance(value, list):
        first, last = (_value(one) for one in value)
        return str(_("%(field)s is from %(first)s to %(last)s", field=label, first=first, last=last))
    if name in _KNOWN:
        return _known(name, op, value, label)
    return str(_template(op) % {"field": label, "value": _value(value)})


def _known(name: str, op: str, value: Any, label: str) -> str:
    if op in ("empty", "filled"):
        return str(_("%(field)s is not known", field=label) if op == "empty" else _("%(field)s is known", field=label))
    values = value if isinstance(value, list) else [value]
    return str(_template(op) % {"field": label, "value": _value([_KNOWN[name](str(one)) for one in values])})


def _template(op: str) -> str:
    """A sentence with holes."""
    templates = {
        "is": _l("%(field)s is %(value)s"),
        "is_not": _l("%(field)s is not %(value)s"),
        "one_of": _l("%(field)s is %(value)s"),
        "none_of": _l("%(field)s is not %(value)s"),
        "contains": _l("%(field)s contains “%(value)s”"),
        "not_contains": _l("%(field)s does not contain “%(value)s”"),
        "starts": _l("%(field)s begins with “%(value)s”"),
        "empty": _l("%(field)s is empty"),
        "filled": _l("%(field)s is filled in"),
        "more": _l("%(field)s is more than %(value)s"),
        "less": _l("%(field)s is less than %(value)s"),
        "at_least": _l("%(field)s is at least %(value)s"),
        "at_most": _l("%(field)s is at most %(value)s"),
        "before": _l("%(field)s is earlier than %(value)s"),
        "after": _l("%(field)s is later than %(value)s"),
        "on": _l("%(field)s is %(value)s"),
        "yes": _l("%(field)s: yes"),
        "no": _l("%(field)s: no"),
        "not_yes": _l("%(field)s: not “yes”"),
        "not_no": _l("%(field)s: not “no”"),
    }
    return str(templates[op])


def _value(value: Any) -> str:
    if isinstance(value, list):
        return str(_(" or ")).join(_value(one) for one in value)
    if isinstance(value, dict):
        return _when(value)
    return _number(value) if isinstance(value, int) else str(value if value is not None else "")


def _number(value: int) -> str:
    return str(value) if 1800 <= value <= 2200 else str(format_decimal(value))


def _when(value: Mapping[str, Any]) -> str:
    if "on" in value:
        return str(format_date(date.fromisoformat(value["on"]), "long"))
    days = value["days"]
    if days == 0:
        return str(_("today"))
    if days < 0:
        return ngettext("%(num)s day ago", "%(num)s days ago", -days)
    return ngettext("in %(num)s day", "in %(num)s days", days)


def _tag(node: Mapping[str, Any], _names: Names) -> str:
    tags = [str(_("“%(name)s”", name=tag)) for tag in node["value"]]
    if node["op"] == "every":
        return str(_("has all of the tags %(tags)s", tags=_(" and ").join(tags)))
    if node["op"] == "none":
        return ngettext(
            "does not have the tag %(tags)s", "has none of the tags %(tags)s", len(tags), tags=", ".join(tags)
        )
    return str(_("has the tag %(tags)s", tags=_(" or ").join(tags)))


def _search(node: Mapping[str, Any], _names: Names) -> str:
    return str(_("the search for “%(words)s” finds them", words=node["value"]))


def _state(node: Mapping[str, Any], _names: Names) -> str:
    return str(_("receives mailings") if node["value"] == "subscribed" else _("is left out of mailings"))


def _came(node: Mapping[str, Any], _names: Names) -> str:
    return str(_("came with an import") if node["value"] == "import" else _("was added by hand"))


def _segment(node: Mapping[str, Any], names: Names) -> str:
    name = names.segments.get(node["value"], _("(a deleted segment)"))
    if node["op"] == "in":
        return str(_("is in the segment “%(name)s”", name=name))
    return str(_("is not in the segment “%(name)s”", name=name))


def _happened(node: Mapping[str, Any], names: Names) -> str:
    if node["op"] == "no" and node["outcome"] == "sent" and not {"mailing", "runs", "days"} & node.keys():
        return str(_("was never written to"))
    templates = {
        ("sent", "yes"): _l("a mailing went to them%(scope)s"),
        ("sent", "no"): _l("no mailing went to them%(scope)s"),
        ("accepted", "yes"): _l("an email was accepted%(scope)s"),
        ("accepted", "no"): _l("no email was accepted%(scope)s"),
        ("refused", "yes"): _l("an email was refused%(scope)s"),
        ("refused", "no"): _l("no email was refused%(scope)s"),
        ("clicked", "yes"): _l("clicked a link%(scope)s"),
        ("clicked", "no"): _l("clicked no link%(scope)s"),
        ("opened", "yes"): _l("opened an email%(scope)s"),
        ("opened", "no"): _l("opened no email%(scope)s"),
    }
    return str(templates[node["outcome"], node["op"]]) % {"scope": _happened_in(node, names)}


def _happened_in(node: Mapping[str, Any], names: Names) -> str:
    if "mailing" in node:
        name = names.mailings.get(node["mailing"], _("(a deleted mailing)"))
        return str(_(" in the mailing “%(name)s”", name=name))
    if "runs" in node:
        return ngettext(" in the last %(num)s run", " in the last %(num)s runs", node["runs"])
    if "days" in node:
        return ngettext(" in the last %(num)s day", " in the last %(num)s days", node["days"])
    return str(_(" at any time"))
