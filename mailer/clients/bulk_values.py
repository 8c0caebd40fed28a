"""The language or the time zone of many clients set at once by their owner, and what they had before brought back.

What they had need not be kept anywhere: it is one of few values, and each has a moment of its own, some microseconds
after that of the press, which stands in the clients whose it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, func, literal, select, update

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.types import UTCDateTime
from mailer.models.user import User

COLUMNS = {"language": Client.language, "timezone": Client.timezone}
MOST_FORMER = 30  # different values that an undo can name in its address
_APART = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class BulkChange:
    """How many clients were changed, and what `undo_value` knows them by. `former` is empty where they had more
    different values before than an undo can name."""

    count: int
    moment: datetime
    former: Sequence[str]


def set_value(where: list[ColumnElement[bool]], name: str, value: str) -> BulkChange:
    """Give a value of `COLUMNS`, a clean one, to all that `where` chooses and who have another."""
    column, moment = COLUMNS[name], utcnow()
    others = [*where, column != value]
    former = list(db.session.scalars(select(column).where(*others).distinct().order_by(column).limit(MOST_FORMER + 1)))
    if not former:
        return BulkChange(0, moment, [])
    if len(former) > MOST_FORMER:
        count = _change(others, {name: value, "updated_at": moment})
        return BulkChange(count, moment, [])
    moments = {one: literal(at, UTCDateTime) for one, at in zip(former, _moments(moment, len(former)), strict=True)}
    # Whoever got a value of another kind meanwhile is left alone: nobody could bring it back.
    count = _change([*others, column.in_(former)], {name: value, "updated_at": case(moments, value=column)})
    return BulkChange(count, moment, former)


def undo_value(owner: User, name: str, former: Sequence[str], moment: datetime) -> int:
    """Undo `set_value`, save for clients who were changed since; how many were changed back."""
    moments = _moments(moment, len(former))
    untouched = [Client.owner_id == owner.id, Client.updated_at.in_(moments), Client.deleted_at.is_(None)]
    back = {literal(at, UTCDateTime): literal(one) for one, at in zip(former, moments, strict=True)}
    before = case(*((Client.updated_at == at, one) for at, one in back.items()), else_=COLUMNS[name])
    return _change(untouched, {name: before, "updated_at": func.now()})


def _moments(first: datetime, count: int) -> list[datetime]:
    return [first + number * _APART for number in range(count)]


def _change(where: Sequence[ColumnElement[bool]], values: dict[str, object]) -> int:
    changed = update(Client).where(*where).values(version=Client.version + 1, **values)
    done = db.session.execute(changed.execution_options(synchronize_session=False))
    db.session.commit()
    return int(done.rowcount)  # type: ignore[attr-defined]
