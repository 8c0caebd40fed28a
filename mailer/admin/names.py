"""Names in the place of ids: one question for each kind of thing on a page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from flask_babel import format_datetime
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from mailer.models.client import Client, ClientFilter
from mailer.models.client_import import ClientImport
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.series import Series
from mailer.models.user import User
from mailer.readable import readable_address

REFERENCES: dict[str, Any] = {
    **dict.fromkeys(
        ("owner_id", "user_id", "blocked_by_id", "disabled_by_id", "decided_by_id", "author_id", "actor_id"), User
    ),
    "mailing_id": Mailing,
    "run_id": Run,
    "client_id": Client,
    "message_id": Message,
    "import_id": ClientImport,
    "filter_id": ClientFilter,
    "entry_segment_id": ClientFilter,
    "last_run_id": Run,
    "series_id": Series,
}
NAME_OF: dict[Any, Callable[[Any], str]] = {
    User: lambda user: str(user.display_name),
    Mailing: lambda mailing: str(mailing.name),
    Run: lambda run: f"{run.mailing.name}, {format_datetime(run.planned_at, 'd MMM y, HH:mm')}",
    Client: lambda client: readable_address(client.email),
    Message: lambda message: str(message.subject),
    ClientImport: lambda upload: str(upload.file_name),
    ClientFilter: lambda chosen: str(chosen.name),
    Series: lambda series: str(series.name),
}
Names = dict[tuple[Any, int], str]


def names_of(session: Any, rows: Sequence[Any], columns: Iterable[str]) -> Names:
    """What the things are called that `rows` refer to in `columns`, by (model, id); who is gone is missing."""
    wanted: dict[Any, set[int]] = {}
    for column in columns:
        if column in REFERENCES:
            ids = {getattr(row, column) for row in rows} - {None}
            wanted.setdefault(REFERENCES[column], set()).update(ids)
    names: Names = {}
    for model, ids in wanted.items():
        query = select(model).where(model.id.in_(ids))
        if model is Run:
            query = query.options(joinedload(Run.mailing))
        names |= {(model, one.id): NAME_OF[model](one) for one in session.scalars(query)}
    return names
