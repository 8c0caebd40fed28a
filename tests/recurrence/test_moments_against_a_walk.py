"""The same moments, found by walking every day and, for gaps, every minute of real time."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.rrule import DAILY, MONTHLY, WEEKLY, rrule
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mailer.recurrence.moments import Moment, Note, latest_moment, moments, next_moment
from mailer.recurrence.rule import Period, Rule

ZONES = [
    *("Europe/Moscow", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Apia"),
    *("Africa/Casablanca", "America/St_Johns", "Pacific/Chatham", "Asia/Tehran", "America/Santiago", "UTC"),
]
HORIZON = datetime(2041, 1, 1, tzinfo=UTC)

wall_clock = st.datetimes(datetime(2020, 1, 1), datetime(2040, 12, 1)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
instants = st.datetimes(datetime(2019, 1, 1), datetime(2041, 1, 1), timezones=st.just(UTC))
KINDS = [Period.ONCE, Period.DAILY, Period.WEEKLY, Period.MONTHLY]
rules = st.builds(Rule, st.sampled_from(KINDS), wall_clock, st.sampled_from(ZONES))


def calendar(rule: Rule) -> Iterator[datetime]:
    """The wall-clock labels by another library; short months by its own idiom of clamping."""
    first, end = rule.first, datetime(2041, 1, 2)
    if rule.period is Period.ONCE:
        yield first
    elif rule.period is Period.MONTHLY and first.day > 28:
        yield from rrule(MONTHLY, first, until=end, bymonthday=range(28, first.day + 1), bysetpos=-1)
    else:
        step = {Period.DAILY: DAILY, Period.WEEKLY: WEEKLY, Period.MONTHLY: MONTHLY}[rule.period]
        yield from rrule(step, first, until=end)


def first_time_shown(local: datetime, zone: ZoneInfo) -> datetime | None:
    """The first real minute at which the clocks of the zone show `local`, or None in a gap."""
    offsets = {(local + timedelta(hours=hours)).replace(tzinfo=zone).utcoffset() for hours in range(-30, 31, 6)}
    real = sorted((local - offset).replace(tzinfo=UTC) for offset in offsets if offset is not None)
    return next((at for at in real if at.astimezone(zone).replace(tzinfo=None) == local), None)


@given(rules)
@settings(max_examples=25, deadline=None)
@example(Rule(Period.MONTHLY, datetime(2020, 1, 31, 2, 30), "Europe/Berlin"))
@example(Rule(Period.DAILY, datetime(2020, 1, 1, 2, 10), "Australia/Lord_Howe"))
def test_every_moment_of_twenty_years_is_the_calendars(rule: Rule) -> None:
    zone = ZoneInfo(rule.zone)
    found = list(_until(rule, HORIZON))
    expected = list(calendar(rule))[: len(found) + 1]
    assert [moment.local for moment in found] == expected[: len(found)]
    assert len(found) >= len(expected) - 2  # the horizon is an instant here and a date there
    for moment in found:
        shown = first_time_shown(moment.local, zone)
        if shown is not None:
            assert moment.at == shown
        else:
            assert moment.note is Note.SPRING_GAP
            assert moment.at.astimezone(zone).replace(tzinfo=None) - moment.local == _gap_at(moment, zone)


@given(rules, instants, st.none() | wall_clock)
@settings(max_examples=100, deadline=None)
def test_next_and_latest_agree_with_the_whole_list(rule: Rule, at: datetime, until: datetime | None) -> None:
    assume(until is None or until > rule.first)
    rule = Rule(rule.period, rule.first, rule.zone, until)
    whole = list(_until(rule, HORIZON + timedelta(days=62)))
    assert next_moment(rule, at) == next((moment for moment in whole if moment.at > at), None)
    assert latest_moment(rule, at) == next((moment for moment in reversed(whole) if moment.at <= at), None)


@given(st.sampled_from(ZONES), st.dates(date(2011, 1, 1), date(2040, 1, 1)), st.times())
def test_moments_rise_strictly(zone: str, day: date, time: object) -> None:
    rule = Rule(Period.DAILY, datetime.combine(day, time), zone)  # type: ignore[arg-type]
    series = [moment.at for moment, _ in zip(moments(rule), range(400), strict=False)]
    assert all(earlier < later for earlier, later in itertools.pairwise(series))


def _until(rule: Rule, end: datetime) -> Iterator[Moment]:
    for moment in moments(rule):
        if moment.at >= end:
            return
        yield moment


def _gap_at(moment: Moment, zone: ZoneInfo) -> timedelta:
    before = (moment.at - timedelta(days=1)).astimezone(zone).utcoffset()
    after = moment.at.astimezone(zone).utcoffset()
    assert before is not None and after is not None
    return after - before
