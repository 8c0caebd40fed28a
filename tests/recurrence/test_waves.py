"""One wall-clock time in many zones."""

from __future__ import annotations

from datetime import UTC, datetime

from mailer.recurrence.waves import moment_in, unknown_count, usable, waves_of

TEN = datetime(2026, 12, 1, 10)
OWN = "Europe/Moscow"


def utc(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 12, day, hour, minute, tzinfo=UTC)


def test_zones_come_in_the_order_of_their_moments_and_those_that_agree_together() -> None:
    counts = {"America/New_York": 2, "Europe/Moscow": 3, "Europe/Istanbul": 5, "Pacific/Kiritimati": 1, "": 4}
    waves = waves_of(TEN, counts, OWN)
    assert [(wave.at, wave.zones, wave.client_count) for wave in waves] == [
        (utc(30, 20).replace(month=11), ("Pacific/Kiritimati",), 1),
        (utc(1, 7), ("Europe/Moscow", "Europe/Istanbul"), 12),
        (utc(1, 15), ("America/New_York",), 2),
    ]


def test_a_name_that_the_zone_data_lost_is_not_known() -> None:
    assert usable("US/Pacific-New", OWN) == OWN
    assert usable("Asia/Yekaterinburg", OWN) == "Asia/Yekaterinburg"
    counts = {"US/Pacific-New": 2, "": 3, "localtime": 1, "Asia/Tokyo": 7}
    assert unknown_count(counts) == 6
    assert [(wave.zones[0], wave.client_count) for wave in waves_of(TEN, counts, OWN)] == [("Asia/Tokyo", 7), (OWN, 6)]


def test_each_zone_has_its_own_gaps_and_folds() -> None:
    in_the_gap = datetime(2027, 3, 28, 2, 30)
    assert moment_in(in_the_gap, "Europe/Berlin") == datetime(2027, 3, 28, 1, 30, tzinfo=UTC)  # 03:30 there
    assert moment_in(in_the_gap, OWN) == datetime(2027, 3, 27, 23, 30, tzinfo=UTC)
    twice = datetime(2026, 11, 1, 1, 30)
    assert moment_in(twice, "America/New_York") == datetime(2026, 11, 1, 5, 30, tzinfo=UTC)
    before, after = (waves_of(at, {"America/New_York": 1}, OWN)[0].at for at in (TEN.replace(month=10, day=31), TEN))
    assert (before.hour, after.hour) == (14, 15)  # the clocks went back between


def test_a_wave_of_nobody_is_none() -> None:
    assert waves_of(TEN, {}, OWN) == []
