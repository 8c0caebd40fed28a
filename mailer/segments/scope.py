"""What conditions are read against: one owner, that owner's fields and segments, and today in the owner's zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mailer.clock import today_in
from mailer.composing.languages import UNSUBSCRIBE
from mailer.extensions import db
from mailer.models.client import Client, ClientFilter
from mailer.models.client_field import ClientField, FieldType
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.places import same_zone
from mailer.segments.fields import fields_of, value_column

MAX_DEPTH, MAX_NODES, MAX_BYTES, MAX_TEXT, MAX_LIST, MAX_DAYS = 5, 60, 20_000, 500, 200, 36_600


class ConditionRefused(ValueError):
    """A tree that must not become SQL. `path` names the place, `code` the reason (`mailer.segments.words.REASONS`)."""

    def __init__(self, path: str, code: str) -> None:
        super().__init__(f"{path or '/'}: {code}")
        self.path, self.code = path, code


@dataclass(frozen=True)
class Field:
    """A field to compare: of the owner's own, or one that every client has."""

    type: FieldType
    column: Any  # of `Client`
    label: str = ""
    # Of a field whose values are known: those that mean the same as one of them, none for what is none of them …
    alike: Callable[[str], list[str]] | None = None
    unknown: str = "choice"  # … and the reason for refusing that


def _same_language(code: str) -> list[str]:
    return [code] if code in UNSUBSCRIBE else []


OURS: Mapping[str, Field] = {
    "email": Field(FieldType.TEXT, Client.email),
    "first_name": Field(FieldType.TEXT, Client.first_name),
    "last_name": Field(FieldType.TEXT, Client.last_name),
    "patronymic": Field(FieldType.TEXT, Client.patronymic),
    "comment": Field(FieldType.TEXT, Client.comment),
    "language": Field(FieldType.CHOICE, Client.language, alike=_same_language),
    "timezone": Field(FieldType.CHOICE, Client.timezone, alike=same_zone, unknown="zone"),
    "birth_year": Field(FieldType.NUMBER, Client.birth_year),
    "added": Field(FieldType.DATE, Client.created_at),  # a moment: it is compared as a day in the owner's zone
}


@dataclass(frozen=True)
class ConditionScope:
    """See above. Nothing of another owner is in it, so that no condition finds any."""

    owner_id: int
    zone: ZoneInfo
    today: date
    fields: Mapping[int, ClientField]
    segments: Mapping[int, ClientFilter]

    def field(self, name: Any, path: str) -> Field:
        """The field of a name of ours or of an id; ConditionRefused for any other."""
        if isinstance(name, str) and name in OURS:
            return OURS[name]
        own = self.fields.get(name) if type(name) is int else None
        if own is None:
            refuse(path, "unknown_field")
        return Field(own.type, value_column(own), own.label)

    def knows_mailing(self, id_: int) -> bool:
        """Whether the owner has, or had, this mailing: what a deleted one sent is known still."""
        query = select(Mailing.id).where(Mailing.id == id_, Mailing.owner_id == self.owner_id)
        return db.session.scalar(query) is not None

    def starts(self, day: date) -> datetime:
        """The moment at which a day begins."""
        return datetime.combine(day, time(), self.zone)

    def day(self, value: Any, path: str) -> date:
        """A day as such, `{"on": "2026-05-01"}`, or counted from today, `{"days": -90}`."""
        require(isinstance(value, dict) and len(value) == 1, path, "date")
        if "days" in value:
            return self.today + timedelta(whole_number(value["days"], -MAX_DAYS, MAX_DAYS, path))
        try:
            day = date.fromisoformat(value["on"])
        except (KeyError, TypeError, ValueError):
            refuse(path, "date")
        require(1 < day.year < 9999 and isinstance(value["on"], str), path, "date")
        return day


def scope_of(owner: User, today: date | None = None) -> ConditionScope:
    """What conditions of this owner are read against, now or on another day."""
    segments = db.session.scalars(select(ClientFilter).filter_by(owner_id=owner.id))
    return ConditionScope(
        owner.id,
        ZoneInfo(owner.timezone),
        today or today_in(owner.timezone),
        {field.id: field for field in fields_of(owner.id, with_archived=True)},
        {segment.id: segment for segment in segments},
    )


def require(holds: bool, path: str, code: str) -> None:
    """ConditionRefused unless it holds."""
    if not holds:
        refuse(path, code)


def refuse(path: str, code: str) -> NoReturn:
    """ConditionRefused."""
    raise ConditionRefused(path, code)


def whole_number(value: Any, least: int, most: int, path: str) -> int:
    """A number within these bounds; neither text nor true is one."""
    require(type(value) is int and least <= value <= most, path, "number")
    return int(value)


def text_of(value: Any, path: str) -> str:
    """A text that is not empty and that a column can hold."""
    is_text = isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()
    require(is_text, path, "text")
    return str(value)


def texts_of(value: Any, path: str) -> list[str]:
    """A list of such texts."""
    require(isinstance(value, list) and 0 < len(value) <= MAX_LIST, path, "list")
    return [text_of(one, path) for one in value]
