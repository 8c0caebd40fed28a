"""Whose things a list shows: one's own, everybody's, or one person's; the same question on every list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import abort

from mailer.access import Permission
from mailer.extensions import db
from mailer.input_limits import number_or_none
from mailer.models.user import User

EVERYBODY = "all"


@dataclass(frozen=True, slots=True)
class Whose:
    """What a list shows. Without an `owner` it is everybody's."""

    owner: User | None
    reader: User

    @property
    def is_own(self) -> bool:
        """Whether these are the reader's own."""
        return self.owner is not None and self.owner.id == self.reader.id

    @property
    def owner_id(self) -> int | None:
        """The owner's id; None for everybody's."""
        return None if self.owner is None else self.owner.id

    @property
    def can_be_chosen(self) -> bool:
        """Whether the reader may ask for others', and has a choice: own ones to come back to, or somebody's shown."""
        sees_all = self.reader.can(Permission.OVERSEE)
        return sees_all and (self.reader.can(Permission.SEND) or self.owner is not None)

    @property
    def argument(self) -> str | None:
        """The `owner` of addresses that show the same; None where nothing needs to be said."""
        if self.is_own:
            return None
        if self.owner is None:
            return EVERYBODY if self.reader.can(Permission.SEND) else None
        return str(self.owner.id)

    def where(self, owner_id: Any) -> list[Any]:
        """The condition on a column of owners, in a list."""
        return [] if self.owner is None else [owner_id == self.owner.id]


def whose_asked(args: Mapping[str, str], reader: User) -> Whose:
    """What the address asks for by `owner`: an id or `all`.

    Who has things of their own gets these unless asked otherwise; who only oversees gets everybody's. 404 for others'
    where one may not look, and for an owner that is nobody.
    """
    asked, sees_all = args.get("owner", "").strip(), reader.can(Permission.OVERSEE)
    if not asked:
        return Whose(reader if reader.can(Permission.SEND) or not sees_all else None, reader)
    if asked == EVERYBODY:
        return Whose(None, reader) if sees_all else abort(404)
    owner_id = number_or_none(asked)
    if owner_id == reader.id:
        return Whose(reader, reader)
    return Whose(db.get_or_404(User, owner_id), reader) if sees_all and owner_id is not None else abort(404)
