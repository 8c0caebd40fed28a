"""Users and their figures."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import func, or_, select

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import User

PAGE_LENGTH = 25


@dataclass(frozen=True, slots=True)
class Work:
    """What one user has."""

    client_count: int = 0
    mailing_count: int = 0
    last_run_at: datetime | None = None


def users_page(search: str, number: int) -> Pagination:
    """Users whose name or address holds `search`, the newest first; 404 for a page that does not exist."""
    query = select(User).order_by(User.created_at.desc(), User.id.desc())
    if search:
        query = query.where(
            or_(User.email.icontains(search, autoescape=True), User.name.icontains(search, autoescape=True))
        )
    return db.paginate(query, page=number, per_page=PAGE_LENGTH)


def work_of(users: list[User]) -> dict[int, Work]:
    """The figures of each of `users`, by id: three questions for the whole page."""
    ids = [user.id for user in users]
    clients = _count_by_owner(Client, ids)
    mailings = _count_by_owner(Mailing, ids)
    last_runs = _pairs(
        select(Run.owner_id, func.max(Run.planned_at)).where(Run.owner_id.in_(ids)).group_by(Run.owner_id)
    )
    return {id_: Work(clients.get(id_, 0), mailings.get(id_, 0), last_runs.get(id_)) for id_ in ids}


def _count_by_owner(model: Any, ids: list[int]) -> dict[int, int]:
    query = select(model.owner_id, func.count()).where(model.owner_id.in_(ids), model.deleted_at.is_(None))
    return _pairs(query.group_by(model.owner_id))


def _pairs(query: Any) -> dict[int, Any]:
    return {row[0]: row[1] for row in db.session.execute(query)}
