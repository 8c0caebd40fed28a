"""Rows of a run's list: deliveries, and the slices that workers lease, in two statements however many there are."""

from __future__ import annotations

from collections.abc import Sequence

from flask import current_app
from sqlalchemy import text

from mailer.extensions import db
from mailer.models.client import SuppressionReason
from mailer.models.delivery import DeliveryState, Reason
from mailer.sending.arrays import array
from mailer.sending.runs import confirmed_only
from mailer.sending.runs.wave_list import WaveTimes

INSERT_DELIVERIES = text(
    "INSERT INTO deliveries (run_id, position, client_id, email, email_key, bound_values, state, reason) "
    "SELECT :run, :listed + row_number() OVER (ORDER BY c.id), c.id, c.email, c.email_key, chosen.bound, "
    f"CASE WHEN s.reason IS NOT NULL OR c.paused_until > now() OR has.not_confirmed OR :too_late "
    f"THEN '{DeliveryState.EXCLUDED}' "
    f"ELSE '{DeliveryState.WAITING}' END, "
    f"CASE WHEN s.reason = '{SuppressionReason.UNSUBSCRIBED}' THEN '{Reason.UNSUBSCRIBED}' "
    f"WHEN s.reason IS NOT NULL THEN '{Reason.SUPPRESSED}' WHEN c.paused_until > now() THEN '{Reason.PAUSED}' "
    f"WHEN has.not_confirmed THEN '{Reason.UNCONFIRMED}' WHEN :too_late THEN '{Reason.TOO_LATE}' END "
    "FROM unnest(CAST(:ids AS bigint[]), CAST(:bound AS jsonb[])) AS chosen (id, bound) "
    "JOIN clients c ON c.id = chosen.id "
    "LEFT JOIN suppressions s ON s.owner_id = :owner AND s.email_key = c.email_key "
    "CROSS JOIN LATERAL (SELECT :confirmed AND NOT EXISTS (SELECT FROM sign_ups g "
    "WHERE g.client_id = c.id AND g.confirmed_at IS NOT NULL) AS not_confirmed) AS has "
    "WHERE c.id BETWEEN :first AND :last"
)
INSERT_SLICES = text(
    "INSERT INTO slices (run_id, first_position, last_position, ready_at, wave, opens_at, closes_at) "
    "SELECT :run, first, least(first + :size - 1, :last), "
    "CASE WHEN NOT :too_late THEN greatest(now(), CAST(:opens AS timestamptz)) END, :wave, "
    "CAST(:opens AS timestamptz), CAST(:closes AS timestamptz) FROM generate_series(:first, :last, :size) AS first"
)


def write_list(
    run_id: int,
    owner_id: int,
    people: Sequence[int],
    listed_count: int = 0,
    bound: Sequence[str | None] = (),
    wave: WaveTimes | None = None,
) -> int:
    """Write deliveries of these clients (ids, rising) behind those listed, and their slices; no commit.

    `bound` are the values that an approval holds for, as JSON, one for each; `wave` is the one that all
    of them belong to. How many: a client who was deleted altogether since the reading gets none.
    """
    about = {
        "run": run_id,
        "owner": owner_id,
        "listed": listed_count,
        "ids": array(people),
        "bound": [*bound] if any(bound) else [],
        "first": people[0],
        "last": people[-1],
        "confirmed": confirmed_only.is_required(owner_id),
        "too_late": wave is not None and wave.is_too_late,
    }
    count = int(db.session.execute(INSERT_DELIVERIES, about).rowcount)  # type: ignore[attr-defined]
    places = {"run": run_id, "first": listed_count + 1, "last": listed_count + count}
    times = {
        "too_late": about["too_late"],  # nobody in it waits
        "wave": wave.number if wave else None,
        "opens": wave.opens_at if wave else None,
        "closes": wave.closes_at if wave else None,
    }
    db.session.execute(INSERT_SLICES, places | times | {"size": current_app.config["SLICE_SIZE"]})
    return count
