"""When a step is due: arithmetic alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest

from mailer.models.series import DelayKind
from mailer.sending.series.delays import day_meant, moment_after

TEN = time(10, 0)


@pytest.mark.parametrize(
    ("kind", "count", "zone", "before", "expected"),
    [
        (DelayKind.HOURS, 3, "Europe/Moscow", "2026-03-01T10:00Z", "2026-03-01T13:00Z"),
        (DelayKind.DAYS, 0, "Europe/Moscow", "2026-03-01T06:59Z", "2026-03-01T07:00Z"),
        (DelayKind.DAYS, 0, "Europe/Moscow", "2026-03-01T07:01Z", "2026-03-02T07:00Z"),
        (DelayKind.DAYS, 1, "Europe/Moscow", "2026-03-01T20:59Z", "2026-03-02T07:00Z"),
        (DelayKind.DAYS, 1, "Europe/Moscow", "2026-03-01T21:01Z", "2026-03-03T07:00Z"),  # the day is the zone's
        (DelayKind.DAYS, 1, "Europe/Berlin", "2026-03-28T12:00Z", "2026-03-29T08:00Z"),  # summer time began
        (DelayKind.WORKING_DAYS, 0, "UTC", "2026-03-06T09:00Z", "2026-03-06T10:00Z"),  # a Friday
        (DelayKind.WORKING_DAYS, 0, "UTC", "2026-03-06T11:00Z", "2026-03-09T10:00Z"),
        (DelayKind.WORKING_DAYS, 1, "UTC", "2026-03-06T11:00Z", "2026-03-09T10:00Z"),
        (DelayKind.WORKING_DAYS, 2, "UTC", "2026-03-07T11:00Z", "2026-03-10T10:00Z"),
    ],
)
def test_a_delay_counts_on_the_clocks_of_the_zone(
    kind: DelayKind, count: int, zone: str, before: str, expected: str
) -> None:
    at = None if kind is DelayKind.HOURS else TEN
    assert moment_after(kind, count, at, zone, datetime.fromisoformat(before)) == datetime.fromisoformat(expected)


def test_a_time_that_the_clocks_skip_comes_later_by_as_much() -> None:
    before = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert moment_after(DelayKind.DAYS, 1, time(2, 30), "Europe/Berlin", before).hour == 1  # 03:30 there


def test_29_february_is_the_28th_where_there_is_none() -> None:
    assert [day_meant(date(2000, 2, 29), year) for year in (2027, 2028)] == [date(2027, 2, 28), date(2028, 2, 29)]
