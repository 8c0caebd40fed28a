"""Clients as a table that imports again as it was."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import Session

from mailer.clients.choice import Choice
from mailer.clients.labels import FIELDS
from mailer.clients.queries import export_of
from mailer.clients.values import join_tags
from mailer.models.user import User

COLUMNS = ("email", "last_name", "first_name", "patronymic", "birth_year", "comment", "tags")


def table_of(choice: Choice, user: User, session: Session) -> Iterator[list[object]]:
    """The header in the reader's language, then a row for every chosen client, read through `session`."""
    names, rows = export_of(choice, user, session)
    yield [*(str(FIELDS[name]) for name in COLUMNS), *names]
    for row in rows:
        yield [*row[:6], join_tags(row.tags), *(row.attributes.get(name, "") for name in names)]
