"""A rule fires when its owner's clock on the wall says so."""

from datetime import UTC, datetime

import pytest

from mailer.recurrence.moments import Note, latest_moment, moments, next_moment, upcoming
from mailer.recurrence.rule import Period, Rule

BEFORE_ALL = datetime(2000, 1, 1, tzinfo=UTC)


def rule(period: Period, first: str, zone: str = "Europe/Berlin", until: str | None = None) -> Rule:
    return Rule(period, datetime.fromisoformat(first), zone, datetime.fromisoformat(until) if until else None)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def labels(a_rule: Rule, count: int) -> list[str]:
    return [moment.key for moment in upcoming(a_rule, BEFORE_ALL, count)]


def test_once_fires_once() -> None:
    once = rule(Period.ONCE, "2026-03-10T09:00", "Europe/Moscow")
    assert [moment.at for moment in moments(once)] == [utc("2026-03-10T06:00")]
    assert next_moment(once, utc("2026-03-10T05:59")) == latest_moment(once, utc("2026-03-10T06:00"))
    assert next_moment(once, utc("2026-03-10T06:00")) is None
    assert latest_moment(once, utc("2026-03-10T05:59")) is None


def test_the_wall_clock_time_is_kept_over_both_clock_changes() -> None:
    daily = rule(Period.DAILY, "2026-01-01T09:00")
    days = {moment.key[:10]: moment.at.hour for moment in upcoming(daily, BEFORE_ALL, 366)}
    assert (days["2026-03-28"], days["2026-03-29"]) == (8, 7)
    assert (days["2026-10-24"], days["2026-10-25"]) == (7, 8)


def test_the_31st_for_fourteen_months() -> None:
    monthly = rule(Period.MONTHLY, "2027-12-31T10:00")
    assert [label[:10] for label in labels(monthly, 14)] == [
        *("2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30", "2028-05-31", "2028-06-30"),
        *("2028-07-31", "2028-08-31", "2028-09-30", "2028-10-31", "2028-11-30", "2028-12-31", "2029-01-31"),
    ]
    notes = [moment.note for moment in upcoming(monthly, BEFORE_ALL, 5)]
    assert notes == [None, None, Note.SHORT_MONTH, None, Note.SHORT_MONTH]


def test_29_february_comes_back_in_march_and_in_leap_years() -> None:
    monthly = rule(Period.MONTHLY, "2024-02-29T10:00")
    days = [label[:10] for label in labels(monthly, 49)]
    assert days[:2] == ["2024-02-29", "2024-03-29"]
    assert days[12::12] == ["2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29"]


def test_a_weekly_rule_keeps_its_weekday() -> None:
    weekly = rule(Period.WEEKLY, "2026-03-26T18:30")
    assert labels(weekly, 3) == ["2026-03-26T18:30", "2026-04-02T18:30", "2026-04-09T18:30"]


@pytest.mark.parametrize(
    ("zone", "planned", "real"),
    [
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30"),  # 03:30 in summer time
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30"),
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:40"),  # a gap of half an hour: 02:40
        ("Pacific/Apia", "2011-12-30T10:00", "2011-12-30T20:00"),  # the whole day was skipped: the 31st at 10:00
    ],
)
def test_a_time_that_the_clocks_skip_moves_later_by_the_gap(zone: str, planned: str, real: str) -> None:
    (moment,) = moments(rule(Period.ONCE, planned, zone))
    assert (moment.key, moment.at, moment.note) == (planned, utc(real), Note.SPRING_GAP)


@pytest.mark.parametrize(
    ("zone", "planned", "real"),
    [
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
    ],
)
def test_a_time_that_the_clocks_show_twice_fires_once_and_first(zone: str, planned: str, real: str) -> None:
    daily = rule(Period.DAILY, planned, zone)
    first, second = upcoming(daily, BEFORE_ALL, 2)
    assert (first.key, first.at, first.note) == (planned, utc(real), Note.AUTUMN_FOLD)
    assert (second.at - first.at).total_seconds() > 86_400 and second.note is None


def test_a_skipped_day_does_not_fire_twice_at_one_moment() -> None:
    daily = rule(Period.DAILY, "2011-12-28T10:00", "Pacific/Apia")
    assert labels(daily, 4) == ["2011-12-28T10:00", "2011-12-29T10:00", "2011-12-30T10:00", "2012-01-01T10:00"]


def test_nothing_fires_at_or_after_the_end() -> None:
    daily = rule(Period.DAILY, "2026-05-01T10:00", until="2026-05-03T10:00")
    assert labels(daily, 9) == ["2026-05-01T10:00", "2026-05-02T10:00"]
    assert next_moment(daily, utc("2026-05-02T08:00")) is None


def test_a_moment_that_the_spring_pushes_past_the_end_does_not_fire() -> None:
    daily = rule(Period.DAILY, "2026-03-28T02:30", until="2026-03-29T03:15")
    assert labels(daily, 9) == ["2026-03-28T02:30"]


def test_the_latest_moment_is_found_years_after_the_end() -> None:
    daily = rule(Period.DAILY, "2026-05-01T10:00", until="2026-05-03T10:30")
    latest = latest_moment(daily, utc("2099-01-01T00:00"))
    assert latest is not None and latest.key == "2026-05-03T10:00"


def test_a_moment_centuries_away_is_found_at_once() -> None:
    monthly = rule(Period.MONTHLY, "1970-01-31T10:00")
    found = next_moment(monthly, utc("9500-02-01T00:00"))
    assert found is not None and found.key == "9500-02-28T10:00"
    assert next_moment(monthly, utc("9999-12-31T00:00")) is None


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        next_moment(rule(Period.DAILY, "2026-05-01T10:00"), datetime(2026, 5, 1))
