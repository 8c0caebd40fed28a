"""What clients hold, side by side: where they agree, and what is to be picked where they do not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailer.clients.field_labels import shown_value
from mailer.clients.labels import FIELDS
from mailer.clients.values import MAX_COMMENT
from mailer.http import language_name, zone_label
from mailer.models.client import Client
from mailer.models.client_field import ClientField

OURS = ("last_name", "first_name", "patronymic", "birth_year", "language", "timezone", "comment")
OWN = "own-"  # before the key of an own field
IN_WORDS = {"language": language_name, "timezone": zone_label}  # of ours, how values are written
ALL = "all"  # of a comment: one after the other


@dataclass(frozen=True, slots=True)
class ComparedLine:
    """One thing of all the clients. `values` are as they are shown, in the order of the clients."""

    name: str
    label: Any
    values: list[str]
    picked: int | str  # the client's id that gives the value, or `ALL`
    may_be_joined: bool = False

    @property
    def is_asked(self) -> bool:
        """Whether there is anything to pick."""
        return len({value for value in self.values if value}) > 1


@dataclass(frozen=True, slots=True)
class Picks:
    """Whose record stays, and whose value each line takes, by the line's name."""

    kept_id: int
    values: Mapping[str, int | str]


def lines_of(clients: Sequence[Client], fields: Sequence[ClientField], picks: Picks) -> list[ComparedLine]:
    """All that any of them has a value for: our fields, the owner's own, and what has no field."""
    known = {field.key: field for field in fields}
    others = sorted({key for client in clients for key in client.attributes} - known.keys())
    found = [_line(name, FIELDS[name], [_shown(client, name) for client in clients], clients, picks) for name in OURS]
    found += [
        _line(OWN + key, field.label, [shown_value(field, client) for client in clients], clients, picks)
        for key, field in known.items()
    ]
    found += [
        _line(OWN + key, key, [str(client.attributes.get(key, "")) for client in clients], clients, picks)
        for key in others
    ]
    return [line for line in found if any(line.values)]


def joined_comment(clients: Sequence[Client]) -> str:
    """The comments one after the other, each line once."""
    return "\n".join(dict.fromkeys(line for client in clients for line in client.comment.splitlines()))


def _line(name: str, label: Any, values: list[str], clients: Sequence[Client], picks: Picks) -> ComparedLine:
    filled = [client.id for client, value in zip(clients, values, strict=True) if value]
    may_be_joined = name == "comment" and len(filled) > 1 and len(joined_comment(clients)) <= MAX_COMMENT
    picked = picks.values.get(name)
    if picked not in filled and not (picked == ALL and may_be_joined):
        first = picks.kept_id if picks.kept_id in filled else next(iter(filled), picks.kept_id)
        picked = ALL if may_be_joined else first
    return ComparedLine(name, label, values, picked or picks.kept_id, may_be_joined)


def _shown(client: Client, name: str) -> str:
    value = getattr(client, name)
    if name in IN_WORDS:
        return IN_WORDS[name](value)
    return "" if value is None else str(value)
