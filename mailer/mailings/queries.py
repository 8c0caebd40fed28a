"""Mailings to look at, never anybody else's."""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import ColumnElement, Row, Select, and_, func, select
from sqlalchemy.orm import contains_eager

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.mailings.plan import MailingPlan
from mailer.models.client import Client, ClientFilter
from mailer.models.mailing import HAS_CALENDAR, Audience, Mailing, MailingStatus, mailing_clients
from mailer.models.message import Message
from mailer.models.run import COUNTERS, Run, RunState
from mailer.models.user import User
from mailer.owner_filter import Whose
from mailer.searching import mentions
from mailer.sending.runs import audience
from mailer.sending.runs.attention import Trouble, has_trouble
from mailer.sending.runs.audience import AudienceSummary

PER_PAGE = 25
RUNS_PER_PAGE = 10
SORTS: dict[str, Any] = {
    "created": Mailing.created_at,
    "name": func.lower(Mailing.name),
    "next": Mailing.next_run_at,
    "last": Mailing.last_run_at,
}
# The property `Mailing.status`, said in SQL.
STATUS_IS: dict[MailingStatus, ColumnElement[bool]] = {
    MailingStatus.COMPLETED: Mailing.completed_at.is_not(None),
    MailingStatus.DISABLED: and_(Mailing.completed_at.is_(None), Mailing.disabled_at.is_not(None)),
    MailingStatus.PAUSED: and_(
        Mailing.completed_at.is_(None), Mailing.disabled_at.is_(None), Mailing.paused_at.is_not(None)
    ),
    MailingStatus.STARTED: and_(
        Mailing.completed_at.is_(None),
        Mailing.disabled_at.is_(None),
        Mailing.paused_at.is_(None),
        Mailing.started_at.is_not(None),
    ),
    MailingStatus.CREATED: and_(
        Mailing.completed_at.is_(None),
        Mailing.disabled_at.is_(None),
        Mailing.paused_at.is_(None),
        Mailing.started_at.is_(None),
    ),
}


def mailings_page(
    whose: Whose, search: str, status: str, sort: str, order: str, page: int, trouble: str = ""
) -> Pagination:
    """Live mailings with their owners; 404 for a page that is not there."""
    query = select(Mailing).join(Mailing.owner).options(contains_eager(Mailing.owner))
    query = query.where(Mailing.deleted_at.is_(None), HAS_CALENDAR, *whose.where(Mailing.owner_id))
    if status:
        query = query.where(STATUS_IS[MailingStatus(status)])
    if trouble:
        query = query.where(has_trouble(Trouble(trouble), utcnow()))
    columns = [Mailing.name, *([User.email, User.name] if whose.owner is None else [])]
    query = query.where(*mentions(search, columns))
    key = SORTS[sort]
    query = query.order_by((key.desc() if order == "desc" else key.asc()).nulls_last(), Mailing.id.desc())
    return db.paginate(query, page=page, per_page=PER_PAGE, max_per_page=PER_PAGE)


def last_runs(mailings: list[Mailing]) -> dict[int, Run]:
    """The latest run that was not skipped, an open one before all others, by mailing id."""
    query = (
        select(Run)
        .distinct(Run.mailing_id)
        .where(Run.mailing_id.in_([mailing.id for mailing in mailings]), Run.state != "skipped")
        .order_by(Run.mailing_id, Run.closed_at.is_(None).desc(), Run.planned_at.desc(), Run.id.desc())
    )
    return {run.mailing_id: run for run in db.session.scalars(query)}


def totals_of(mailing: Mailing) -> Row[Any]:
    """The figures of all its runs, summed: `run_count`, `planned_count`, … as a run has them."""
    names = ("planned", *COUNTERS, "sent", "unsubscribed")
    sums = (func.coalesce(func.sum(getattr(Run, f"{name}_count")), 0).label(f"{name}_count") for name in names)
    happened = func.count().filter(Run.state != RunState.SKIPPED).label("run_count")
    return db.session.execute(select(happened, *sums).where(Run.mailing_id == mailing.id)).one()


def runs_page(mailing: Mailing, page: int) -> Pagination:
    """The mailing's runs, the latest first."""
    query = select(Run).where(Run.mailing_id == mailing.id).order_by(Run.planned_at.desc(), Run.id.desc())
    return db.paginate(query, page=page, per_page=RUNS_PER_PAGE, max_per_page=RUNS_PER_PAGE)


def deleted_mailing(owner: User, mailing_id: int) -> Mailing:
    """The owner's deleted mailing, to bring back; else 404."""
    return db.one_or_404(
        select(Mailing).where(Mailing.id == mailing_id, Mailing.owner_id == owner.id, Mailing.deleted_at.is_not(None))
    )


def own_message(owner: User, message_id: int) -> Message:
    """The owner's message, deleted or not; else 404."""
    return db.one_or_404(select(Message).filter_by(id=message_id, owner_id=owner.id))


def own_segments(owner: User, ids: list[int]) -> list[int]:
    """Those of the ids that are segments of the owner's, each once and in order."""
    known = select(ClientFilter.id).where(ClientFilter.owner_id == owner.id, ClientFilter.id.in_(ids))
    return sorted(db.session.scalars(known))


def segment_names(mailing: Mailing) -> dict[int, str]:
    """What the segments of a mailing are called, by id; one that is gone is missing."""
    ids = [*mailing.chosen_segment_ids, *mailing.left_out_ids]
    query = select(ClientFilter.id, ClientFilter.name).where(
        ClientFilter.owner_id == mailing.owner_id, ClientFilter.id.in_(ids)
    )
    return dict(db.session.execute(query).tuples().all()) if ids else {}


def own_clients(owner: User, ids: list[int]) -> list[Client]:
    """The owner's clients among `ids`, those deleted too."""
    return list(db.session.scalars(select(Client).where(Client.id.in_(ids), Client.owner_id == owner.id)))


def chosen_ids(mailing: Mailing) -> list[int]:
    """Ids of the live clients chosen by hand."""
    query = (
        select(Client.id)
        .join(mailing_clients, mailing_clients.c.client_id == Client.id)
        .where(mailing_clients.c.mailing_id == mailing.id, Client.deleted_at.is_(None))
    )
    return list(db.session.scalars(query.order_by(Client.id)))


def people_of(plan: MailingPlan, owner_id: int) -> Select[Any]:
    """The clients who would get a mailing that is not saved yet."""
    mailing = Mailing(owner_id=owner_id, audience=plan.audience, tags=plan.tags)
    mailing.segment_ids, mailing.left_out_ids = plan.segment_ids, plan.left_out_ids
    return audience.not_suppressed(_chosen(mailing, [client.id for client in plan.clients]), owner_id)


def preflight(mailing: Mailing, client_ids: list[int]) -> AudienceSummary:
    """Who would get a mailing that is not saved yet; hand-picked clients come from `client_ids`."""
    if mailing.audience is not Audience.CLIENTS:
        return audience.shown_summary(mailing)
    return audience.summary_of(_chosen(mailing, client_ids), mailing.owner_id)


def _chosen(mailing: Mailing, client_ids: list[int]) -> list[ColumnElement[bool]]:
    if mailing.audience is not Audience.CLIENTS:
        return audience.chosen(mailing)
    left_out = audience.by_segments(mailing.owner_id, [], mailing.left_out_ids or [])
    return [Client.owner_id == mailing.owner_id, Client.deleted_at.is_(None), Client.id.in_(client_ids), *left_out]
