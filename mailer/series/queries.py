"""What the pages of series show, with the owner in every question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import func, select
from sqlalchemy.orm import contains_eager, joinedload

from mailer.extensions import db
from mailer.long_pages import LongPage
from mailer.models.client import Client
from mailer.models.client_criteria import client_mentions
from mailer.models.client_field import ClientField, FieldType
from mailer.models.message import Message
from mailer.models.run import COUNTERS, Run
from mailer.models.series import Enrolment, EnrolmentState, Series, SeriesStep
from mailer.models.user import User
from mailer.owner_filter import Whose
from mailer.searching import mentions
from mailer.segments.fields import fields_of
from mailer.sending.series.places import active_of

PER_PAGE = 25
RUNS_SHOWN = 10


def series_page(whose: Whose, search: str, page: int) -> Pagination:
    """Live series with their owners, the newest first; 404 for a page that is not there."""
    query = select(Series).join(Series.owner).options(contains_eager(Series.owner))
    query = query.where(Series.deleted_at.is_(None), *whose.where(Series.owner_id), *mentions(search, [Series.name]))
    return db.paginate(query.order_by(Series.id.desc()), page=page, per_page=PER_PAGE, max_per_page=PER_PAGE)


def counts_of(series: Sequence[Series]) -> dict[int, dict[str, int]]:
    """How many people of each series are in each state."""
    found: dict[int, dict[str, int]] = {one.id: {} for one in series}
    query = select(Enrolment.series_id, Enrolment.state, func.count()).where(Enrolment.series_id.in_(found))
    for id_, state, count in db.session.execute(query.group_by(Enrolment.series_id, Enrolment.state)):
        found[id_][state.value] = count
    return found


@dataclass(frozen=True, slots=True)
class StepFigures:
    """A step in the picture: who waits for it, when the first is due, and what came of its mails."""

    step: SeriesStep
    waiting_count: int
    next_at: datetime | None
    next_client_id: int | None  # who is the first to get it
    totals: Any  # `planned_count`, `accepted_count` … of all its runs

    @property
    def bar(self) -> dict[str, int]:
        """The six figures of its runs."""
        return {name: getattr(self.totals, f"{name}_count") if self.totals else 0 for name in COUNTERS}


def picture(series: Series) -> list[StepFigures]:
    """The steps in order, with the people at each."""
    waiting = _pairs(
        select(Enrolment.step_id, func.count())
        .where(Enrolment.series_id == series.id, Enrolment.state == EnrolmentState.WAITING)
        .group_by(Enrolment.step_id)
    )
    names = ("planned", *COUNTERS, "clicked", "opened")
    sums = (func.coalesce(func.sum(getattr(Run, f"{name}_count")), 0).label(f"{name}_count") for name in names)
    ids = [step.mailing_id for step in series.steps]
    rows = db.session.execute(select(Run.mailing_id, *sums).where(Run.mailing_id.in_(ids)).group_by(Run.mailing_id))
    totals = {row.mailing_id: row for row in rows}
    return [
        StepFigures(step, waiting.get(step.id, 0), _next_at(step), _next_client_id(step), totals.get(step.mailing_id))
        for step in series.steps
    ]


def _next_client_id(step: SeriesStep) -> int | None:
    first = select(Enrolment.client_id).where(Enrolment.step_id == step.id, Enrolment.due_at.is_not(None))
    return db.session.scalar(first.order_by(Enrolment.due_at, Enrolment.id).limit(1))


def _next_at(step: SeriesStep) -> datetime | None:
    return None if step.held_reason else step.next_due_at


def latest_runs(series: Series) -> list[Run]:
    """Its last runs, those of steps taken out too."""
    mailings = select(SeriesStep.mailing_id).where(SeriesStep.series_id == series.id)
    query = select(Run).options(joinedload(Run.mailing)).where(Run.mailing_id.in_(mailings))
    return list(db.session.scalars(query.order_by(Run.planned_at.desc(), Run.id.desc()).limit(RUNS_SHOWN)))


def people_page(series: Series, search: str, state: str, step_id: int | None, page: int) -> Pagination:
    """Its people, who came here last first: rows `(Enrolment, Client)`."""
    where = [Enrolment.series_id == series.id, Enrolment.state != EnrolmentState.PASSED_BY]
    if state:
        where.append(Enrolment.state == EnrolmentState(state))
    if step_id is not None:
        where += [Enrolment.step_id == step_id, Enrolment.state == EnrolmentState.WAITING]
    ids, length = select(Enrolment.id).where(*where), None
    if search:
        ids = ids.join(Client, Client.id == Enrolment.client_id)
        ids = ids.where(*client_mentions(search))
    else:
        length = db.session.scalar(select(func.count()).select_from(Enrolment).where(*where))
    return LongPage(
        page=page,
        per_page=PER_PAGE,
        max_per_page=PER_PAGE,
        ids=ids,
        order=(Enrolment.moved_at.desc(), Enrolment.id.desc()),
        backwards=(Enrolment.moved_at, Enrolment.id),
        length=length,
        load=_people,
    )


def _people(ids: Sequence[int]) -> list[Any]:
    query = select(Enrolment, Client).join(Client, Client.id == Enrolment.client_id).where(Enrolment.id.in_(ids))
    return sorted(db.session.execute(query), key=lambda row: ids.index(row[0].id))


def enrolment_of(series: Series, enrolment_id: int) -> Enrolment:
    """One person's way through this series; else 404."""
    query = select(Enrolment).where(Enrolment.id == enrolment_id, Enrolment.series_id == series.id)
    return db.one_or_404(query)


def active_series(owner: User) -> list[Series]:
    """The series of an owner that people can be put into."""
    return list(db.session.scalars(active_of(owner.id).order_by(func.lower(Series.name), Series.id)))


def message_named(owner: User, id_: int) -> Message | None:
    """The owner's live message of that id."""
    query = select(Message).where(Message.id == id_, Message.owner_id == owner.id, Message.deleted_at.is_(None))
    return db.session.scalar(query)


def date_fields_of(owner: User) -> list[ClientField]:
    """The fields that hold a date."""
    return [field for field in fields_of(owner.id) if field.type is FieldType.DATE]


def _pairs(query: Any) -> dict[Any, int]:
    return {row[0]: row[1] for row in db.session.execute(query)}
