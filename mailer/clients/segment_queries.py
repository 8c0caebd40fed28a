"""What the pages of segments read. Ownership is part of every WHERE."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, cast, func, or_, select, text
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH
from sqlalchemy.exc import OperationalError

from mailer.extensions import db
from mailer.models.client import Client, ClientFilter
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.user import User
from mailer.segments.conditions import condition_of
from mailer.segments.naming import names_of
from mailer.segments.scope import ConditionRefused, ConditionScope, scope_of
from mailer.segments.words import in_words

EXAMPLES = 10
SECONDS, PATIENT_SECONDS = 5, 50  # one count


@dataclass(frozen=True)
class Found:
    """Who meets a condition now. `count` is None where counting took too long."""

    count: int | None
    examples: list[Client]
    words: str
    is_last_try: bool = False


@dataclass(frozen=True)
class ShownSegment:
    """A segment in the list."""

    segment: ClientFilter
    words: str
    is_broken: bool
    count: int | None


def shown_segments(owner: User) -> list[ShownSegment]:
    """The owner's segments by name, in words, with how many each finds now, as far as five seconds go."""
    scope = scope_of(owner)
    names = names_of(owner, scope)
    budget, found = SECONDS * 1000, []
    for segment in sorted(scope.segments.values(), key=lambda one: (one.name.casefold(), one.id)):
        try:
            condition = condition_of(segment.tree, scope, segment.id)
        except ConditionRefused:
            found.append(ShownSegment(segment, in_words(segment.tree or {}, names), True, None))
            continue
        count, budget = count_within(owner.id, condition, budget)
        found.append(ShownSegment(segment, in_words(segment.tree or {}, names), False, count))
    return found


def found_now(owner: User, tree: Mapping[str, Any], scope: ConditionScope, *, patient: bool) -> Found:
    """Ten who meet the tree, the newest first, and how many there are."""
    condition = condition_of(tree, scope)
    query = select(Client).where(*_live(owner.id), condition).order_by(Client.id.desc()).limit(EXAMPLES)
    words = in_words(tree, names_of(owner, scope))
    seconds = PATIENT_SECONDS if patient else SECONDS
    count, _left = count_within(owner.id, condition, seconds * 1000)
    point = db.session.begin_nested()
    try:
        db.session.execute(text("SET LOCAL statement_timeout = '5s'"))
        examples = list(db.session.scalars(query))
    except OperationalError:
        point.rollback()
        examples = []
    return Found(count, examples, words, patient)


def count_within(owner_id: int, condition: ColumnElement[bool], milliseconds: int) -> tuple[int | None, int]:
    """How many live clients of the owner meet the condition, None when that takes longer; and what time is left."""
    if milliseconds <= 100:
        return None, 0
    begun = time.monotonic()
    point = db.session.begin_nested()  # rolled back, it takes the settings along and leaves what is loaded
    try:
        db.session.execute(text(f"SET LOCAL statement_timeout = {int(milliseconds)}"))
        db.session.execute(text("SET LOCAL work_mem = '64MB'"))  # conditions under "or" are hashed subplans
        count = db.session.scalar(select(func.count()).select_from(Client).where(*_live(owner_id), condition))
    except OperationalError:
        point.rollback()
        return None, 0
    point.rollback()
    return count, milliseconds - int((time.monotonic() - begun) * 1000)


def letters_with(segment: ClientFilter) -> list[str]:
    """The messages with parts for the people of the segment, or for all others."""
    return _titles(segment.owner_id, f'$.** ? (@.what == "segment" && @.value == {int(segment.id)})')


def letters_with_field(owner_id: int, field_id: int) -> list[str]:
    """The messages with parts for people by this field."""
    return _titles(owner_id, f"$.** ? (@.field == {int(field_id)})")


def _titles(owner_id: int, path: str) -> list[str]:
    query = select(Message).where(Message.owner_id == owner_id, Message.deleted_at.is_(None))
    query = query.where(Message.conditions.op("@?")(cast(path, JSONPATH))).order_by(Message.id)
    return [message.title for message in db.session.scalars(query.limit(5))]


def _live(owner_id: int) -> tuple[ColumnElement[bool], ...]:
    return Client.owner_id == owner_id, Client.deleted_at.is_(None)


def mailings_with(segment: ClientFilter) -> list[Mailing]:
    """The mailings, deleted ones too, that take people from this segment or leave its people out."""
    named = or_(
        Mailing.filter_id == segment.id,
        Mailing.segment_ids.contains([segment.id]),
        Mailing.left_out_ids.contains([segment.id]),
    )
    query = select(Mailing).where(Mailing.owner_id == segment.owner_id, named).order_by(Mailing.id)
    return list(db.session.scalars(query))


def segments_within(segment: ClientFilter) -> list[ClientFilter]:
    """The other segments of the owner that name this one."""
    return segments_naming(segment.owner_id, "segment", segment.id)


def segments_with_field(owner_id: int, field_id: int) -> list[ClientFilter]:
    """The segments of the owner that compare this field."""
    path = func.jsonb_path_exists(
        ClientFilter.tree, cast("$.** ? (@.field == $id)", JSONPATH), cast({"id": field_id}, JSONB)
    )
    return list(db.session.scalars(select(ClientFilter).where(ClientFilter.owner_id == owner_id, path)))


def segments_naming(owner_id: int, what: str, value: int) -> list[ClientFilter]:
    """The segments with a condition of that kind about that value."""
    path = func.jsonb_path_exists(
        ClientFilter.tree,
        cast("$.** ? (@.what == $what && @.value == $value)", JSONPATH),
        cast({"what": what, "value": value}, JSONB),
    )
    return list(db.session.scalars(select(ClientFilter).where(ClientFilter.owner_id == owner_id, path)))
