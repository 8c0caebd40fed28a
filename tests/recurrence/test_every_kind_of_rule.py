"""Every kind of rule over twenty years, against dateutil where it has words for it and a walk over all days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

from dateutil.rrule import rruleset, rrulestr
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import latest_moment, moments, next_moment
from mailer.recurrence.rfc5545 import recurrences
from mailer.recurrence.rule import LAST, MonthlyOn, Period, Rule

ZONES = [
    *("Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"),
    *("Africa/Casablanca", "America/St_Johns", "Pacific/Chatham", "Asia/Tehran", "America/Santiago", "UTC"),
]
END = date(2041, 1, 1)
START = date(2020, 1, 1)
# A day after the walk's end may move to one before it, by two months at most.
COMPARED_UNTIL = datetime(2040, 10, 1, tzinfo=UTC)


class Holidays:
    """The same days every year; one weekend a year is worked."""

    days = frozenset([*((1, day) for day in range(1, 9)), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4), (12, 31)])

    def holiday(self, day: date) -> str | None:
        return "holiday" if (day.month, day.day) in self.days else None

    def is_worked(self, day: date) -> bool:
        return (day.month, day.day) == (11, 1)

    def __repr__(self) -> str:
        return "HOLIDAYS"


HOLIDAYS = Holidays()

minutes = st.times().map(lambda at: at.replace(second=0, microsecond=0, fold=0))
wall_clock = st.datetimes(datetime(2020, 1, 1), datetime(2039, 12, 1)).map(
    lambda at: at.replace(second=0, microsecond=0, fold=0)
)
plain = {
    "period": st.sampled_from(Period),
    "first": wall_clock,
    "zone": st.sampled_from(ZONES),
    "every": st.integers(1, 5),
    "weekdays": st.sets(st.integers(1, 7)).map(lambda days: tuple(sorted(days))),
    "monthly_on": st.sampled_from(MonthlyOn),
    "month_day": st.none() | st.integers(1, 31),
    "month_week": st.sampled_from([1, 2, 3, 4, LAST]),
    "month_weekday": st.none() | st.integers(1, 7),
    "also_at": st.lists(minutes, max_size=2).map(tuple),
    "exceptions": st.frozensets(st.dates(START, END), max_size=20),
}
plain_rules = st.builds(Rule, **plain)
bent_rules = st.builds(Rule, **plain, holiday_rule=st.sampled_from(HolidayRule), days_off=st.none() | st.just(HOLIDAYS))


def is_off(rule: Rule, day: date) -> bool:
    return rule.days_off is not None and rule.days_off.holiday(day) is not None


def works(rule: Rule, day: date) -> bool:
    worked = rule.days_off is not None and rule.days_off.is_worked(day)
    return not is_off(rule, day) and (day.weekday() < 5 or worked)


def names(rule: Rule, day: date) -> bool:
    """Whether the calendar alone names this day: a question about the day, never a count from another."""
    first, tomorrow = rule.first.date(), day + timedelta(days=1)
    is_last = tomorrow.month != day.month
    if day < first:
        return False
    if rule.period is Period.ONCE:
        return day == first
    if rule.period is Period.DAILY:
        return (day - first).days % rule.every == 0
    if rule.period is Period.WEEKLY:
        weeks = (day - timedelta(days=day.weekday()) - (first - timedelta(days=first.weekday()))).days // 7
        return weeks % rule.every == 0 and day.isoweekday() in (rule.weekdays or [first.isoweekday()])
    if ((day.year - first.year) * 12 + day.month - first.month) % rule.every:
        return False
    if rule.monthly_on is MonthlyOn.LAST_DAY:
        return is_last
    if rule.monthly_on is MonthlyOn.DAY:
        wanted = rule.month_day or first.day
        return day.day == wanted or (is_last and day.day < wanted)
    if rule.monthly_on is MonthlyOn.WEEKDAY:
        if day.isoweekday() != (rule.month_weekday or first.isoweekday()):
            return False
        return (
            (day + timedelta(days=7)).month != day.month
            if rule.month_week == LAST
            else ((day.day - 1) // 7 + 1 == rule.month_week)
        )
    rest = [day + timedelta(days=ahead) for ahead in range(1, 31)]
    return works(rule, day) and not any(works(rule, other) for other in rest if other.month == day.month)


def walk(rule: Rule) -> Iterator[datetime]:
    """Wall-clock labels of the days from 2020 to 2040 in the order of real time, one for each moment."""
    labels = set()
    for ordinal in range(START.toordinal(), END.toordinal()):
        day = date.fromordinal(ordinal)
        if not names(rule, day):
            continue
        target = day
        if is_off(rule, day) and rule.holiday_rule is HolidayRule.SKIP:
            continue
        step = {HolidayRule.BEFORE: -1, HolidayRule.AFTER: 1}.get(rule.holiday_rule, 0)
        while step and is_off(rule, day) and not works(rule, target):
            target += timedelta(days=step)
        if day in rule.exceptions or target in rule.exceptions:
            continue
        labels |= {datetime.combine(target, at) for at in {rule.first.time(), *rule.also_at}}
    zone = ZoneInfo(rule.zone)
    seen = set()
    for label in sorted(
        (label for label in labels if label >= rule.first), key=lambda label: (real(label, zone), label)
    ):
        if real(label, zone) not in seen:  # two labels at one moment fire once
            seen.add(real(label, zone))
            yield label


def real(local: datetime, zone: ZoneInfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(UTC)


@given(bent_rules)
@example(
    Rule(
        Period.DAILY, datetime(2020, 1, 1), "Europe/Moscow", every=3, also_at=(time(0, 1), time(1)),
        holiday_rule=HolidayRule.BEFORE, days_off=HOLIDAYS,
    )
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_the_moments_are_those_of_a_walk_over_all_days(rule: Rule) -> None:
    zone = ZoneInfo(rule.zone)
    assert [moment.local for moment in takewhile(lambda moment: moment.at < COMPARED_UNTIL, moments(rule))] == [
        label for label in walk(rule) if real(label, zone) < COMPARED_UNTIL
    ]


@given(plain_rules, st.none() | st.integers(1, 40), st.none() | wall_clock)
@settings(max_examples=60, deadline=None)
def test_what_is_exported_means_the_same_to_dateutil(rule: Rule, limit: int | None, until: datetime | None) -> None:
    rule = Rule(
        rule.period, rule.first, rule.zone, until if until and until > rule.first else None, rule.every, rule.weekdays,
        rule.monthly_on, rule.month_day, rule.month_week, rule.month_weekday, rule.also_at, limit, rule.exceptions,
    )  # fmt: skip
    exported = recurrences(rule)
    assert exported is not None
    theirs = rruleset()
    for lines in exported:
        # dateutil wants the clock's zone left out where UNTIL is in UTC: laid on the clock afterwards.
        text = "\n".join(line for line in lines if not line.startswith(("DTSTART", "EXDATE")))
        start = datetime.strptime(lines[0].rpartition(":")[2], "%Y%m%dT%H%M%S").replace(tzinfo=ZoneInfo(rule.zone))
        if text:
            theirs.rrule(rrulestr(text, dtstart=start))
        else:
            theirs.rdate(start)
        for line in lines:
            if line.startswith("EXDATE"):
                theirs.exdate(datetime.strptime(line.rpartition(":")[2], "%Y%m%dT%H%M%S").replace(tzinfo=start.tzinfo))
    expected = [at.replace(tzinfo=None) for at in islice(theirs, 300)]
    found = [moment.local for moment in islice(moments(rule), 300)]
    zone = ZoneInfo(rule.zone)
    assert sorted({real(at, zone) for at in found}) == sorted({real(at, zone) for at in expected})[: len(found)]
    assert len({real(at, zone) for at in expected}) == len(found)


@given(bent_rules, st.datetimes(datetime(2019, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))
@settings(max_examples=60, deadline=None)
def test_next_and_latest_agree_with_the_whole_list(rule: Rule, at: datetime) -> None:
    whole = []
    for moment in moments(rule):
        whole.append(moment.at)
        if moment.at > at:
            break
    following, latest = next_moment(rule, at), latest_moment(rule, at)
    assert (following.at if following else None) == next((each for each in whole if each > at), None)
    assert (latest.at if latest else None) == next((each for each in reversed(whole) if each <= at), None)


@given(bent_rules, st.integers(1, 30))
@settings(max_examples=40, deadline=None)
def test_a_number_of_runs_counts_those_that_happen(rule: Rule, limit: int) -> None:
    limited = list(moments(replace(rule, run_limit=limit)))
    assert limited == list(islice(moments(rule), limit))


def test_a_rule_of_several_times_skips_those_before_its_start() -> None:
    rule = Rule(Period.DAILY, datetime(2026, 5, 1, 12), "UTC", also_at=(time(9), time(18)))
    assert [moment.key[5:] for moment in islice(moments(rule), 4)] == [
        "05-01T12:00", "05-01T18:00", "05-02T09:00", "05-02T12:00",
    ]  # fmt: skip
