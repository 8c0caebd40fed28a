"""A calendar in one sentence, as a person would say it."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, time, timedelta
from itertools import pairwise

from flask_babel import format_date, format_datetime, get_locale, ngettext
from flask_babel import gettext as _

from mailer import days_off
from mailer.mailings.agenda_labels import format_local, gap_text, on_clock
from mailer.mailings.calendar_plan import Calendar
from mailer.mailings.calendar_words import (
    days_of_month,
    joined,
    months_in,
    months_of,
    nth_weekday,
    nth_working_day,
    number_word,
    on_weekdays,
    weekday_name,
)
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.rule import MonthlyOn, Period, Rule, ShortMonth
from mailer.recurrence.window import EVERY_DAY

DATES_SAID = 3
WORKWEEK, WEEKEND = (1, 2, 3, 4, 5), (6, 7)


def calendar_text(calendar: Calendar) -> str:
    """How often, except when, until when and in which hours."""
    rule = calendar.rule()
    waves = [_("in each client’s own time zone")] if calendar.in_waves else []
    return ", ".join([*_rhythm(rule), *waves, *_except(calendar), *_end(rule), *_hours(calendar)])


def _rhythm(rule: Rule) -> list[str]:
    if rule.period is Period.ONCE:
        note = gap_text(rule.first, rule.zone)
        return [_("once, %(moment)s", moment=format_local(on_clock(rule.first, rule.zone))), *([note] if note else [])]
    if rule.period is Period.DATES:
        return [_dates(rule)]
    days = {Period.DAILY: _daily, Period.WEEKLY: _weekly, Period.MONTHLY: _monthly, Period.YEARLY: _yearly}[rule.period]
    said, times = days(rule), _times(rule.times)
    months = [_("only in %(months)s", months=months_in(rule.months))] if _limits_months(rule) else []
    return [f"{said} {times}", *months] if len(rule.times) < 3 or "," in times else [said, times, *months]


def _limits_months(rule: Rule) -> bool:
    return bool(rule.months) and rule.period is not Period.YEARLY


def _dates(rule: Rule) -> str:
    shown = [on_clock(at, rule.zone) for at in rule.dates[:DATES_SAID]]
    said = [format_datetime(at, "d MMMM y, HH:mm", rebase=False) for at in shown]
    rest = len(rule.dates) - len(said)
    if rest:
        said.append(ngettext("one more date", "%(num)s more dates", rest))
    return _("on the dates: %(dates)s", dates="; ".join(said))


def _times(times: list[time]) -> str:
    """The times one by one, or how often within the day."""
    written = [f"{at:%H:%M}" for at in times]
    minutes = [60 * at.hour + at.minute for at in times]
    steps = {later - earlier for earlier, later in pairwise(minutes)}
    hours, rest = divmod(steps.pop(), 60) if len(steps) == 1 and len(times) > 2 else (0, 0)
    first, last = written[0], written[-1]
    if hours == 1 and not rest:
        return _("every hour from %(first)s to %(last)s", first=first, last=last)
    if hours and not rest:
        number = number_word(hours)
        return ngettext(
            "every %(number)s hour from %(first)s to %(last)s", "every %(number)s hours from %(first)s to %(last)s",
            hours, number=number, first=first, last=last,
        )  # fmt: skip
    return _("at %(times)s", times=joined(written))


def _daily(rule: Rule) -> str:
    works_only = rule.minds_weekends and rule.holiday_rule is HolidayRule.SKIP
    if rule.every == 1:
        return _("every working day") if works_only else _("every day")
    said = ngettext("every %(number)s day", "every %(number)s days", rule.every, number=number_word(rule.every))
    return _("%(rhythm)s if it is a working day", rhythm=said) if works_only else said


def _weekly(rule: Rule) -> str:
    days = tuple(sorted(set(rule.weekdays))) or (rule.first.isoweekday(),)
    said = {WORKWEEK: _("on weekdays"), WEEKEND: _("on weekends"), EVERY_DAY: _("every day")}.get(days)
    if rule.every == 1:
        return said or on_weekdays(days)
    weeks = ngettext(
        "every %(number)s week", "every %(number)s weeks", rule.every, number=number_word(rule.every, "feminine")
    )
    return f"{weeks} {said or on_weekdays(days)}"


def _monthly(rule: Rule) -> str:
    if rule.every == 1:
        return _("%(days)s of every month", days=_days_of_month(rule))
    months = ngettext("every %(number)s month", "every %(number)s months", rule.every, number=number_word(rule.every))
    return f"{months} {_days_of_month(rule)}"


def _yearly(rule: Rule) -> str:
    years = (
        _("every year")
        if rule.every == 1
        else ngettext("every %(number)s year", "every %(number)s years", rule.every, number=number_word(rule.every))
    )
    months = rule.months or (rule.first.month,)
    days = rule.month_days or (rule.first.day,)
    if rule.monthly_on is MonthlyOn.DAY and min(days) > 0:
        dates = [date(2028, month, min(day, monthrange(2028, month)[1])) for month in months for day in days]
        said = joined([format_date(each, "d MMMM") for each in sorted(set(dates))])
        leap = _leap_years(rule, months, days)
        return _("%(years)s on %(dates)s", years=years, dates=said) + (f" ({leap})" if leap else "")
    return f"{years} " + _("%(days)s of %(months)s", days=_days_of_month(rule), months=months_of(months))


def _leap_years(rule: Rule, months: tuple[int, ...], days: tuple[int, ...]) -> str:
    if 2 not in months or 29 not in days:
        return ""
    return _("in leap years only") if rule.short_month is ShortMonth.SKIP else _("in other years on the 28th")


def _days_of_month(rule: Rule) -> str:
    match rule.monthly_on:
        case MonthlyOn.WEEKDAY:
            weekdays = rule.month_weekdays or (rule.first.isoweekday(),)
            return nth_weekday(rule.month_weeks or (1,), tuple(sorted(weekdays)))
        case MonthlyOn.WORKING_DAY:
            return nth_working_day(rule.month_weeks or (1,))
        case MonthlyOn.DAY:
            days = rule.month_days or (rule.first.day,)
            said = days_of_month(days)
            if rule.short_month is ShortMonth.SKIP and max(days) > 28:
                return _("%(days)s, where there is one,", days=said)
            return said


def _except(calendar: Calendar) -> list[str]:
    rule = calendar.rule()
    parts = []
    holidays = _("holidays (%(country)s)", country=_country(calendar)) if calendar.holiday_country else ""
    if rule.moves:
        off = _off(calendar, rule)
        parts.append(
            _("on the working day before if it is %(off)s", off=off)
            if rule.holiday_rule is HolidayRule.BEFORE
            else _("on the next working day if it is %(off)s", off=off)
        )
    elif holidays and (rule.holiday_rule is HolidayRule.SKIP or rule.is_by_working_day):
        parts.append(_("except %(holidays)s", holidays=holidays))
    if rule.exceptions and len(rule.exceptions) <= DATES_SAID:
        days = [format_date(day, "d MMMM y") for day in sorted(rule.exceptions)]
        parts.append(_("except %(days)s", days=joined(days)))
    elif rule.exceptions:
        parts.append(ngettext("except %(num)s date", "except %(num)s dates", len(rule.exceptions)))
    return parts


def _off(calendar: Calendar, rule: Rule) -> str:
    if not calendar.holiday_country:
        return _("a weekend")
    country = _country(calendar)
    if rule.minds_weekends:
        return _("a holiday (%(country)s) or a weekend", country=country)
    return _("a holiday (%(country)s)", country=country)


def _country(calendar: Calendar) -> str:
    code = calendar.holiday_country or ""
    if code == days_off.OWN:
        return _("own dates")
    name = days_off.country_name(code, str(get_locale()))
    part = calendar.holiday_subdivision
    return f"{name}, {days_off.subdivision_name(code, part)}" if part else name


def _end(rule: Rule) -> list[str]:
    parts = []
    if rule.run_limit is not None and rule.period is not Period.ONCE:
        parts.append(ngettext("%(num)s run", "%(num)s runs", rule.run_limit))
    if rule.until is not None and rule.until.time() == time():
        last = rule.until - timedelta(days=1)
        parts.append(_("through %(day)s", day=format_date(last.date(), "d MMMM y")))
    elif rule.until is not None:
        parts.append(_("until %(moment)s", moment=format_datetime(rule.until, "d MMMM y, HH:mm", rebase=False)))
    return parts


def _hours(calendar: Calendar) -> list[str]:
    parts = []
    if calendar.window_opens is not None and calendar.window_closes is not None:
        opens, closes = calendar.window_opens, calendar.window_closes
        parts.append(_("emails leave from %(opens)s to %(closes)s", opens=f"{opens:%H:%M}", closes=f"{closes:%H:%M}"))
    if calendar.window_weekdays != EVERY_DAY:
        days = joined([weekday_name(day) for day in calendar.window_weekdays])
        parts.append(_("only on: %(weekdays)s", weekdays=days))
    if calendar.window_skips_holidays:
        parts.append(_("not on holidays"))
    return parts
