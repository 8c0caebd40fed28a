"""Users and their figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, and_, case, func, select
from sqlalchemy.orm import contains_eager

from mailer.client_counts import counts_of
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.approval import Approval, ApprovalState
from mailer.models.attempt import Attempt
from mailer.models.client import Client
from mailer.models.delivery import Delivery
from mailer.models.mailing import HAS_CALENDAR, Mailing
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.user import Role, User
from mailer.searching import mentions
from mailer.sending.contents import content_of
from mailer.sending.runs import bound_values
from mailer.sending.runs.limits import used_today

PAGE_LENGTH = 25
STATE_IS: dict[str, ColumnElement[bool]] = {
    "active": and_(User.confirmed_at.is_not(None), User.blocked_at.is_(None)),
    "blocked": User.blocked_at.is_not(None),
    "unconfirmed": and_(User.confirmed_at.is_(None), User.blocked_at.is_(None)),
}


@dataclass(frozen=True, slots=True)
class UserActivity:
    """What one user has."""

    client_count: int = 0
    mailing_count: int = 0
    last_run_at: datetime | None = None
    accepted_count: int = 0  # in the last 30 days
    refused_count: int = 0


def blocker_of(person: User) -> User | None:
    """Who blocked the account; None while it is open, or when that account is gone."""
    return db.session.get(User, person.blocked_by_id) if person.blocked_by_id is not None else None


def approval_named(approval_id: int) -> Approval:
    """What an owner asked for; 404 for nothing."""
    return db.get_or_404(Approval, approval_id)


def person_named(user_id: int) -> User:
    """Anybody who has an account; 404 for whoever has had it deleted, too."""
    return db.one_or_404(select(User).where(User.id == user_id, User.erased_at.is_(None)))


def run_of(mailing: Mailing, run_id: int) -> Run:
    """A run of just that mailing; else 404."""
    return db.one_or_404(select(Run).filter_by(id=run_id, mailing_id=mailing.id))


def users_page(search: str, number: int, role: str = "", state: str = "") -> Pagination:
    """Users whose name or address holds `search`, the newest first.

    404 for a page that does not exist.
    """
    query = select(User).where(User.erased_at.is_(None)).order_by(User.created_at.desc(), User.id.desc())
    if search:
        query = query.where(*mentions(search, (User.email, User.name)))
    if role:
        query = query.where(User.role == Role(role))
    if state:
        query = query.where(STATE_IS[state])
    return db.paginate(query, page=number, per_page=PAGE_LENGTH)


@dataclass(frozen=True, slots=True)
class UserFigures:
    """What one user has and sent; the last two of the last 30 days."""

    client_count: int
    message_count: int
    mailing_count: int
    accepted_count: int
    refused_count: int
    used_today: int


def figures_of(user: User) -> UserFigures:
    """The figures of one user's page."""
    now = utcnow()
    accepted, refused = _sent_lately([user.id], now).get(user.id, (0, 0))
    clients, messages, mailings = (
        _count_by_owner(model, [user.id]).get(user.id, 0) for model in (Client, Message, Mailing)
    )
    return UserFigures(clients, messages, mailings, accepted, refused, used_today(user, now))


def mailings_of(user: User) -> Sequence[Mailing]:
    """The ten latest mailings of one user."""
    query = select(Mailing).where(Mailing.owner_id == user.id, Mailing.deleted_at.is_(None), HAS_CALENDAR)
    return db.session.scalars(query.order_by(Mailing.created_at.desc()).limit(10)).all()


def approvals_page(number: int) -> Pagination:
    """Questions about live mailings with owners: those that wait, the longest first, then the latest decided."""
    waits = Approval.state == ApprovalState.ASKED
    query = (
        select(Approval)
        .join(Approval.mailing)
        .join(Mailing.owner)
        .options(contains_eager(Approval.mailing).contains_eager(Mailing.owner))
        .where(Mailing.deleted_at.is_(None))
        .order_by(waits.desc(), case((waits, Approval.asked_at)), Approval.decided_at.desc(), Approval.id)
    )
    return db.paginate(query, page=number, per_page=PAGE_LENGTH)


def work_of(users: list[User]) -> dict[int, UserActivity]:
    """The figures of each of `users`, by id: four questions for the whole page."""
    ids = [user.id for user in users]
    clients = _count_by_owner(Client, ids)
    mailings = _count_by_owner(Mailing, ids)
    last_runs = _pairs(
        select(Run.owner_id, func.max(Run.started_at)).where(Run.owner_id.in_(ids)).group_by(Run.owner_id)
    )
    sent = _sent_lately(ids, utcnow())
    return {
        id_: UserActivity(clients.get(id_, 0), mailings.get(id_, 0), last_runs.get(id_), *sent.get(id_, (0, 0)))
        for id_ in ids
    }


def _sent_lately(ids: list[int], now: datetime) -> dict[int, tuple[int, int]]:
    """By owner, the mails accepted and refused in the last 30 days, each dated by its last attempt.

    Runs that began since then have their figures; only those that were under way at the edge are read mail by mail.
    """
    since = now - timedelta(days=30)
    begun_at = func.coalesce(Run.started_at, Run.closed_at, now)
    whole = select(Run.owner_id, func.sum(Run.accepted_count), func.sum(Run.refused_count)).where(begun_at >= since)
    at_the_edge = (
        select(Run.owner_id, *(func.count().filter(Delivery.state == state) for state in ("accepted", "refused")))
        .join(Delivery, Delivery.run_id == Run.id)
        .join(
            Attempt,
            and_(
                Attempt.run_id == Delivery.run_id,
                Attempt.position == Delivery.position,
                Attempt.number == Delivery.attempt_count,
            ),
        )
        .where(begun_at < since, func.coalesce(Run.closed_at, now) >= since, Attempt.finished_at >= since)
    )
    sums: dict[int, tuple[int, int]] = {}
    for query in (whole, at_the_edge):
        for owner_id, accepted, refused in db.session.execute(
            query.where(Run.owner_id.in_(ids)).group_by(Run.owner_id)
        ):
            before = sums.get(owner_id, (0, 0))
            sums[owner_id] = before[0] + int(accepted), before[1] + int(refused)
    return sums


def _count_by_owner(model: Any, ids: list[int]) -> dict[int, int]:
    if model is Client:
        return counts_of(ids)
    query = select(model.owner_id, func.count()).where(model.owner_id.in_(ids), model.deleted_at.is_(None))
    if model is Mailing:
        query = query.where(HAS_CALENDAR)
    return _pairs(query.group_by(model.owner_id))


def _pairs(query: Any) -> dict[int, Any]:
    return {row[0]: row[1] for row in db.session.execute(query)}


@dataclass(frozen=True, slots=True)
class BoundField:
    """A field whose values an approval is tied to: the first of them, and how many different ones there are."""

    name: str
    values: list[str]
    count: int
    is_place: bool  # decides where a link leads


def bound_values_of(mailing: Mailing) -> list[BoundField]:
    """What the owner's list puts into the text of the mailing."""
    message = mailing.message
    content = content_of(message)
    places = bound_values.place_names(content)
    bound = [
        BoundField(name, *bound_values.values_of_field(mailing, name), name in places)
        for name in bound_values.bound_names(content)
    ]
    no_names = [
        BoundField(name, *bound_values.values_of_field(mailing, name, bound_values.is_no_name(name)), False)
        for name in bound_values.names_of_people(content)
    ]
    return bound + [field for field in no_names if field.count]
