"""Deliveries and attempts of a run: paged by position, never counted, so that a million stay quick."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import abort
from sqlalchemy import Row, Select, and_, func, select
from sqlalchemy.orm import Session

from mailer.access import Permission
from mailer.bounces.report import Kind
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Client, Suppression
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mail_report import MailReport
from mailer.models.mailing import Mailing
from mailer.models.reaction import OPEN, Asker, Reaction
from mailer.models.run import COUNTERS, Run
from mailer.models.slice import Slice
from mailer.models.user import User
from mailer.models.wave import Wave
from mailer.readable import in_ascii
from mailer.sending.conditions import IS_FREE
from mailer.smtp import reply_outcomes
from mailer.smtp.results import Outcome

PER_PAGE = 50
LEFT = "left"  # chosen like an outcome: who unsubscribed by this run's link
CLICKED = "clicked"  # likewise: people who followed a link
CAME_BACK = "came_back"  # likewise: whose mail came back after it was accepted
SLACK_SECONDS = 5.0
UNATTENDED_SECONDS = 15.0
EXPORT_BATCH = 5000
REPLIES_LOOKED_AT = 10_000
REPORTS_SHOWN = 50
EXPORTED = (
    Delivery.position,
    Delivery.email,
    Client.last_name,
    Client.first_name,
    Client.patronymic,
    Delivery.state,
    Delivery.reason,
    Delivery.came_back,
    Delivery.attempt_count,
    Attempt.outcome,
    Attempt.smtp_code,
    Attempt.enhanced_code,
    Attempt.response,
    Attempt.finished_at,
)
STATES_OF = {name: [state for state in DeliveryState if state.counter == name] for name in COUNTERS}


@dataclass(frozen=True, slots=True)
class DeliveriesPage:
    """Rows `(Delivery, Attempt | None, Client | None)` and the positions that the neighbouring pages hang on."""

    rows: list[Row[Any]]
    after: int | None  # the next page begins after it
    before: int | None  # the page before ends before it

    @property
    def digest(self) -> str:
        """A checksum of what the page shows, so that it is sent anew only when that changed; ages aside."""
        rows = [
            (row.Delivery.position, row.Delivery.state, row.Delivery.reason, row.Delivery.attempt_count,
             row.Delivery.retry_at, row.Delivery.came_back, row.Attempt and row.Attempt.number)
            for row in self.rows
        ]  # fmt: skip
        return f"{zlib.crc32(repr((rows, self.after, self.before)).encode()):08x}"


def visible_run(mailing_id: int, run_id: int, user: User) -> Run:
    """A run of just that mailing, one's own or anybody's for those who oversee; else 404."""
    query = select(Run).join(Mailing, Mailing.id == Run.mailing_id)
    query = query.where(Run.id == run_id, Run.mailing_id == mailing_id, Mailing.deleted_at.is_(None))
    if not user.can(Permission.OVERSEE):
        query = query.where(Run.owner_id == user.id)
    return db.one_or_404(query)


def own_run(mailing_id: int, run_id: int, user: User) -> Run:
    """A run of one's own, to decide about: 404 for strangers, 403 for those who may only look."""
    run = visible_run(mailing_id, run_id, user)
    if run.owner_id != user.id or not user.can(Permission.SEND):
        abort(403)
    return run


def deliveries_page(
    run: Run, outcome: str = "", search: str = "", after: int | None = None, before: int | None = None
) -> DeliveriesPage:
    """Up to `PER_PAGE` deliveries in order.

    A whole address is found by the unique index; a part of one by going through the run.
    """
    query = _filtered(run, outcome, search)
    if before is not None:
        query = query.where(Delivery.position < before).order_by(Delivery.position.desc())
    else:
        query = query.where(Delivery.position > (after or 0)).order_by(Delivery.position)
    rows = list(db.session.execute(query.limit(PER_PAGE + 1)))
    has_more = len(rows) > PER_PAGE
    rows = rows[:PER_PAGE]
    if before is not None:
        rows.reverse()
        return DeliveriesPage(rows, rows[-1].Delivery.position if rows else None, _first(rows) if has_more else None)
    return DeliveriesPage(rows, rows[-1].Delivery.position if has_more else None, _first(rows) if after else None)


def _first(rows: list[Row[Any]]) -> int | None:
    return rows[0].Delivery.position if rows else None


def _filtered(run: Run, outcome: str, search: str) -> Select[Any]:
    query = _with_last_attempt(run)
    if outcome == LEFT:
        query = query.where(Delivery.email_key.in_(select(Suppression.email_key).where(Suppression.run_id == run.id)))
    elif outcome == CLICKED:
        theirs = select(Reaction.position).where(Reaction.run_id == run.id, Reaction.link != OPEN)
        query = query.where(Delivery.position.in_(theirs.where(Reaction.verdict == Asker.PERSON)))
    elif outcome == CAME_BACK:
        query = query.where(Delivery.came_back.is_not(None), Delivery.state == DeliveryState.ACCEPTED)
    elif outcome:
        query = query.where(Delivery.state.in_(STATES_OF[outcome]))
    wanted = in_ascii(search.strip().lower())
    local, at, domain = wanted.rpartition("@")
    if local and at and "." in domain:
        return query.where(Delivery.email_key == wanted)
    return query.where(Delivery.email_key.contains(wanted, autoescape=True)) if wanted else query


def _with_last_attempt(run: Run) -> Select[Any]:
    last = and_(
        Attempt.run_id == Delivery.run_id,
        Attempt.position == Delivery.position,
        Attempt.number == Delivery.attempt_count,
    )
    return (
        select(Delivery, Attempt, Client)
        .outerjoin(Attempt, last)
        .outerjoin(Client, Client.id == Delivery.client_id)
        .where(Delivery.run_id == run.id)
    )


def reports_on(page: DeliveriesPage) -> dict[int, MailReport]:
    """The report that says most about each of the page's recipients whose mail came back, by position."""
    back = [row.Delivery for row in page.rows if row.Delivery.came_back is not None]
    if not back:
        return {}
    query = select(MailReport).where(
        MailReport.run_id == back[0].run_id,
        MailReport.position.in_([delivery.position for delivery in back]),
        MailReport.kind.in_([Kind.BOUNCE, Kind.COMPLAINT]),
    )
    # A complaint last, then a permanent one: what is written last into the table stays.
    rows = db.session.scalars(query.order_by(MailReport.kind == Kind.COMPLAINT, MailReport.is_permanent, MailReport.id))
    return {report.position: report for report in rows}


def answers_of(run: Run) -> dict[Kind, int]:
    """How many answers of people, and of their programs, came to the address for bounces."""
    query = select(MailReport.kind, func.count()).where(
        MailReport.run_id == run.id, MailReport.kind.in_([Kind.REPLY, Kind.AUTO_REPLY])
    )
    return dict(db.session.execute(query.group_by(MailReport.kind)).tuples().all())


def reports_of(delivery: Delivery) -> list[MailReport]:
    """What came back about it, the latest first."""
    query = select(MailReport).filter_by(run_id=delivery.run_id, position=delivery.position)
    return list(db.session.scalars(query.order_by(MailReport.id.desc()).limit(REPORTS_SHOWN)))


def delivery_with_attempts(run: Run, position: int) -> tuple[Delivery, Client | None, list[Attempt]]:
    """One recipient of the run and every try, the latest first; 404 when there is no such position."""
    if position >= 2**31:
        abort(404)
    row = db.session.execute(_with_last_attempt(run).where(Delivery.position == position)).one_or_none()
    if row is None:
        abort(404)
    attempts = select(Attempt).where(Attempt.run_id == run.id, Attempt.position == position)
    return row.Delivery, row.Client, list(db.session.scalars(attempts.order_by(Attempt.number.desc())))


def every_delivery(run: Run, session: Session, outcome: str = "", search: str = "") -> Iterator[Row[Any]]:
    """Rows of `EXPORTED` in order, read through `session` in batches between which no transaction stays open."""
    query, position = _filtered(run, outcome, search).with_only_columns(*EXPORTED).order_by(Delivery.position), 0
    while rows := list(session.execute(query.where(Delivery.position > position).limit(EXPORT_BATCH))):
        session.rollback()
        yield from rows
        position = rows[-1].position


def open_run(mailing: Mailing) -> Run | None:
    """The run that is not closed yet."""
    query = select(Run).where(Run.mailing_id == mailing.id, Run.closed_at.is_(None))
    return db.session.scalar(query.order_by(Run.id.desc()).limit(1))


def also_going(mailing: Mailing, run: Run | None) -> list[Run]:
    """The runs of the mailing that are open beside `run`, the newest first."""
    if run is None or run.closed_at is not None:
        return []
    query = select(Run).where(Run.mailing_id == mailing.id, Run.closed_at.is_(None), Run.id != run.id)
    return list(db.session.scalars(query.order_by(Run.id.desc()).limit(20)))


def next_try_at(run: Run) -> datetime | None:
    """When the next of those waiting is tried again; None while some are in work (or nobody waits)."""
    held = func.bool_or(Slice.leased_until > func.now())
    row = db.session.execute(select(func.min(Slice.ready_at), held).where(Slice.run_id == run.id)).one()
    return None if row[1] else row[0]


def is_at_wave(run: Run, at: datetime) -> bool:
    """Whether what is due next, at `at`, is a wave that has not begun."""
    if run.wave_local is None:
        return False
    waits = select(Wave.number).where(Wave.run_id == run.id, Wave.begun_at.is_(None), Wave.opens_at <= at)
    return db.session.scalar(waits.limit(1)) is not None


def standstill(run: Run, lease_seconds: float, now: datetime) -> tuple[datetime | None, bool]:
    """Why an open run does not move: until when a dead worker's leases hold its people, and whether due people have no
    worker. `(None, False)`: it moves.

    A living worker renews its leases three times in their length, so that leases which are all old mean a dead one.
    """
    newest, next_free = db.session.execute(
        select(
            func.max(Slice.leased_until).filter(Slice.leased_until > func.now()),
            func.min(Slice.ready_at).filter(IS_FREE),
        ).where(Slice.run_id == run.id)
    ).one()
    if newest is not None:
        renewed_at = newest - timedelta(seconds=lease_seconds)
        return (newest if now - renewed_at > timedelta(seconds=lease_seconds / 3 + SLACK_SECONDS) else None), False
    return None, next_free is not None and now - next_free > timedelta(seconds=UNATTENDED_SECONDS)


@dataclass(frozen=True, slots=True)
class TopReply:
    """What the server said to how many; addresses are left out of its words, so that alike ones are one."""

    code: int | None
    enhanced: str | None
    text: str
    count: int

    @property
    def is_about_size(self) -> bool:
        """Whether the reply says that the email is larger than the server takes."""
        return reply_outcomes.says_too_large(self.code, self.enhanced, self.text)


def top_refusals(run: Run, limit: int = 5) -> list[TopReply]:
    """The commonest answers that refused a mail of the run for good, the most frequent first.

    At most `REPLIES_LOOKED_AT` attempts are looked at, so that the page stays quick.
    """
    words = func.regexp_replace(Attempt.response, r"<?[^\s<>]+@[^\s<>]+>?", "…", "g").label("words")
    refused = (
        select(Attempt.smtp_code.label("code"), Attempt.enhanced_code.label("enhanced"), words)
        .where(Attempt.run_id == run.id, Attempt.outcome == Outcome.PERMANENT)
        .limit(REPLIES_LOOKED_AT)
        .subquery()
    )
    said, count = (refused.c.code, refused.c.enhanced, refused.c.words), func.count()
    query = select(*said, count).group_by(*said).order_by(count.desc(), *said).limit(limit)
    return [TopReply(*row) for row in db.session.execute(query)]
