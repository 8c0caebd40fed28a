"""Runs that have been: planned, settled and closed by the statements that the service itself uses.

Only the mail server is imagined: what it said, and when.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import insert, select

from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Client
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mailing import InDoubtRule, Mailing
from mailer.models.run import Run, RunState
from mailer.models.slice import Slice
from mailer.recurrence.moments import Moment
from mailer.sending.runs import audience
from mailer.sending.runs.closing import final_state
from mailer.sending.runs.list_rows import write_list
from mailer.sending.runs.run_rows import snapshot_of
from mailer.sending.worker import statements
from mailer.sending.worker.delivery_rows import write_progress
from mailer.sending.worker.delivery_rules import DeliveryUpdate, RunRules, deadline
from mailer.smtp.results import Outcome, Phase, Result

TLS = "TLSv1.3 TLS_AES_256_GCM_SHA384"


@dataclass(frozen=True, slots=True)
class SampleReply:
    """One answer of the server."""

    outcome: Outcome
    phase: Phase
    code: int
    enhanced: str
    text: str


OK = SampleReply(Outcome.ACCEPTED, Phase.CONTENT, 250, "2.0.0", "2.0.0 Ok: queued")
GREYLISTED = SampleReply(
    Outcome.TRANSIENT, Phase.RCPT, 451, "4.7.1", "4.7.1 Greylisting in action, please come back later"
)
UNKNOWN_USER = SampleReply(Outcome.PERMANENT, Phase.RCPT, 550, "5.1.1", "5.1.1 The email account does not exist")
FULL = SampleReply(Outcome.PERMANENT, Phase.RCPT, 552, "5.2.2", "5.2.2 Mailbox full")
REJECTED = SampleReply(Outcome.PERMANENT, Phase.CONTENT, 554, "5.7.1", "5.7.1 Message rejected by policy")

# The answers to one delivery, in order.
Story = tuple[SampleReply, ...]
ACCEPTED: Story = (OK,)
ACCEPTED_LATER: Story = (GREYLISTED, OK)
NO_SUCH_USER: Story = (UNKNOWN_USER,)
MAILBOX_FULL: Story = (FULL,)
NOT_WANTED: Story = (REJECTED,)


def add_closed_run(mailing: Mailing, planned_at: datetime, story_of: Callable[[int, str], Story]) -> Run:
    """A run of the past to those the mailing chooses who were clients by then, closed with the verdict it deserves.

    `story_of` tells by position and address what the server said. No commit: the run is open only inside this
    transaction, so no worker ever sees it.
    """
    run = Run(
        owner_id=mailing.owner_id,
        mailing_id=mailing.id,
        occurrence=Moment(planned_at, planned_at).occurrence,
        state=RunState.SENDING,
        snapshot=snapshot_of(mailing),
        planned_at=planned_at,
        created_at=planned_at,
        started_at=planned_at + timedelta(milliseconds=700),
    )
    db.session.add(run)
    db.session.flush()
    chosen = select(Client.id).where(*audience.chosen(mailing), Client.created_at <= planned_at)
    write_list(run.id, mailing.owner_id, db.session.scalars(chosen.order_by(Client.id)).all())
    last_at = _settle(run, story_of)
    db.session.refresh(run)  # the triggers have counted
    run.state, run.closed_at = final_state(run), last_at
    db.session.flush()
    return run


def _settle(run: Run, story_of: Callable[[int, str], Story]) -> datetime:
    """Write every attempt and what came of it; when the last one ended."""
    rules = RunRules(deadline(run.planned_at, None), InDoubtRule.HOLD)
    due = select(Delivery.position, Delivery.email).where(
        Delivery.run_id == run.id, Delivery.state == DeliveryState.WAITING
    )
    progress, attempts = [], []
    for position, email in db.session.execute(due.order_by(Delivery.position)):
        person = DeliveryUpdate(position, DeliveryState.WAITING, 0, 0)
        for result in _results(run, person, story_of(position, email), rules):
            attempts.append(_row(run, person, result))
        progress.append(person)
    db.session.execute(insert(Attempt), attempts)
    _write(run, progress)
    return max(row["finished_at"] for row in attempts)


def _results(run: Run, person: DeliveryUpdate, story: Story, rules: RunRules):  # type: ignore[no-untyped-def]
    """The results of one person's tries, each taken in before it is given; a retry comes when the rules say."""
    assert run.started_at is not None
    at = run.started_at + timedelta(milliseconds=9 * person.position)
    for reply in story:
        at = person.retry_at or at
        finished_at = at + timedelta(milliseconds=120 + person.position % 37)
        queued = f" as {run.id:X}{person.position:04X}A{person.attempt_count + 1}" if reply is OK else ""
        said = (reply.code, reply.enhanced, reply.text + queued)
        result = Result(person.position, reply.outcome, reply.phase, *said, at, finished_at, TLS)
        person.apply(result, rules, Random(person.position))  # noqa: S311 - spreads retries, no secret
        yield result


def _row(run: Run, person: DeliveryUpdate, result: Result) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "position": person.position,
        "number": person.attempt_count,
        "outcome": result.outcome,
        "phase": result.phase,
        "smtp_code": result.code,
        "enhanced_code": result.enhanced,
        "response": result.text,
        "started_at": result.started_at,
        "finished_at": result.finished_at,
        "tls": result.tls,
        "worker": "sample",
    }


def _write(run: Run, progress: Sequence[DeliveryUpdate]) -> None:
    slice_ids = db.session.scalars(select(Slice.id).where(Slice.run_id == run.id)).all()
    with closing(db.session.connection().connection.cursor()) as cursor:
        write_progress(cursor, run.id, progress)
        for slice_id in slice_ids:
            cursor.execute(statements.RELEASE, (slice_id,))
