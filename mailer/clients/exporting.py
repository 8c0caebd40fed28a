"""Clients as a table that imports again as it was."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from mailer import places
from mailer.clients.choice import Choice
from mailer.clients.labels import FIELDS
from mailer.clients.queries import export_of
from mailer.clients.values import join_tags
from mailer.models.client import SuppressionReason
from mailer.models.user import User

COLUMNS = (
    *("email", "last_name", "first_name", "patronymic", "birth_year", "language", "timezone", "comment"),
    *("tags", "subscribed"),
)


def table_of(choice: Choice, user: User, session: Session) -> Iterator[list[object]]:
    """The header in the reader's language, then a row for every chosen client, read through `session`."""
    names, rows = export_of(choice, user, session)
    yield [*(str(FIELDS[name]) for name in COLUMNS), *names.values()]
    for row in rows:
        zone = places.fixed_offset(row.timezone)
        own = [row.attributes.get(name, "") for name in names]
        yield [*row[:6], zone, row.comment, join_tags(row.tags), _consent(row.reason), *own]


def _consent(reason: SuppressionReason | None) -> str:
    """Words that the import understands, whatever the language."""
    words = {
        None: _("subscribed"),
        SuppressionReason.UNSUBSCRIBED: _("unsubscribed"),
        SuppressionReason.BAD_ADDRESS: _("undeliverable"),
        SuppressionReason.BOUNCED: _("undeliverable"),
        SuppressionReason.COMPLAINED: _("complained of spam"),
        SuppressionReason.MANUAL: _("do not write"),
    }
    return words[reason]
