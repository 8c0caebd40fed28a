"""A series as somebody wants it, checked, and how it is written into the rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time

from mailer.models.mailing import Audience, Mailing
from mailer.models.message import Message
from mailer.models.series import DelayKind, Entry, Series, SeriesStep
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.rule import Period
from mailer.recurrence.window import EVERY_DAY

WORKING_WEEK = [1, 2, 3, 4, 5]


@dataclass(frozen=True)
class StepPlan:
    """One step; `id` is that of a step that is there already."""

    message: Message
    kind: DelayKind
    count: int
    at: time | None
    id: int | None = None

    @property
    def delay(self) -> tuple[DelayKind, int, time | None]:
        """What `SeriesStep.delay` will be."""
        return self.kind, self.count, self.at


@dataclass(frozen=True)
class SeriesPlan:
    """Everything that a form says of a series."""

    name: str
    timezone: str
    steps: list[StepPlan]
    entry: Entry = Entry.HAND
    entry_tag: str | None = None
    entry_segment_id: int | None = None
    entry_field_id: int | None = None
    entry_offset: int = 0
    entry_at: time | None = None
    entry_is_yearly: bool = False
    takes_present: bool = False
    allows_again: bool = False
    leaves_with_segment: bool = False
    goal_tag: str | None = None
    late_limit_hours: int = 12
    window_opens: time | None = None
    window_closes: time | None = None
    working_days_only: bool = False
    holiday_country: str | None = None
    counts_clicks: bool = False
    counts_opens: bool = False
    in_own_zones: bool = False

    def apply_to(self, series: Series) -> None:
        """Write all but the steps."""
        for name in self.__dataclass_fields__:
            if name != "steps":
                setattr(series, name, getattr(self, name))


def changed_calendar(series: Series, plan: SeriesPlan) -> bool:
    """Whether the moments of all steps are others by `plan`."""
    names = ("timezone", "in_own_zones", "holiday_country")
    return any(getattr(series, name) != getattr(plan, name) for name in names)


def apply_step(step: SeriesStep, plan: StepPlan, position: int) -> None:
    """Write one step."""
    step.position, step.delay_kind, step.delay_count, step.at_time = position, plan.kind, plan.count, plan.at


def apply_mailing(mailing: Mailing, series: Series, message: Message, number: int) -> None:
    """The mailing of a step: the series' hours and what it counts, and a calendar without moments."""
    mailing.name = f"{series.name} · {number}"
    mailing.message_id, mailing.audience = message.id, Audience.SERIES
    mailing.period, mailing.starts_local = Period.ONCE, series.created_at.replace(tzinfo=None)
    mailing.timezone = series.timezone
    mailing.window_opens, mailing.window_closes = series.window_opens, series.window_closes
    mailing.window_weekdays = list(WORKING_WEEK if series.working_days_only else EVERY_DAY)
    mailing.window_skips_holidays = series.working_days_only and series.holiday_country is not None
    mailing.holiday_country, mailing.holiday_rule = series.holiday_country, HolidayRule.IGNORE
    mailing.counts_clicks, mailing.counts_opens = series.counts_clicks, series.counts_opens
