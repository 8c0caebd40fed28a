"""The two ledgers held against each other: ours in PostgreSQL and the mail server's own."""

from __future__ import annotations

from collections import Counter, defaultdict

from sqlalchemy import func, select, text

from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Client
from mailer.models.delivery import UNFINISHED, Delivery, DeliveryState
from mailer.models.run import Run, RunState
from mailer.sending.mail_headers import message_id
from mailer.smtp.results import Outcome
from mailer.smtp.testserver import Lab

MAY_HAVE_ARRIVED = {DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN, DeliveryState.IN_DOUBT}


def assert_nobody_lost(run: Run, lab: Lab, most_copies: int = 2) -> None:
    """Hold a run against the server's ledger.

    - one delivery for each recipient, and none unfinished in a closed run;
    - whoever is accepted is in the server's ledger; whoever is there is accepted or said to be in doubt;
    - a second copy only where an attempt is in doubt, never more than `most_copies`;
    - figures = rows = attempts.
    """
    db.session.rollback()
    db.session.refresh(run)
    if run.state is not RunState.PLANNED and run.mailing.audience == "everyone":
        people = db.session.scalar(select(func.count()).where(Client.owner_id == run.owner_id))
        assert run.planned_count in (people, 0) if run.state is RunState.STOPPED else run.planned_count == people
    deliveries = list(db.session.scalars(select(Delivery).where(Delivery.run_id == run.id)))
    assert len({each.email_key for each in deliveries}) == len(deliveries) == run.planned_count
    doubts = _doubts(run)
    flagged = _flagged(run)
    unsettled = _unsettled(run)
    copies = Counter(record.message_id for record in lab.accepted)
    for each in deliveries:
        count = copies[message_id(run.token, each.position)]
        is_known = each.state in MAY_HAVE_ARRIVED or each.position in flagged or each.position in unsettled
        is_known = is_known or (doubts[each.position] > 0 and run.reopened_at is not None)
        assert not count or is_known, f"{each.email}: {count} copies, yet {each.state}"
        assert count or each.state is not DeliveryState.ACCEPTED or each.reason, f"{each.email} is not with the server"
        allowed = min(1 + doubts[each.position] + (each.position in flagged), most_copies)
        assert count <= allowed, f"{each.email}: {count} copies, {doubts[each.position]} in doubt"
    if run.closed_at is not None:
        assert not [each.email for each in deliveries if each.state in UNFINISHED]
        assert not flagged
        assert not unsettled
        held = text(
            "SELECT count(*) FROM slices WHERE run_id = :run AND (ready_at IS NOT NULL OR lease_token IS NOT NULL)"
        )
        assert db.session.scalar(held, {"run": run.id}) == 0
    _assert_figures(run, deliveries, bool(unsettled))
    db.session.rollback()


def _doubts(run: Run) -> dict[int, int]:
    query = select(Attempt.position, func.count()).where(Attempt.run_id == run.id, Attempt.outcome == Outcome.IN_DOUBT)
    return defaultdict(int, db.session.execute(query.group_by(Attempt.position)).all())  # type: ignore[arg-type]


def _flagged(run: Run) -> set[int]:
    """Positions whose content may be on its way now."""
    rows = db.session.execute(
        text("SELECT first_position, marked FROM slices WHERE run_id = :run AND marked IS NOT NULL"), {"run": run.id}
    )
    return {first + index for first, marked in rows for index, flag in enumerate(marked) if flag == "1"}


def _unsettled(run: Run) -> set[int]:
    """Positions with an attempt that the delivery does not know of yet."""
    query = (
        select(Attempt.position)
        .join(Delivery, (Delivery.run_id == Attempt.run_id) & (Delivery.position == Attempt.position))
        .where(Attempt.run_id == run.id, Attempt.number > Delivery.attempt_count)
    )
    return set(db.session.scalars(query))


def _assert_figures(run: Run, deliveries: list[Delivery], is_behind: bool) -> None:
    counted = dict.fromkeys(run.counts, 0)
    for each in deliveries:
        counted[each.state.counter] += 1
    assert counted == run.counts
    assert sum(counted.values()) == run.planned_count
    if not is_behind:
        outcomes = Counter(db.session.scalars(select(Attempt.outcome).where(Attempt.run_id == run.id)))
        successful = outcomes.pop(Outcome.ACCEPTED, 0)
        assert (run.successful_attempt_count, run.failed_attempt_count) == (successful, outcomes.total())
