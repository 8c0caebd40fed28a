"""Tags in the conditions that blocks of letters have of their own: in what is sent, on the desk, and kept for later."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.letter import LetterVersion, OwnBlocks, OwnTemplate
from mailer.models.message import Message
from mailer.segments.leaves import with_tags


def names_tag(column: Any, tag: str) -> ColumnElement[bool]:
    """Whether a tree somewhere in that JSON names the tag."""
    path = '$.** ? (@.what == "tag").value[*] ? (@ == $tag)'
    return func.jsonb_path_exists(column, cast(path, JSONPATH), cast({"tag": tag}, JSONB))


def letters_with(owner_id: int, tag: str) -> list[Message]:
    """The messages, deleted ones too, that have blocks for people by this tag; locked until the commit."""
    query = select(Message).where(Message.owner_id == owner_id, names_tag(Message.conditions, tag))
    return list(db.session.scalars(query.order_by(Message.id).with_for_update(**FOR_CHANGE)))


def change_letters(letters: list[Message], owner_id: int, tag: str, change: Callable[[list[str]], list[str]]) -> None:
    """Put what `change` makes of lists of tags in place of them, in these and wherever a block is kept. No commit."""
    for letter in letters:
        letter.conditions, letter.document = with_tags(letter.conditions, change), with_tags(letter.document, change)
    kept: Any
    for kind, name in ((LetterVersion, "document"), (OwnTemplate, "document"), (OwnBlocks, "blocks")):
        column = getattr(kind, name)
        query = select(kind).where(kind.owner_id == owner_id, names_tag(column, tag))
        for kept in db.session.scalars(query.with_for_update(**FOR_CHANGE)):
            setattr(kept, name, with_tags(getattr(kept, name), change))
