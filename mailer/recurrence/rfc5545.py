"""A rule as RFC 5545 says it, where RFC 5545 can say it."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import islice

from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import moments, resolve
from mailer.recurrence.rule import LAST, MonthlyOn, Period, Rule, zone_named

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def recurrences(rule: Rule) -> list[list[str]] | None:
    """The lines DTSTART, RRULE and EXDATE, one list for each time of the day; None where the language has no words.

    It has none for holidays. DTSTART counts as a first moment there, so it is the first one that the rule really has.
    """
    if rule.days_off is not None and (
        rule.holiday_rule is not HolidayRule.IGNORE or rule.monthly_on is MonthlyOn.LAST_WORKING_DAY
    ):
        return None
    return [lines for at in rule.times if (lines := _of_time(rule, at))]


def _of_time(rule: Rule, at: time) -> list[str]:
    whole = [moment for moment in islice(moments(rule), 4 * len(rule.times) + 1) if moment.local.time() == at]
    if not whole:
        return []
    first = whole[0].local
    zone = f";TZID={rule.zone}:"
    lines = [f"DTSTART{zone}{_local(first)}"]
    if rule.period is not Period.ONCE:
        lines.append(";".join(["RRULE:" + _frequency(rule), *_until(rule)]))
    gone = [datetime.combine(day, at) for day in sorted(rule.exceptions) if datetime.combine(day, at) >= first]
    return [*lines, *(f"EXDATE{zone}{_local(local)}" for local in gone)]


def _frequency(rule: Rule) -> str:
    every = f";INTERVAL={rule.every}" if rule.every > 1 else ""
    if rule.period is Period.DAILY:
        return "FREQ=DAILY" + every
    if rule.period is Period.WEEKLY:
        days = sorted(set(rule.weekdays)) or [rule.first.isoweekday()]
        return f"FREQ=WEEKLY{every};WKST=MO;BYDAY=" + ",".join(DAYS[day - 1] for day in days)
    return "FREQ=MONTHLY" + every + ";" + _day_of_month(rule)


def _day_of_month(rule: Rule) -> str:
    match rule.monthly_on:
        case MonthlyOn.LAST_DAY:
            return "BYMONTHDAY=-1"
        case MonthlyOn.WEEKDAY:
            week = "-1" if rule.month_week == LAST else str(rule.month_week)
            return f"BYDAY={week}{DAYS[(rule.month_weekday or rule.first.isoweekday()) - 1]}"
        case MonthlyOn.LAST_WORKING_DAY:
            return "BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"
        case MonthlyOn.DAY:
            day = rule.month_day or rule.first.day
            if day <= 28:
                return f"BYMONTHDAY={day}"
            if day == 31:
                return "BYMONTHDAY=-1"
            # The last of those that the month has.
            return "BYMONTHDAY=" + ",".join(str(each) for each in range(28, day + 1)) + ";BYSETPOS=-1"


def _until(rule: Rule) -> list[str]:
    """UNTIL is a part of the rule there, ours is not. A number of runs is told by the last one: theirs would count the
    exceptions too."""
    ends = []
    if rule.until is not None:
        ends.append(resolve(rule.until, zone_named(rule.zone)).at - timedelta(seconds=1))
    if rule.run_limit is not None:
        ends.append(list(moments(rule))[-1].at)
    return [f"UNTIL={min(ends).astimezone(UTC):%Y%m%dT%H%M%SZ}"] if ends else []


def _local(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}"
