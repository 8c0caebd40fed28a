"""A calendar in one sentence."""

from __future__ import annotations

from datetime import datetime

from flask_babel import format_datetime, get_locale, ngettext, pgettext
from flask_babel import gettext as _

from mailer import days_off
from mailer.mailings.agenda_labels import format_local
from mailer.mailings.form.calendar_plan import Calendar
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.rule import LAST, MonthlyOn, Period, Rule
from mailer.recurrence.window import EVERY_DAY

GENDERS = {1: "masculine", 2: "masculine", 3: "feminine", 4: "masculine", 5: "feminine", 6: "feminine", 7: "neuter"}


def calendar_text(calendar: Calendar) -> str:
    """How often, except when, until when and in which hours."""
    rule = calendar.rule()
    parts = [_rhythm(rule), *_except(calendar), *_end(rule), *_hours(calendar)]
    return ", ".join(parts)


def _rhythm(rule: Rule) -> str:
    if rule.period is Period.ONCE:
        return _("once, %(moment)s", moment=format_local(rule.first))
    times = _joined([format_datetime(datetime.combine(rule.first, at), "HH:mm", rebase=False) for at in rule.times])
    if rule.period is Period.DAILY:
        if rule.every == 1:
            return _("daily at %(time)s", time=times)
        return ngettext("every %(num)s day at %(time)s", "every %(num)s days at %(time)s", rule.every, time=times)
    if rule.period is Period.WEEKLY:
        days = _joined([weekday_name(day) for day in rule.weekdays or (rule.first.isoweekday(),)])
        if rule.every == 1:
            return _("weekly at %(time)s, %(weekday)s", time=times, weekday=days)
        return ngettext(
            "every %(num)s week at %(time)s, %(weekday)s", "every %(num)s weeks at %(time)s, %(weekday)s",
            rule.every, time=times, weekday=days,
        )  # fmt: skip
    if rule.every == 1:
        return _("monthly at %(time)s, %(day)s", time=times, day=_day_of_month(rule))
    return ngettext(
        "every %(num)s month at %(time)s, %(day)s", "every %(num)s months at %(time)s, %(day)s",
        rule.every, time=times, day=_day_of_month(rule),
    )  # fmt: skip


def _day_of_month(rule: Rule) -> str:
    match rule.monthly_on:
        case MonthlyOn.LAST_DAY:
            return _("the last day")
        case MonthlyOn.LAST_WORKING_DAY:
            return _("the last working day")
        case MonthlyOn.WEEKDAY:
            weekday = rule.month_weekday or rule.first.isoweekday()
            return f"{_ordinal(rule.month_week, GENDERS[weekday])} {weekday_name(weekday)}"
        case MonthlyOn.DAY:
            return _("day %(day)s", day=rule.month_day or rule.first.day)


def _ordinal(week: int, gender: str) -> str:
    if gender == "masculine":
        words = [pgettext("masculine", "the first"), pgettext("masculine", "the second"),
                 pgettext("masculine", "the third"), pgettext("masculine", "the fourth"),
                 pgettext("masculine", "the last")]  # fmt: skip
    elif gender == "feminine":
        words = [pgettext("feminine", "the first"), pgettext("feminine", "the second"),
                 pgettext("feminine", "the third"), pgettext("feminine", "the fourth"),
                 pgettext("feminine", "the last")]  # fmt: skip
    else:
        words = [pgettext("neuter", "the first"), pgettext("neuter", "the second"), pgettext("neuter", "the third"),
                 pgettext("neuter", "the fourth"), pgettext("neuter", "the last")]  # fmt: skip
    return words[-1 if week == LAST else week - 1]


def _except(calendar: Calendar) -> list[str]:
    parts = []
    if calendar.holiday_country and (
        calendar.holiday_rule is not HolidayRule.IGNORE or calendar.monthly_on is MonthlyOn.LAST_WORKING_DAY
    ):
        country = _country(calendar.holiday_country)
        parts.append(
            {
                HolidayRule.SKIP: _("except on holidays (%(country)s)", country=country),
                HolidayRule.BEFORE: _("before holidays (%(country)s)", country=country),
                HolidayRule.AFTER: _("after holidays (%(country)s)", country=country),
                HolidayRule.IGNORE: _("except on holidays (%(country)s)", country=country),  # a working day is none
            }[calendar.holiday_rule]
        )
    if calendar.exception_dates:
        count = len(calendar.exception_dates)
        parts.append(ngettext("except %(num)s date", "except %(num)s dates", count))
    return parts


def _country(code: str) -> str:
    return _("own dates") if code == days_off.OWN else days_off.country_name(code, str(get_locale()))


def _end(rule: Rule) -> list[str]:
    parts = []
    if rule.run_limit is not None and rule.period is not Period.ONCE:
        parts.append(ngettext("%(num)s run", "%(num)s runs", rule.run_limit))
    if rule.until is not None:
        is_midnight = rule.until.hour == rule.until.minute == 0
        pattern = "d MMMM y" if is_midnight else "d MMMM y, HH:mm"
        parts.append(_("until %(moment)s", moment=format_datetime(rule.until, pattern, rebase=False)))
    return parts


def _hours(calendar: Calendar) -> list[str]:
    parts = []
    if calendar.window_opens is not None and calendar.window_closes is not None:
        opens, closes = calendar.window_opens, calendar.window_closes
        parts.append(_("emails leave from %(opens)s to %(closes)s", opens=f"{opens:%H:%M}", closes=f"{closes:%H:%M}"))
    if calendar.window_weekdays != EVERY_DAY:
        days = _joined([weekday_name(day) for day in calendar.window_weekdays])
        parts.append(_("only on: %(weekdays)s", weekdays=days))
    if calendar.window_skips_holidays:
        parts.append(_("not on holidays"))
    return parts


def weekday_name(weekday: int) -> str:
    """The weekday's own name; 1 is Monday."""
    names = get_locale().days["stand-alone"]["wide"]
    return str(names[weekday - 1])


def _joined(words: list[str]) -> str:
    if len(words) < 2:
        return "".join(words)
    return _("%(others)s and %(last)s", others=", ".join(words[:-1]), last=words[-1])
