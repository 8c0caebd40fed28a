"""When mails may leave."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.recurrence.window import EVERY_DAY, Opening, Window
from tests.recurrence.test_every_kind_of_rule import HOLIDAYS
from tests.recurrence.walker import ZONES


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_before_within_and_after_the_hours() -> None:
    window = Window("Europe/Moscow", time(9), time(18))
    today = Opening(utc("2026-11-20T06:00"), utc("2026-11-20T15:00"))
    assert window.opening(utc("2026-11-20T03:00")) == today
    assert window.opening(utc("2026-11-20T06:00")) == today
    assert window.opening(utc("2026-11-20T15:00")).opens_at == utc("2026-11-21T06:00")  # type: ignore[union-attr]


def test_a_night_belongs_to_the_day_on_which_it_begins() -> None:
    fridays = Window("UTC", time(22), time(6), (5,))
    assert fridays.is_open(utc("2026-11-21T05:59"))  # Saturday morning
    assert not fridays.is_open(utc("2026-11-20T05:00"))


def test_a_night_lasts_over_a_day_that_the_zone_skips() -> None:
    thursdays = Window("Pacific/Apia", time(20), time(6), (4,))
    assert thursdays.is_open(utc("2011-12-30T13:00"))  # 03:00 of Saturday: there was no Friday the 30th


def test_weekdays_and_holidays_are_closed() -> None:
    window = Window("UTC", None, None, (1, 2, 3, 4, 5), HOLIDAYS)
    opening = window.opening(utc("2026-05-01T10:00"))  # a holiday, then a weekend
    assert opening is not None and opening.opens_at == utc("2026-05-04T00:00")


def test_what_never_opens_says_so() -> None:
    class Always:
        def holiday(self, day: date) -> str:
            return "holiday"

        def is_weekend(self, day: date) -> bool:
            return False

        def is_worked(self, day: date) -> bool:
            return False

    assert Window("UTC", time(9), time(10), EVERY_DAY, Always()).opening(utc("2026-05-01T10:00")) is None


@given(
    st.sampled_from(ZONES),
    st.times(),
    st.times(),
    st.sets(st.integers(1, 7), min_size=1),
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)),
)
@settings(max_examples=100, deadline=None)
def test_the_clock_on_the_wall_agrees(zone: str, opens: time, closes: time, days: set[int], at: datetime) -> None:
    opens, closes = opens.replace(fold=0), closes.replace(fold=0)
    window = Window(zone, opens, closes, tuple(days))
    local = at.astimezone(ZoneInfo(zone))
    offsets = {(at + timedelta(hours=hours)).astimezone(ZoneInfo(zone)).utcoffset() for hours in (-30, -12, 12, 30)}
    if len(offsets) > 1:
        return  # beside a clock change the edges are bent
    now, day = local.time().replace(fold=0), local.isoweekday()
    yesterday = (local - timedelta(days=1)).isoweekday()
    if opens < closes:
        expected = day in days and opens <= now < closes
    else:
        expected = (day in days and now >= opens) or (yesterday in days and now < closes)
    assert window.is_open(at) is expected
