"""Every delivery to one client, and every attempt at it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import select, tuple_
from sqlalchemy.orm import joinedload

from mailer.clients.merged import with_merged
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Client
from mailer.models.delivery import Delivery
from mailer.models.mail_report import MailReport
from mailer.models.reaction import Asker, Reaction
from mailer.models.run import Run

PER_PAGE = 20
REPORTS_SHOWN = 200
REACTIONS_SHOWN = 500


@dataclass(frozen=True)
class History:
    """A page of deliveries, newest first; the attempts of each, what came back, and what the person opened and followed
    (not what robots did), by `(run_id, position)`."""

    page: Pagination
    attempts: dict[tuple[int, int], list[Attempt]]
    reports: dict[tuple[int, int], list[MailReport]]
    reactions: dict[tuple[int, int], list[Reaction]]


def history_of(client: Client) -> History:
    """What was sent to `client`, 20 deliveries a page; 404 for a page that is not there."""
    query = (
        select(Delivery)
        .where(Delivery.client_id.in_(with_merged(client.id)))
        .order_by(Delivery.run_id.desc(), Delivery.position)
        .options(joinedload(Delivery.run).joinedload(Run.mailing))
    )
    page = db.paginate(query, per_page=PER_PAGE)
    keys = [(delivery.run_id, delivery.position) for delivery in page.items]
    attempts: defaultdict[tuple[int, int], list[Attempt]] = defaultdict(list)
    if keys:
        found = select(Attempt).where(tuple_(Attempt.run_id, Attempt.position).in_(keys)).order_by(Attempt.number)
        for attempt in db.session.scalars(found):
            attempts[attempt.run_id, attempt.position].append(attempt)
    return History(page, attempts, _reports_of(keys), _reactions_of(keys))


def _reports_of(keys: list[tuple[int, int]]) -> dict[tuple[int, int], list[MailReport]]:
    reports: defaultdict[tuple[int, int], list[MailReport]] = defaultdict(list)
    if keys:
        query = select(MailReport).where(tuple_(MailReport.run_id, MailReport.position).in_(keys))
        for report in db.session.scalars(query.order_by(MailReport.id.desc()).limit(REPORTS_SHOWN)):
            reports[report.run_id, report.position].append(report)
    return reports


def _reactions_of(keys: list[tuple[int, int]]) -> dict[tuple[int, int], list[Reaction]]:
    reactions: defaultdict[tuple[int, int], list[Reaction]] = defaultdict(list)
    if keys:
        query = select(Reaction).where(tuple_(Reaction.run_id, Reaction.position).in_(keys))
        query = query.where(Reaction.verdict == Asker.PERSON).order_by(Reaction.first_at, Reaction.link)
        for reaction in db.session.scalars(query.limit(REACTIONS_SHOWN)):
            reactions[reaction.run_id, reaction.position].append(reaction)
    return reactions
