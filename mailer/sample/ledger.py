"""Runs that have been: every recipient with what the mail server is imagined to have answered."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Client
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.sending.closing import verdict_of
from mailer.sending.planning import snapshot_of
from mailer.smtp.results import Outcome, Phase

TLS = "TLSv1.3 TLS_AES_256_GCM_SHA384"
RETRY_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the server."""

    outcome: Outcome
    phase: Phase
    code: int
    enhanced: str
    text: str


@dataclass(frozen=True, slots=True)
class Story:
    """How one delivery went: the answers in order and where they led."""

    state: DeliveryState
    replies: tuple[Reply, ...]
    reason: Reason | None = None


OK = Reply(Outcome.ACCEPTED, Phase.CONTENT, 250, "2.0.0", "2.0.0 Ok: queued")
GREYLISTED = Reply(Outcome.TRANSIENT, Phase.RCPT, 451, "4.7.1", "4.7.1 Greylisting in action, please come back later")
UNKNOWN_USER = Reply(Outcome.PERMANENT, Phase.RCPT, 550, "5.1.1", "5.1.1 The email account does not exist")
FULL = Reply(Outcome.PERMANENT, Phase.RCPT, 552, "5.2.2", "5.2.2 Mailbox full")
REJECTED = Reply(Outcome.PERMANENT, Phase.CONTENT, 554, "5.7.1", "5.7.1 Message rejected by policy")

ACCEPTED = Story(DeliveryState.ACCEPTED, (OK,))
ACCEPTED_LATER = Story(DeliveryState.ACCEPTED, (GREYLISTED, OK))
NO_SUCH_USER = Story(DeliveryState.REFUSED, (UNKNOWN_USER,))
MAILBOX_FULL = Story(DeliveryState.REFUSED, (FULL,))
NOT_WANTED = Story(DeliveryState.REFUSED, (REJECTED,))
UNSUBSCRIBED = Story(DeliveryState.EXCLUDED, (), Reason.UNSUBSCRIBED)


def add_closed_run(
    mailing: Mailing, occurrence: datetime, planned_at: datetime, people: Sequence[tuple[Client, Story]]
) -> Run:
    """A run of the past with its deliveries and attempts, closed with the verdict they deserve; no commit.

    It is open only inside this transaction, so no worker ever sees it.
    """
    run = Run(
        owner_id=mailing.owner_id,
        mailing_id=mailing.id,
        occurrence=occurrence.isoformat(timespec="minutes"),
        state=RunState.SENDING,
        snapshot=snapshot_of(mailing),
        planned_at=planned_at,
        created_at=planned_at,
        started_at=planned_at + timedelta(milliseconds=700),
    )
    db.session.add(run)
    db.session.flush()
    db.session.execute(insert(Delivery), [_delivery(run, number, *one) for number, one in enumerate(people, 1)])
    attempts = [row for number, one in enumerate(people, 1) for row in _attempts(run, number, one[1])]
    db.session.execute(insert(Attempt), attempts)
    db.session.refresh(run)  # the triggers have counted
    run.state = verdict_of(run)
    run.closed_at = max(row["finished_at"] for row in attempts)
    db.session.flush()
    return run


def _delivery(run: Run, position: int, client: Client, story: Story) -> dict[str, Any]:
    return {
        "run_id": run.id,
        "position": position,
        "client_id": client.id,
        "email": client.email,
        "email_key": client.email_key,
        "state": story.state,
        "reason": story.reason,
        "attempt_count": len(story.replies),
        "transient_count": sum(reply.outcome is Outcome.TRANSIENT for reply in story.replies),
    }


def _attempts(run: Run, position: int, story: Story) -> Iterator[dict[str, Any]]:
    assert run.started_at is not None
    at = run.started_at + timedelta(milliseconds=9 * position)
    for number, reply in enumerate(story.replies, 1):
        finished_at = at + timedelta(milliseconds=120 + position % 37)
        queued = f" as {run.id:X}{position:04X}A{number}" if reply is OK else ""
        yield {
            "run_id": run.id,
            "position": position,
            "number": number,
            "outcome": reply.outcome,
            "phase": reply.phase,
            "smtp_code": reply.code,
            "enhanced_code": reply.enhanced,
            "response": reply.text + queued,
            "started_at": at,
            "finished_at": finished_at,
            "tls": TLS,
            "worker": "sample",
        }
        at = finished_at + RETRY_AFTER
