"""Deliveries from their rows, and back into them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg2.extras import execute_values

from mailer.models.delivery import DeliveryState, Reason
from mailer.sending.arrays import array
from mailer.sending.worker import statements
from mailer.sending.worker.claims import DueDelivery
from mailer.sending.worker.delivery_rules import DeliveryUpdate

STATES = {state.value: state for state in DeliveryState}


def write_progress(cursor: Any, run_id: int, progress: Sequence[DeliveryUpdate]) -> None:
    """Update the deliveries in one statement, so that the counters of the run change once."""
    groups: dict[tuple[Any, ...], list[int]] = {}
    for p in progress:
        end = (p.state.value, p.reason and p.reason.value, p.retry_at, p.attempt_count, p.transient_count)
        groups.setdefault(end, []).append(p.position)
    positions = [p.position for p in progress]
    about = {"run": run_id, "first": min(positions), "last": max(positions)}
    statement = cursor.mogrify(statements.SETTLE, about).decode()
    rows = [(array(members), *end) for end, members in groups.items()]
    template = "(%s::int[], %s, %s, %s::timestamptz, %s::smallint, %s::smallint)"
    execute_values(cursor, statement, rows, template, page_size=len(rows))


def person_of(row: tuple[Any, ...]) -> DueDelivery:
    """What a row of `statements.PEOPLE` says."""
    position, email, state, attempts, transients, retry_at, suspects = row[:7]
    token, first, last, patronymic, year, comment, attributes, bound, reason, out = row[7:]
    progress = DeliveryUpdate(position, STATES[state], attempts, transients, None, retry_at, suspects)
    if out is not None:
        progress.exclude(Reason(out))
    values = {
        "email": email,
        "first_name": first or "",
        "last_name": last or "",
        "patronymic": patronymic or "",
        "birth_year": str(year) if year else "",
        "comment": comment or "",
    }
    if attributes:
        values = {key: str(value) for key, value in attributes.items()} | values
    if bound:  # what was approved, whatever has become of the client since
        values |= bound
    return DueDelivery(progress, email, values, token, is_settled=out is None, has_moment=reason == Reason.PACED)
