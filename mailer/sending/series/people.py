"""The people due in a step, and what is to become of each: who gets the mail, who waits on, who leaves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, select, update

from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.attempt import Attempt
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.delivery import UNFINISHED, Delivery, DeliveryState
from mailer.models.mailing import Mailing
from mailer.models.series import Enrolment, Entry, LeftReason, Series, SeriesStep
from mailer.sending.runs.audience import SUPPRESSED
from mailer.sending.series.delays import due_after
from mailer.sending.series.looking import reached
from mailer.sending.series.own_zones import zone_for
from mailer.sending.series.places import due_people
from mailer.smtp.results import Outcome

ALWAYS_ALLOWED = timedelta(minutes=1)  # a restart is no outage, and a mail takes its time
UNTIL_ASKED_AGAIN = timedelta(minutes=10)  # about a mail of the step before that is still on its way


@dataclass(slots=True)
class Due:
    """Of the people due in a step: enrolments by id with their clients, sorted out."""

    go: dict[int, int] = field(default_factory=dict)  # enrolment -> client
    late: dict[int, int] = field(default_factory=dict)  # too late by the series' rule: left out of this step
    suppressed: dict[int, LeftReason] = field(default_factory=dict)  # among `go`: they get nothing, and leave
    leave: dict[LeftReason, list[int]] = field(default_factory=dict)
    wait: dict[datetime, list[int]] = field(default_factory=dict)  # until then
    first_due_at: datetime | None = None

    @property
    def listed(self) -> dict[int, int]:
        """Who comes onto the list of the run, to get the mail or with the reason why not."""
        return self.go | self.late

    @property
    def will_get(self) -> int:
        """How many of them will get it, as far as is known."""
        return len(self.go) - len(self.suppressed)

    def keep_only(self, count: int) -> None:
        """The first so many are taken now; the others stay due. Late ones and those who leave go on."""
        mailed = [id_ for id_ in self.go if id_ not in self.suppressed]
        for id_ in mailed[count:]:
            del self.go[id_]


def sorted_out(step: SeriesStep, series: Series, mailing: Mailing, now: datetime, limit: int) -> Due:
    """The first `limit` people due in a step, locked until the commit; whoever holds one of them already is skipped."""
    ids = due_people(step.id, now, limit).with_for_update(**FOR_CHANGE, skip_locked=True)
    rows = db.session.execute(_about(list(db.session.scalars(ids)))).all()
    leaving = {id_: reason for reason, ids_ in _leaving(series, rows) for id_ in ids_}
    late_from = now - max(timedelta(hours=series.late_limit_hours), ALWAYS_ALLOWED)
    due, days_off = Due(), mailing.days_off()
    for row in rows:
        reason = _why_gone(row) or leaving.get(row.id)
        until = None if reason else _must_wait(row, step, series, now, days_off)
        promised = max(row.due_at, step.excused_until or row.due_at)
        if reason is not None:
            due.leave.setdefault(reason, []).append(row.id)
        elif until is not None:
            due.wait.setdefault(until, []).append(row.id)
        elif promised < late_from:
            due.late[row.id] = row.client_id
        else:
            _let_go(due, row)
            due.first_due_at = min(promised, due.first_due_at or promised)
    return due


def _let_go(due: Due, row: Any) -> None:
    due.go[row.id] = row.client_id
    if row.suppressed is not None:
        is_own_wish = row.suppressed is SuppressionReason.UNSUBSCRIBED
        due.suppressed[row.id] = LeftReason.UNSUBSCRIBED if is_own_wish else LeftReason.SUPPRESSED


def _about(ids: list[int]) -> Any:
    """What decides about them: the client, the list of addresses not to write to, and the mail of the step before."""
    taken = select(func.max(Attempt.finished_at)).where(
        Attempt.run_id == Delivery.run_id,
        Attempt.position == Delivery.position,
        Attempt.outcome == Outcome.ACCEPTED,
    )
    before = and_(Delivery.client_id == Enrolment.client_id, Delivery.run_id == Enrolment.last_run_id)
    return (
        select(
            Enrolment.id,
            Enrolment.client_id,
            Enrolment.due_at,
            Client.deleted_at,
            Client.email_key,
            Client.paused_until,
            Client.timezone,
            Suppression.reason.label("suppressed"),
            Delivery.state.label("last_state"),
            Delivery.reason.label("last_reason"),
            taken.correlate(Delivery).scalar_subquery().label("last_taken_at"),
        )
        .join(Client, Client.id == Enrolment.client_id)
        .outerjoin(Suppression, SUPPRESSED)
        .outerjoin(Delivery, before)
        .where(Enrolment.id.in_(ids))
        .order_by(Enrolment.due_at, Enrolment.id)
    )


def _why_gone(row: Any) -> LeftReason | None:
    if row.deleted_at is not None:
        return LeftReason.DELETED
    if row.last_state is DeliveryState.REFUSED and row.last_reason is None:
        return LeftReason.REFUSED
    return None


def _leaving(series: Series, rows: Iterable[Any]) -> list[tuple[LeftReason, list[int]]]:
    by_client = {row.client_id: row.id for row in rows}
    found = []
    for reason, condition in reached(series):
        among = select(Client.id).where(Client.owner_id == series.owner_id, Client.id.in_(by_client), condition)
        found.append((reason, [by_client[client_id] for client_id in db.session.scalars(among)]))
    return found


def _must_wait(row: Any, step: SeriesStep, series: Series, now: datetime, days_off: Any) -> datetime | None:
    """Until when: they asked for a pause, or the step before was sent later than planned or has not been sent yet.

    What goes by a date of theirs is not sent weeks after it: in a pause that step is left out.
    """
    if row.paused_until is not None and row.paused_until > now and series.entry is not Entry.DATE:
        return row.paused_until
    if row.last_state in UNFINISHED:
        return now + UNTIL_ASKED_AGAIN
    if row.last_taken_at is None:
        return None
    due_at = due_after(step, series, row.last_taken_at, days_off, zone_for(series, row.timezone))
    return due_at if due_at > now + ALWAYS_ALLOWED else None


def let_wait(due: Due) -> None:
    """Write until when those wait on who cannot be taken yet; no commit."""
    for until, ids in due.wait.items():
        db.session.execute(
            update(Enrolment)
            .where(Enrolment.id.in_(ids))
            .values(due_at=until)
            .execution_options(synchronize_session=False)
        )
