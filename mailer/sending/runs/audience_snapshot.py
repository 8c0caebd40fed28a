"""What a run keeps of the conditions by which its people were chosen."""

from __future__ import annotations

from datetime import date
from typing import Any

from mailer.extensions import db
from mailer.models.client import ClientFilter
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import User
from mailer.segments.scope import ConditionScope, scope_of
from mailer.sending.runs.audience import within


def today_in(run: Run) -> date | None:
    """The day that a run's people were chosen on; None where it keeps none."""
    kept = (run.audience or {}).get("today")
    return date.fromisoformat(kept) if kept else None


def taken(mailing: Mailing, today: date, count: int) -> dict[str, Any] | None:
    """The segments taken and left out as they say now, what their ids are called, the day and the number of people.

    None for a mailing without segments.
    """
    ids, left_out = mailing.chosen_segment_ids, mailing.left_out_ids or []
    if not (ids or left_out):
        return None
    scope = scope_of(db.session.get_one(User, mailing.owner_id), today)
    named = _with_inner([*ids, *left_out], scope)
    return {
        "today": today.isoformat(),
        "count": count,
        "taken": ids,
        "left_out": left_out,
        "segments": {str(one.id): {"name": one.name, "tree": one.tree} for one in named},
        "fields": {str(id_): field.label for id_, field in scope.fields.items()},
    }


def _with_inner(ids: list[int], scope: ConditionScope) -> list[ClientFilter]:
    """Those segments, and those within them."""
    found: dict[int, ClientFilter] = {}
    while ids:
        new = [scope.segments[id_] for id_ in ids if id_ in scope.segments and id_ not in found]
        found |= {one.id: one for one in new}
        ids = [id_ for one in new for id_ in within(one.tree)]
    return list(found.values())
