"""What came of a run, by our figures and by the mail server's own ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from sqlalchemy import func, select

from mailer.bounces.report import Kind
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.run import Run
from mailer.sending.mail_headers import message_id
from mailer.smtp.results import Outcome
from mailer.smtp.testserver import Lab


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the table."""

    scenario: str
    mail_count: int
    counts: dict[str, int]
    copy_count: int  # mails in the server's ledger
    adds_up: bool
    seconds: float
    came_back: Mapping[Kind, int] = field(default_factory=dict)  # reports, by what they are about
    left_out_count: int = 0  # addresses that no mailing of the owner goes to any more

    @classmethod
    def of(cls, scenario: str, mail_count: int, run: Run, lab: Lab, seconds: float) -> Self:
        """Hold the two against each other."""
        adds_up = run.planned_count == mail_count and run.closed_at is not None and _agrees(run, lab)
        return cls(scenario, mail_count, run.counts, len(lab.accepted), adds_up, seconds)


def _agrees(run: Run, lab: Lab) -> bool:
    """Figures equal rows; accepted ones are with the server; what is there else, or twice, is said to be in doubt."""
    in_doubt = (Attempt.run_id == run.id) & (Attempt.outcome == Outcome.IN_DOUBT)
    doubts = dict(
        db.session.execute(select(Attempt.position, func.count()).where(in_doubt).group_by(Attempt.position))
        .tuples()
        .all()
    )
    copies = Counter(record.message_id for record in lab.accepted)
    counted: Counter[str] = Counter()
    for position, state in db.session.execute(
        select(Delivery.position, Delivery.state).where(Delivery.run_id == run.id)
    ):
        counted[state.counter] += 1
        count = copies.pop(message_id(run.token, position), 0)
        if state is DeliveryState.ACCEPTED and count == 0:
            return False
        if count and state not in (DeliveryState.ACCEPTED, DeliveryState.UNCERTAIN):
            return False
        if count > min(2, 1 + doubts.get(position, 0)):
            return False
    return not copies and all(counted[name] == count for name, count in run.counts.items())
