"""Whom an owner reaches within a day without anybody's approval: many small mailings are one large one."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, distinct, exists, func, or_, select

from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Client
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mailing import Audience, Mailing
from mailer.models.run import Run, RunState
from mailer.sending.conditions import IS_UNFINISHED
from mailer.sending.runs import audience

DAY = timedelta(hours=24)
MAILS = Run.planned_count + Run.unlisted_count - Run.excluded_count - Run.stopped_count  # of a run, gone or to go
_LEFT_OUT = (DeliveryState.EXCLUDED, DeliveryState.STOPPED)


def reached_with(mailing: Mailing, will_get: int, now: datetime, enough: int, run: Run | None = None) -> int:
    """How many people an owner reaches without approval: in the 24 hours before `now`, and `will_get` by this mailing.

    A person counts once, however many mails they get, so that a daily mailing to the same people adds nothing. Unless
    there may be more than `enough`, the sum of all mails is returned: that is quicker, and never too low. `run` is
    given when it goes on, to `will_get` people whom it has not reached yet.
    """
    since = now - DAY
    recent = and_(
        Run.owner_id == mailing.owner_id,
        or_(Run.created_at > since, Run.reopened_at > since),
        Run.state != RunState.SKIPPED,
        ~Run.is_approved,
    )
    most, unlisted = db.session.execute(
        select(func.coalesce(func.sum(MAILS), 0), func.coalesce(func.sum(Run.unlisted_count), 0)).where(recent)
    ).one()
    if not most or most + will_get <= enough:
        return int(most) + will_get
    others = (
        select(func.count(distinct(Delivery.email_key)))
        .join(Run, Run.id == Delivery.run_id)
        .where(recent, Delivery.state.not_in(_LEFT_OUT))
        .where(or_(Run.created_at > since, IS_UNFINISHED, tried_since(since)))
    )
    # Who is due in a step of a series is not known here: they count twice rather than not at all.
    if mailing.audience is not Audience.SERIES and (run is None or not run.planned_count):
        chosen = select(Client.id).where(*audience.chosen(mailing), Client.email_key == Delivery.email_key)
        others = others.where(~chosen.exists())
    return will_get + int(unlisted) + (db.session.scalar(others) or 0)


def tried_since(since: datetime) -> ColumnElement[bool]:
    """In SQL: whether an attempt at the delivery began after `since`."""
    return exists().where(
        Attempt.run_id == Delivery.run_id, Attempt.position == Delivery.position, Attempt.started_at > since
    )
