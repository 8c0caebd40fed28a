"""Runs with deliveries and attempts, as sending leaves them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Suppression, SuppressionReason
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.sending.runs.closing import final_state
from mailer.sending.runs.run_rows import snapshot_of
from mailer.smtp.results import Outcome, Phase
from tests.factories import save

# Delivery state -> outcome, phase, code and words of its last attempt.
ANSWERS: dict[str, tuple[Outcome, Phase, int | None, str]] = {
    "accepted": (Outcome.ACCEPTED, Phase.CONTENT, 250, "2.0.0 Ok: queued as 4F2A"),
    "refused": (Outcome.PERMANENT, Phase.RCPT, 550, "5.1.1 no such user here"),
    "deferred": (Outcome.TRANSIENT, Phase.RCPT, 451, "4.7.1 greylisted, come back later"),
    "uncertain": (Outcome.IN_DOUBT, Phase.CONTENT, None, "the connection broke"),
    "in_doubt": (Outcome.IN_DOUBT, Phase.CONTENT, None, "the connection broke"),
}


def make_run(mailing: Mailing, planned_at: datetime | None = None, **values: Any) -> Run:
    """A run that is sending, of nobody yet."""
    planned_at = planned_at or utcnow() - timedelta(minutes=5)
    values = {
        "occurrence": planned_at.isoformat(timespec="microseconds"),
        "state": RunState.SENDING,
        "started_at": planned_at + timedelta(milliseconds=300),
        "snapshot": snapshot_of(mailing),
        "created_at": planned_at,
    } | values
    return save(Run(owner_id=mailing.owner_id, mailing_id=mailing.id, planned_at=planned_at, **values))


def make_deliveries(
    run: Run, reason: str | None = None, words: str | None = None, enhanced: str | None = "", **counts: int
) -> list[Delivery]:
    """So many deliveries of each state, with an attempt where the state comes of one; the run's figures follow."""
    return add_deliveries(run, counts, reason, words, enhanced)


def add_deliveries(
    run: Run, counts: Mapping[str, int], reason: str | None = None, words: str | None = None, enhanced: str | None = ""
) -> list[Delivery]:
    """The same, of states that are known only when the test runs."""
    position = db.session.query(Delivery).filter_by(run_id=run.id).count()
    made, attempts, now = [], [], utcnow()
    for state, count in counts.items():
        for _number in range(count):
            position += 1
            email = f"{state.replace('_', '-')}{position}@example.test"
            made.append(
                Delivery(
                    run_id=run.id,
                    position=position,
                    email=email,
                    email_key=email,
                    state=state,
                    reason=reason or {"excluded": "unsubscribed", "stopped": "owner"}.get(state),
                    attempt_count=1 if state in ANSWERS else 0,
                    retry_at=now + timedelta(minutes=5) if state in {"deferred", "in_doubt"} else None,
                )
            )
            if state in ANSWERS:
                outcome, phase, code, said = ANSWERS[state]
                attempts.append(
                    Attempt(
                        run_id=run.id,
                        position=position,
                        number=1,
                        outcome=outcome,
                        phase=phase,
                        smtp_code=code,
                        enhanced_code=said.partition(" ")[0][:5] if enhanced == "" and code else enhanced or None,
                        response=said if words is None else words,
                        started_at=now - timedelta(seconds=2),
                        finished_at=now - timedelta(seconds=1),
                    )
                )
    db.session.add_all(made)
    db.session.flush()
    db.session.add_all(attempts)
    db.session.commit()
    db.session.refresh(run)
    return made


def close(run: Run, state: RunState | None = None, **values: Any) -> Run:
    """Give the run its verdict."""
    for name, value in values.items():
        setattr(run, name, value)
    run.state, run.closed_at = state or final_state(run), utcnow()
    db.session.commit()
    return run


def suppress(owner: User, email: str, reason: SuppressionReason = SuppressionReason.UNSUBSCRIBED) -> None:
    """This owner must not write to the address."""
    save(Suppression(owner_id=owner.id, email_key=email, reason=reason))


def form_of(mailing: Mailing, **changes: Any) -> dict[str, Any]:
    """What the mailing's form sends when only `changes` were typed."""
    return {
        "name": mailing.name,
        "message_id": mailing.message_id,
        "audience": mailing.audience.value,
        "period": mailing.period.value,
        "starts_at": mailing.starts_local.strftime("%Y-%m-%dT%H:%M"),
        "ends_at": mailing.ends_local.strftime("%Y-%m-%dT%H:%M") if mailing.ends_local else "",
        "timezone": mailing.timezone,
        "in_doubt_rule": mailing.in_doubt_rule.value,
        "version": mailing.version,
    } | changes
