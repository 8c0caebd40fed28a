"""The part of a mailing's form that says when and how often."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, SelectField, StringField
from wtforms.validators import Length, NumberRange, Optional, ValidationError

from mailer import days_off
from mailer.forms import boxes
from mailer.mailings.calendar_plan import COLUMNS, Calendar
from mailer.mailings.form.calendar_choices import (
    HOLIDAY_RULES,
    LATE_LIMITS,
    MONTH_WEEKS,
    MONTHLY_ON,
    MONTHS,
    PERIODS,
    SHORT_MONTHS,
    WEEKDAYS,
)
from mailer.mailings.form.calendar_inputs import (
    DatesField,
    DateTimeField,
    EndField,
    MomentsField,
    NumbersField,
    PlainIntegerField,
    PlainTimeField,
    TimesField,
)
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.rule import MOST_EVERY, MOST_RUNS, MonthlyOn, Period, ShortMonth
from mailer.recurrence.sentence import LONGEST
from mailer.recurrence.window import EVERY_DAY
from mailer.zones import ZoneField


def _chosen(label: str, choices: Any = WEEKDAYS) -> Any:
    return boxes(label, choices=choices, coerce=int)


def known_country(_form: Any, field: Field) -> None:
    """Refuse a country whose holidays nobody knows."""
    if field.data and not days_off.is_known(field.data):
        raise ValidationError(_("We do not have the holidays of this country."))


def both_or_neither(form: Any, field: Field) -> None:
    """Refuse one of the two sending hours without the other."""
    if (form.window_opens.data is None) != (form.window_closes.data is None):
        raise ValidationError(_("Enter both the start and the end of the sending hours."))


class MayBeEmpty:
    """Says beside the label that nothing need be entered; `Optional` looks at the first of two inputs only."""

    field_flags: ClassVar[dict[str, bool]] = {"optional": True}

    def __call__(self, _form: Any, _field: Field) -> None:
        """Everything that the field could read is good."""


def start_or_dates(form: Any, field: Field) -> None:
    """Refuse an empty start, except for a list of dates."""
    if form.period.data != Period.DATES and field.data is None and not field.errors:
        raise ValidationError(_("Choose when it starts."))


def dates_when_listed(form: Any, field: Field) -> None:
    """Refuse an empty list of dates."""
    if form.period.data == Period.DATES and not field.data and not field.errors:
        raise ValidationError(_("Enter at least one date."))


def month_days(form: Any, field: Field) -> None:
    """Refuse days of the month that no month has; -1 is the last one."""
    if any(not (1 <= day <= 31 or -28 <= day <= -1) for day in field.data or ()):
        raise ValidationError(_("Choose days from 1 to 31, or “last”."))


def working_days(form: Any, field: Field) -> None:
    """Refuse working days that no month has; -1 is the last one."""
    if any(not 1 <= abs(day) <= 23 for day in field.data or ()):
        raise ValidationError(_("Choose numbers from 1 to 23, or “last”."))


def known_subdivision(form: Any, field: Field) -> None:
    """Refuse what is no state or province of the chosen country."""
    country = form.holiday_country.data
    if field.data and country and field.data not in dict(days_off.subdivisions(country)):
        field.data = None  # of another country chosen before


class CalendarFields:
    """The fields, to be mixed into a form."""

    sentence = StringField(_l("When, in your own words"), [Length(max=LONGEST)])
    sentence_read = HiddenField()  # the sentence that the fields say
    starts_at = DateTimeField(_l("Start"), [start_or_dates])
    ends_at = EndField(_l("End"), [MayBeEmpty()])
    run_limit = PlainIntegerField(_l("Maximum number of runs"), [Optional(), NumberRange(1, MOST_RUNS)])
    period = SelectField(_l("How often"), choices=PERIODS, default=Period.ONCE.value)
    dates = MomentsField(_l("Dates and times"), [dates_when_listed])
    every = PlainIntegerField(
        _l("Interval (in days, weeks, months or years)"), [Optional(), NumberRange(1, MOST_EVERY)], default=1
    )
    weekdays = _chosen(_l("Weekdays"))
    months = _chosen(_l("Only in these months"), MONTHS)
    monthly_on = SelectField(_l("Which days"), choices=MONTHLY_ON, default=MonthlyOn.DAY.value)
    month_days = NumbersField(_l("Days of the month"), [month_days])
    short_month = SelectField(_l("If the month has no such day"), choices=SHORT_MONTHS, default=ShortMonth.LAST.value)
    month_weeks = _chosen(_l("Which ones of the month"), MONTH_WEEKS)
    month_weekdays = _chosen(_l("Weekday"))
    working_days = NumbersField(_l("Which working days"), [working_days])
    also_at = TimesField(_l("Also at"), [Optional()])
    timezone = ZoneField(_l("Time zone"))
    in_waves = BooleanField(_l("At this time in each client’s own time zone"))
    exception_dates = DatesField(_l("Never on these days"), [Optional()])
    holiday_country = SelectField(_l("Holidays of"), [known_country], validate_choice=False)
    holiday_subdivision = SelectField(_l("State or province"), [known_subdivision], validate_choice=False)
    holiday_rule = SelectField(_l("When a run falls on a holiday"), choices=HOLIDAY_RULES, default="ignore")
    weekends_are_off = BooleanField(_l("The same on weekends"))
    window_opens = PlainTimeField(_l("Send from"), [Optional()])
    window_closes = PlainTimeField(_l("Send until"), [both_or_neither])
    window_weekdays = _chosen(_l("Send only on"))
    window_skips_holidays = BooleanField(_l("Do not send on holidays"))
    late_limit = SelectField(_l("If the service was down at that time, still send"), choices=LATE_LIMITS, default="")

    def offer_countries(self) -> None:
        """Fill in the countries, in the reader's language."""
        self.holiday_country.choices = [
            ("", _("No country")),
            (days_off.OWN, _("Only my own dates")),
            *days_off.countries(str(get_locale())),
        ]
        self.holiday_subdivision.choices = [
            ("", _("The whole country")),
            *days_off.subdivisions(self.holiday_country.data or ""),
        ]

    def show(self, calendar: Calendar) -> None:
        """Take over what a mailing has."""
        for name in set(COLUMNS) & set(self._fields):  # type: ignore[attr-defined]
            value = getattr(calendar, name)
            self[name].data = list(value) if isinstance(value, tuple) else value  # type: ignore[index]
        self.starts_at.data, self.ends_at.data = calendar.starts_local, calendar.ends_local
        self.dates.data = calendar.dates_local
        self.working_days.data = ()
        if calendar.monthly_on is MonthlyOn.WORKING_DAY:
            self.working_days.data, self.month_weeks.data = calendar.month_weeks, []
        self.holiday_country.data = calendar.holiday_country or ""
        self.holiday_subdivision.data = calendar.holiday_subdivision or ""
        self.window_weekdays.data = [] if calendar.window_weekdays == EVERY_DAY else list(calendar.window_weekdays)
        limit = calendar.late_limit_minutes
        self.late_limit.data = "" if limit is None else str(limit)
        for name in ("period", "monthly_on", "holiday_rule", "short_month"):
            self[name].data = str(self[name].data.value)  # type: ignore[index]

    def calendar(self, changes: frozenset[days_off.Change] = frozenset()) -> Calendar:
        """What a valid form means; fields that do not belong to the chosen period count for nothing."""
        period = Period(self.period.data)
        repeats = period not in (Period.ONCE, Period.DATES)
        country = self.holiday_country.data or None
        return Calendar(
            period,
            self._start(period),
            self.ends_at.data,
            self.timezone.data or "",
            in_waves=bool(self.in_waves.data),
            every=self.every.data or 1 if repeats else 1,
            also_at=tuple(self.also_at.data or ()) if repeats else (),
            weekdays=tuple(sorted(self.weekdays.data or ())) if period is Period.WEEKLY else (),
            months=tuple(sorted(self.months.data or ())) if repeats else (),
            **self._days_of_month(period),
            dates_local=tuple(self.dates.data or ()) if period is Period.DATES else (),
            run_limit=self.run_limit.data if repeats else None,
            exception_dates=tuple(self.exception_dates.data or ()) if repeats else (),
            **self._days_off(period, country),
            window_opens=self.window_opens.data,
            window_closes=self.window_closes.data,
            window_weekdays=tuple(sorted(self.window_weekdays.data or ())) or EVERY_DAY,
            window_skips_holidays=bool(self.window_skips_holidays.data) and country is not None,
            late_limit_minutes=int(self.late_limit.data) if self.late_limit.data else None,
            changes=changes,
            language=str(get_locale()),
        )

    def _start(self, period: Period) -> datetime:
        start: datetime | None = min(self.dates.data) if period is Period.DATES else self.starts_at.data
        assert start is not None  # the form was valid
        return start

    def _days_of_month(self, period: Period) -> dict[str, Any]:
        if period not in (Period.MONTHLY, Period.YEARLY):
            return {}
        kind = MonthlyOn(self.monthly_on.data)
        if kind is MonthlyOn.DAY:
            return {"month_days": tuple(self.month_days.data or ()), "short_month": ShortMonth(self.short_month.data)}
        if kind is MonthlyOn.WORKING_DAY:
            return {"monthly_on": kind, "month_weeks": tuple(self.working_days.data or (1,))}
        weeks, weekdays = (tuple(sorted(field.data or ())) for field in (self.month_weeks, self.month_weekdays))
        return {"monthly_on": kind, "month_weeks": weeks or (1,), "month_weekdays": weekdays}

    def _days_off(self, period: Period, country: str | None) -> dict[str, Any]:
        is_by_weekday = period is Period.WEEKLY or (
            period in (Period.MONTHLY, Period.YEARLY) and self.monthly_on.data != MonthlyOn.DAY
        )
        minds_weekends = bool(self.weekends_are_off.data) and not is_by_weekday
        is_bent = period is not Period.ONCE and (country is not None or minds_weekends)
        rule = HolidayRule(self.holiday_rule.data) if is_bent else HolidayRule.IGNORE
        return {
            "holiday_country": country,
            "holiday_subdivision": (self.holiday_subdivision.data or None) if country else None,
            "holiday_rule": rule,
            "weekends_are_off": minds_weekends and rule is not HolidayRule.IGNORE,
        }
