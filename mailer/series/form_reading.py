"""Between the form of a series and its plan, and what the form's buttons do to the steps."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from mailer.forms import name_of_copy
from mailer.input_limits import number_or_none
from mailer.models.series import DelayKind, Entry, Series
from mailer.models.user import User
from mailer.series import queries
from mailer.series.forms import SeriesForm
from mailer.series.plan import SeriesPlan, StepPlan

NEW_STEP = {"id": "", "message_id": "", "count": 1, "kind": DelayKind.DAYS.value, "at": None}
FIRST_STEP = {"id": "", "message_id": "", "count": 0, "kind": DelayKind.HOURS.value, "at": None}


def plan_of(form: SeriesForm, owner: User) -> SeriesPlan | None:
    """What a valid form means; None (the step says so) where a message is not the owner's."""
    steps = []
    for entry in form.steps:
        step = entry.form
        message = queries.message_named(owner, number_or_none(step.message_id.data) or 0)
        if message is None:
            step.message_id.errors = [_("Choose a message.")]
            return None
        kind = DelayKind(step.kind.data)
        at = None if kind is DelayKind.HOURS else step.at.data
        steps.append(StepPlan(message, kind, step.count.data or 0, at, number_or_none(step.id.data)))
    entry_kind = Entry(form.entry.data)
    is_by_date = entry_kind is Entry.DATE
    segment_id = number_or_none(form.entry_segment_id.data)
    leaves_with_segment = form.leaves_with_segment.data and segment_id is not None
    return SeriesPlan(
        name=(form.name.data or "").strip(),
        timezone=form.timezone.data or owner.timezone,
        steps=steps,
        in_own_zones=form.in_own_zones.data,
        entry=entry_kind,
        entry_tag=(form.entry_tag.data or "").strip() if entry_kind is Entry.TAG else None,
        entry_segment_id=segment_id if entry_kind is Entry.SEGMENT or leaves_with_segment else None,
        entry_field_id=number_or_none(form.entry_field_id.data) if is_by_date else None,
        entry_offset=_offset(form) if is_by_date else 0,
        entry_at=form.entry_at.data if is_by_date else None,
        entry_is_yearly=is_by_date and form.entry_is_yearly.data,
        takes_present=form.takes_present.data,
        allows_again=form.allows_again.data,
        leaves_with_segment=leaves_with_segment,
        goal_tag=(form.goal_tag.data or "").strip() or None,
        late_limit_hours=form.late_limit_hours.data or 0,
        window_opens=form.window_opens.data,
        window_closes=form.window_closes.data,
        working_days_only=form.working_days_only.data,
        holiday_country=form.holiday_country.data or None,
        counts_clicks=form.counts_clicks.data,
        counts_opens=form.counts_opens.data,
    )


def _offset(form: SeriesForm) -> int:
    days = form.entry_days.data or 0
    return {"on": 0, "before": -days, "after": days}[form.entry_when.data]


def values_of(series: Series) -> dict[str, Any]:
    """What the form of a series that is there begins with."""
    values = {name: getattr(series, name) for name in SeriesPlan.__dataclass_fields__ if name != "steps"}
    values |= {
        "entry": series.entry.value,
        "entry_segment_id": str(series.entry_segment_id or ""),
        "entry_field_id": str(series.entry_field_id or ""),
        "entry_when": "on" if not series.entry_offset else "before" if series.entry_offset < 0 else "after",
        "entry_days": abs(series.entry_offset),
        "holiday_country": series.holiday_country or "",
        "version": series.version,
    }
    steps = [
        {
            "id": step.id,
            "message_id": str(step.mailing.message_id),
            "count": step.delay_count,
            "kind": step.delay_kind.value,
            "at": step.at_time,
        }
        for step in series.steps
    ]
    return values | {"steps": steps}


def values_of_copy(series: Series) -> dict[str, Any]:
    """What the form of a new series begins with that is to be like another."""
    values = values_of(series) | {"name": name_of_copy(series.name, 100), "version": None}
    return values | {"steps": [step | {"id": ""} for step in values["steps"]]}


def pressed(form: SeriesForm, button: str) -> dict[str, Any]:
    """What the form holds after one of its buttons: `add`, `up-2`, `down-2`, `delete-2`; others change nothing."""
    values: dict[str, Any] = {name: value for name, value in form.data.items() if name != "csrf_token"}
    steps: list[dict[str, Any]] = values["steps"]
    what, _dash, number = button.partition("-")
    place = number_or_none(number, 3)
    if what == "add" and len(steps) < (form.steps.max_entries or 0):
        steps.append(dict(NEW_STEP))
    elif place is not None and place < len(steps):
        if what == "delete" and len(steps) > 1:
            del steps[place]
        elif what == "up" and place > 0:
            steps.insert(place - 1, steps.pop(place))
        elif what == "down":
            steps.insert(place + 1, steps.pop(place))
    return values
