"""A sentence in the mailing's form becomes the form's fields, or is refused with the words that were not understood."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

from flask_babel import gettext as _

from mailer.days_off import Change
from mailer.mailings.calendar_plan import Calendar, FormRefusal
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import moments
from mailer.recurrence.rule import MonthlyOn, Period, RuleError, ShortMonth
from mailer.recurrence.sentence import understand
from mailer.recurrence.sentence_reading import UNIT_DAY, UNIT_MONTH, UNIT_WEEK, UNIT_YEAR, Heard, NotUnderstood

USUAL_TIME = time(9)  # where the sentence names none; it is shown back
PERIODS = {
    UNIT_DAY: Period.DAILY, UNIT_WEEK: Period.WEEKLY, UNIT_MONTH: Period.MONTHLY, UNIT_YEAR: Period.YEARLY,
}  # fmt: skip


def spoken_calendar(
    text: str, now: datetime, zone: str, country: str | None, changes: frozenset[Change] = frozenset()
) -> Calendar:
    """The calendar that a sentence asks for, said at `now` (wall clock of the zone). FormRefusal for `sentence`."""
    try:
        heard = understand(text, now.date())
        values = _values(heard, now)
    except NotUnderstood as refusal:
        raise FormRefusal({"sentence": _reason(refusal)}) from refusal
    looks_at_holidays = heard.minds_holidays or heard.workdays_only or heard.kind is MonthlyOn.WORKING_DAY
    if heard.minds_holidays and not country:
        raise FormRefusal({"sentence": _("Choose below which country’s holidays are meant.")})
    calendar = Calendar(
        ends_local=heard.until,
        timezone=zone,
        run_limit=heard.run_limit if values["period"] not in (Period.ONCE, Period.DATES) else None,
        exception_dates=tuple(sorted(set(heard.exceptions))),
        holiday_country=country if looks_at_holidays else None,
        changes=changes,
        in_waves=heard.in_own_zones,
        **values,
    )
    return _from_its_first_day(calendar)


def _values(heard: Heard, now: datetime) -> dict[str, Any]:
    times = sorted(set(heard.times)) or [USUAL_TIME]
    if heard.dates and heard.unit != UNIT_YEAR:
        return _listed(heard, times, now)
    first = _first(heard, times, now)
    values: dict[str, Any] = {
        "starts_local": first,
        "also_at": tuple(at for at in times if at != first.time()),
        "every": heard.every,
        "months": _months(heard),
        **_bends(heard),
    }
    if heard.dates:
        return values | {"period": Period.YEARLY} | _yearly_dates(heard)
    if heard.kind is not None:
        is_yearly = heard.unit == UNIT_YEAR
        return values | {"period": Period.YEARLY if is_yearly else Period.MONTHLY} | _of_month(heard)
    unit = heard.unit
    if heard.not_weekdays:
        if heard.every > 1:
            raise NotUnderstood("contradiction")
        kept = set(heard.weekdays or range(1, 8)) - set(heard.not_weekdays)
        return values | {"period": Period.WEEKLY, "weekdays": tuple(sorted(kept))}
    if heard.weekdays and unit != UNIT_WEEK:
        raise NotUnderstood("contradiction")
    if unit not in PERIODS:
        raise NotUnderstood("no_rhythm")
    weekdays = tuple(sorted(set(heard.weekdays)))
    return values | {"period": PERIODS[unit], "weekdays": weekdays}


def _listed(heard: Heard, times: list[time], now: datetime) -> dict[str, Any]:
    """Single dates, each with its time."""
    if heard.weekdays or heard.kind or heard.unit or heard.months or heard.not_months:
        raise NotUnderstood("contradiction")
    found = []
    for day, at, has_year in heard.dates:
        moment = datetime.combine(day, at or times[0])
        if not has_year and moment <= now:
            moment = moment.replace(year=moment.year + 1) if (moment.month, moment.day) != (2, 29) else moment
        found.append(moment)
    dates = tuple(sorted(set(found)))
    if len(dates) == 1:
        return {"period": Period.ONCE, "starts_local": dates[0]}
    return {"period": Period.DATES, "starts_local": dates[0], "dates_local": dates, **_bends(heard)}


def _first(heard: Heard, times: list[time], now: datetime) -> datetime:
    """The first moment from now on at which it may begin."""
    day = heard.starts or now.date()
    later = [datetime.combine(day, at) for at in times if datetime.combine(day, at) > now]
    return later[0] if later else datetime.combine(max(day, now.date()) + timedelta(days=1), times[0])


def _months(heard: Heard) -> tuple[int, ...]:
    if heard.not_months:
        return tuple(month for month in heard.months or range(1, 13) if month not in heard.not_months)
    return tuple(sorted(set(heard.months)))


def _bends(heard: Heard) -> dict[str, Any]:
    """What becomes of holidays and weekends."""
    if heard.workdays_only and heard.holiday_rule is HolidayRule.IGNORE:
        return {"holiday_rule": HolidayRule.SKIP, "weekends_are_off": True}
    if heard.minds_weekends or heard.minds_holidays:
        return {"holiday_rule": heard.holiday_rule, "weekends_are_off": heard.minds_weekends or heard.workdays_only}
    return {}


def _yearly_dates(heard: Heard) -> dict[str, Any]:
    """Each year on 8 March and 1 September: days and months must say just these."""
    pairs = {(day.month, day.day) for day, _at, _said in heard.dates}
    months, days = ({pair[place] for pair in pairs} for place in (0, 1))
    if len(months) * len(days) != len(pairs) or heard.kind or heard.weekdays or heard.months:
        raise NotUnderstood("contradiction")
    short = ShortMonth.SKIP if heard.only_leap_years else ShortMonth.LAST
    return {"months": tuple(sorted(months)), "month_days": tuple(sorted(days)), "short_month": short}


def _of_month(heard: Heard) -> dict[str, Any]:
    if heard.kind is not MonthlyOn.WEEKDAY and heard.weekdays:
        raise NotUnderstood("contradiction")
    if heard.unit not in (0, UNIT_MONTH, UNIT_YEAR):
        raise NotUnderstood("contradiction")
    numbers = tuple(sorted(set(heard.weeks)))
    if heard.kind is MonthlyOn.DAY:
        return {"month_days": tuple(sorted(set(heard.days)))}
    return {"monthly_on": heard.kind, "month_weeks": numbers, "month_weekdays": tuple(sorted(set(heard.weekdays)))}


def _from_its_first_day(calendar: Calendar) -> Calendar:
    """Every second week is counted from the first day on which something happens."""
    if calendar.every == 1 or calendar.period is Period.DAILY:
        return calendar
    try:
        found = next(moments(replace(calendar.rule(), every=1, until=None, run_limit=None)), None)
    except RuleError:
        return calendar
    if found is None or found.local <= calendar.starts_local:
        return calendar
    times = sorted({calendar.starts_local.time(), *calendar.also_at})
    return replace(calendar, starts_local=found.local, also_at=tuple(at for at in times if at != found.local.time()))


def _reason(refusal: NotUnderstood) -> str:
    if refusal.code == "unknown":
        words = ", ".join(f"«{word[:30]}»" for word in refusal.words[:5])
        return _("Not understood: %(words)s.", words=words)
    return {
        "empty": _("Write when and how often."),
        "too_long": _("This is too long: 300 characters at most."),
        "contradiction": _("These words do not make one rule. Say it more simply, or use the fields below."),
        "every_second": _(
            "Is it every second week, or the second one of the month? Write “every two weeks on Friday” or “the second "
            "Friday of the month”."
        ),
        "no_date": _("There is no such date: %(word)s.", word=", ".join(refusal.words)),
        "no_rhythm": _("How often? Say “every day”, “on Mondays”, “on 1 March” or the like."),
    }[refusal.code]
