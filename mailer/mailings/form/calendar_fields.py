"""The part of a mailing's form that says when and how often."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateTimeLocalField,
    Field,
    IntegerField,
    SelectField,
    SelectMultipleField,
    TimeField,
)
from wtforms.validators import InputRequired, NumberRange, Optional, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget, TextInput

from mailer import days_off
from mailer.mailings.form.calendar_plan import COLUMNS, Calendar
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.rule import LAST, MonthlyOn, Period
from mailer.recurrence.window import EVERY_DAY
from mailer.zones import ZoneField

PERIODS = [
    (Period.ONCE.value, _l("Once")),
    (Period.DAILY.value, _l("Every day")),
    (Period.WEEKLY.value, _l("Every week")),
    (Period.MONTHLY.value, _l("Every month")),
]
WEEKDAYS = [
    (1, _l("Mon")), (2, _l("Tue")), (3, _l("Wed")), (4, _l("Thu")), (5, _l("Fri")), (6, _l("Sat")), (7, _l("Sun")),
]  # fmt: skip
MONTHLY_ON = [
    (MonthlyOn.DAY.value, _l("a day of the month")),
    (MonthlyOn.LAST_DAY.value, _l("the last day of the month")),
    (MonthlyOn.LAST_WORKING_DAY.value, _l("the last working day of the month")),
    (MonthlyOn.WEEKDAY.value, _l("a weekday of the month")),
]
MONTH_WEEKS = [
    (1, _l("the first")),
    (2, _l("the second")),
    (3, _l("the third")),
    (4, _l("the fourth")),
    (LAST, _l("the last")),
]
HOLIDAY_RULES = [
    (HolidayRule.IGNORE.value, _l("Send on holidays too")),
    (HolidayRule.SKIP.value, _l("Leave the run out")),
    (HolidayRule.BEFORE.value, _l("Send on the working day before")),
    (HolidayRule.AFTER.value, _l("Send on the working day after")),
]
LATE_LIMITS = [
    ("", _l("As usual: up to half the time to the next run, 12 hours at most")),
    ("0", _l("Never: leave the run out")),
    ("15", _l("Up to 15 minutes late")),
    ("60", _l("Up to an hour late")),
    ("360", _l("Up to 6 hours late")),
    ("1440", _l("Up to a day late")),
    ("10080", _l("Up to a week late")),
]
MOST_TIMES, MOST_EXCEPTIONS = 24, 200


class DateTimeField(DateTimeLocalField):
    """A wall-clock moment to the minute, with an answer a person can act on."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a date with a time. Errors: ValueError."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("There is no such date or time.")) from None
        if self.data is not None:
            self.data = self.data.replace(second=0, microsecond=0)


class TimesField(Field):
    """Times of a day in one line: `12:00, 18:30`."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read times of day, split at blanks, commas and semicolons; sorted. Errors: ValueError."""
        self.data = ()
        words = " ".join(valuelist).replace(",", " ").replace(";", " ").split()
        try:
            self.data = tuple(sorted({_time(word) for word in words}))
        except ValueError:
            raise ValueError(_("Write times like 12:00, 18:30.")) from None
        if len(self.data) > MOST_TIMES:
            raise ValueError(_("There are too many times."))

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else ", ".join(f"{at:%H:%M}" for at in self.data or ())


class DatesField(Field):
    """Dates in one line, as people here or machines write them: `31.12.2026, 2027-01-09`."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read dates, split at blanks, commas and semicolons; sorted. Errors: ValueError."""
        self.data = ()
        words = " ".join(valuelist).replace(",", " ").replace(";", " ").split()
        try:
            self.data = tuple(sorted({_date(word) for word in words}))
        except ValueError:
            raise ValueError(_("Write dates like 31.12.2026, 09.01.2027.")) from None
        if len(self.data) > MOST_EXCEPTIONS:
            raise ValueError(_("There are too many dates."))

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        pattern = "%d.%m.%Y" if str(get_locale()) == "ru" else "%Y-%m-%d"
        return ", ".join(day.strftime(pattern) for day in self.data or ())


class PlainTimeField(TimeField):
    """A time of day, or none, with an answer a person can act on."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a time of day, or nothing. Errors: ValueError."""
        if not any(valuelist):
            self.data = None
            return
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("There is no such time.")) from None


class PlainIntegerField(IntegerField):
    """A whole number, with an answer a person can act on."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a whole number. Errors: ValueError."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Enter a whole number.")) from None


def _time(word: str) -> time:
    return datetime.strptime(word, "%H:%M").time()  # noqa: DTZ007 - of no zone


def _date(word: str) -> date:
    pattern = "%d.%m.%Y" if "." in word else "%Y-%m-%d"
    found = datetime.strptime(word, pattern).date()  # noqa: DTZ007 - of no zone
    if found.year < 1970:
        raise ValueError(word)
    return found


def _weekdays(label: str) -> Any:
    return SelectMultipleField(
        label, choices=WEEKDAYS, coerce=int, widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )


def known_country(_form: Any, field: Field) -> None:
    """Refuse a country whose holidays nobody knows."""
    if field.data and not days_off.is_known(field.data):
        raise ValidationError(_("The holidays of this country are not known."))


def both_or_neither(form: Any, field: Field) -> None:
    """Sending hours open and close."""
    if (form.window_opens.data is None) != (form.window_closes.data is None):
        raise ValidationError(_("Enter both the start and the end of the sending hours."))


class CalendarFields:
    """The fields, to be mixed into a form."""

    starts_at = DateTimeField(_l("Start"), [InputRequired(_l("Choose when it starts."))])
    ends_at = DateTimeField(_l("End"), [Optional()])
    run_limit = PlainIntegerField(_l("Maximum number of runs"), [Optional(), NumberRange(1, 1000)])
    period = SelectField(_l("How often"), choices=PERIODS, default=Period.ONCE.value)
    every = PlainIntegerField(_l("Interval (in days, weeks or months)"), [Optional(), NumberRange(1, 999)], default=1)
    weekdays = _weekdays(_l("Weekdays"))
    monthly_on = SelectField(_l("Which day"), choices=MONTHLY_ON, default=MonthlyOn.DAY.value)
    month_day = PlainIntegerField(_l("Day of the month"), [Optional(), NumberRange(1, 31)])
    month_week = SelectField(_l("Which one of the month"), choices=MONTH_WEEKS, coerce=int, default=1)
    month_weekday = SelectField(_l("Weekday"), coerce=int, choices=WEEKDAYS, default=1)
    also_at = TimesField(_l("Also at"), [Optional()])
    timezone = ZoneField(_l("Time zone"))
    exception_dates = DatesField(_l("Never on these days"), [Optional()])
    holiday_country = SelectField(_l("Holidays of"), [known_country], validate_choice=False)
    holiday_rule = SelectField(_l("When a run falls on a holiday"), choices=HOLIDAY_RULES, default="ignore")
    window_opens = PlainTimeField(_l("Send from"), [Optional()])
    window_closes = PlainTimeField(_l("Send until"), [both_or_neither])
    window_weekdays = _weekdays(_l("Send only on"))
    window_skips_holidays = BooleanField(_l("Do not send on holidays"))
    late_limit = SelectField(_l("If the service was down at that time, still send"), choices=LATE_LIMITS, default="")

    def offer_countries(self) -> None:
        """Fill in the countries, in the reader's language."""
        self.holiday_country.choices = [
            ("", _("No country")),
            (days_off.OWN, _("Only my own dates")),
            *days_off.countries(str(get_locale())),
        ]

    def show(self, calendar: Calendar) -> None:
        """Take over what a mailing has."""
        for name in set(COLUMNS) & set(self._fields):  # type: ignore[attr-defined]
            value = getattr(calendar, name)
            self[name].data = list(value) if isinstance(value, tuple) else value  # type: ignore[index]
        self.starts_at.data, self.ends_at.data = calendar.starts_local, calendar.ends_local
        self.month_weekday.data = calendar.month_weekday or calendar.starts_local.isoweekday()
        self.holiday_country.data = calendar.holiday_country or ""
        self.window_weekdays.data = [] if calendar.window_weekdays == EVERY_DAY else list(calendar.window_weekdays)
        limit = calendar.late_limit_minutes
        self.late_limit.data = "" if limit is None else str(limit)
        for name in ("period", "monthly_on", "holiday_rule"):
            self[name].data = str(self[name].data.value)  # type: ignore[index]

    def calendar(self, changes: frozenset[days_off.Change] = frozenset()) -> Calendar:
        """What a valid form means; fields that do not belong to the chosen period count for nothing."""
        period, is_once = Period(self.period.data), self.period.data == Period.ONCE
        is_monthly = period is Period.MONTHLY
        monthly_on = MonthlyOn(self.monthly_on.data) if is_monthly else MonthlyOn.DAY
        is_by_weekday = monthly_on is MonthlyOn.WEEKDAY
        country = self.holiday_country.data or None
        assert self.starts_at.data is not None  # the form was valid
        return Calendar(
            period,
            self.starts_at.data,
            self.ends_at.data,
            self.timezone.data or "",
            every=1 if is_once else self.every.data or 1,
            also_at=() if is_once else tuple(self.also_at.data or ()),
            weekdays=tuple(sorted(self.weekdays.data or ())) if period is Period.WEEKLY else (),
            monthly_on=monthly_on,
            month_day=self.month_day.data if is_monthly and monthly_on is MonthlyOn.DAY else None,
            month_week=self.month_week.data if is_by_weekday else 1,
            month_weekday=self.month_weekday.data if is_by_weekday else None,
            run_limit=None if is_once else self.run_limit.data,
            exception_dates=() if is_once else tuple(self.exception_dates.data or ()),
            holiday_country=country,
            holiday_rule=HolidayRule(self.holiday_rule.data) if country and not is_once else HolidayRule.IGNORE,
            window_opens=self.window_opens.data,
            window_closes=self.window_closes.data,
            window_weekdays=tuple(sorted(self.window_weekdays.data or ())) or EVERY_DAY,
            window_skips_holidays=bool(self.window_skips_holidays.data) and country is not None,
            late_limit_minutes=int(self.late_limit.data) if self.late_limit.data else None,
            changes=changes,
            language=str(get_locale()),
        )
