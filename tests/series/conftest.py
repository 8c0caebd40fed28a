"""A series that goes, and its clock moved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.run import Run
from mailer.models.series import DelayKind, Enrolment, Entry, Series
from mailer.models.user import User
from mailer.sending.series.advancing import advance
from mailer.sending.series.entering import enter
from mailer.series import services
from mailer.series.plan import SeriesPlan, StepPlan
from tests.conftest import rewrite
from tests.factories import make_message

HOURS = DelayKind.HOURS


@pytest.fixture
def make_series(owner: User) -> Callable[..., Series]:
    """A started series whose steps wait for so many hours each, the first for none."""

    def make(*hours: int, started: bool = True, **values: object) -> Series:
        messages = [make_message(owner, subject=f"Step {number}") for number in range(1, len(hours) + 1)]
        steps = [StepPlan(message, HOURS, count, None) for message, count in zip(messages, hours, strict=True)]
        series = services.save_series(owner, SeriesPlan("Welcome", "UTC", steps, **values))  # type: ignore[arg-type]
        if started:
            services.start(series)
        return series

    return make


def put_in(series: Series, *clients: Client) -> int:
    """Let them enter by hand."""
    count = enter(series, [client.id for client in clients], Entry.HAND)
    db.session.commit()
    return count


def let_pass(series: Series, hours: float) -> None:
    """As if so long had passed since everything that the series and its mails did: the clock, scaled."""
    db.session.commit()
    values = {"by": timedelta(hours=hours), "series": series.id}
    for statement in (
        "UPDATE enrolments SET due_at = due_at - :by, moved_at = moved_at - :by WHERE series_id = :series",
        "UPDATE series_steps SET next_due_at = next_due_at - :by WHERE series_id = :series",
        "UPDATE series SET next_look_at = next_look_at - :by WHERE id = :series",
    ):
        db.session.execute(text(statement), values)
    db.session.commit()
    rewrite("UPDATE attempts SET finished_at = finished_at - :by", by=values["by"])


def turn(series: Series) -> None:
    """A worker's turn at the series."""
    while advance(series.id, 5):
        pass


def runs_of(series: Series) -> list[Run]:
    """Its runs, in the order of its steps."""
    mailings = [step.mailing_id for step in db.session.get_one(Series, series.id, populate_existing=True).steps]
    runs = db.session.scalars(select(Run).where(Run.mailing_id.in_(mailings)).order_by(Run.id)).all()
    return sorted(runs, key=lambda run: mailings.index(run.mailing_id))


def where_is(client: Client) -> Enrolment:
    """The way of one person, as it now is."""
    query = select(Enrolment).where(Enrolment.client_id == client.id).order_by(Enrolment.id.desc())
    return db.session.scalars(query.execution_options(populate_existing=True)).all()[0]
