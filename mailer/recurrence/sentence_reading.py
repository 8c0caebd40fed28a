"""A sentence as a row of words, and what its phrases said so far."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.rule import MonthlyOn
from mailer.recurrence.sentence_words import Word

DAY = timedelta(days=1)
UNIT_DAY, UNIT_WEEK, UNIT_MONTH, UNIT_YEAR, UNIT_HOUR, UNIT_QUARTER, UNIT_HALF = range(1, 8)


class NotUnderstood(ValueError):
    """`words` mean nothing here; or, without them, `code` says why the whole does not: `empty`, `contradiction`,
    `every_second`, `no_date`, `too_long`."""

    def __init__(self, code: str, words: tuple[str, ...] = ()) -> None:
        super().__init__(code)
        self.code, self.words = code, words


@dataclass
class Heard:
    """What the phrases said so far."""

    today: date
    unit: int = 0
    every: int = 1
    weekdays: list[int] = field(default_factory=list)
    months: list[int] = field(default_factory=list)
    not_months: list[int] = field(default_factory=list)
    days: list[int] = field(default_factory=list)
    kind: MonthlyOn | None = None
    weeks: list[int] = field(default_factory=list)
    times: list[time] = field(default_factory=list)
    dates: list[tuple[date, time | None, bool]] = field(default_factory=list)  # with whether the year was said
    starts: date | None = None
    until: datetime | None = None
    run_limit: int | None = None
    exceptions: list[date] = field(default_factory=list)
    not_weekdays: list[int] = field(default_factory=list)
    only_leap_years: bool = False
    holiday_rule: HolidayRule = HolidayRule.IGNORE
    minds_holidays: bool = False
    minds_weekends: bool = False
    workdays_only: bool = False
    in_own_zones: bool = False  # of each client


class Reader:
    """The words still ahead."""

    def __init__(self, words: list[Word]) -> None:
        self.words, self.place = words, 0

    def kind(self, ahead: int = 0) -> str:
        """Of a word ahead; empty behind the last."""
        place = self.place + ahead
        return self.words[place].kind if place < len(self.words) else ""

    def value(self, ahead: int = 0) -> int:
        """Of a word ahead."""
        return self.words[self.place + ahead].value

    def take(self, *kinds: str) -> Word | None:
        """The next word, if it is of one of these kinds."""
        if self.kind() not in kinds:
            return None
        self.place += 1
        return self.words[self.place - 1]

    def row(self, *kinds: str) -> list[int]:
        """Values joined by commas and "and"."""
        found: list[int] = []
        while self.kind() in kinds or (found and self.kind() == "and" and self.kind(1) in kinds):
            self.take("and")
            found.append(self.words[self.place].value)
            self.place += 1
        return found


def say_rhythm(heard: Heard, unit: int, every: int = 1) -> bool:
    """A rhythm is said once, or twice alike; of two in different units neither may leave any out."""
    is_other = heard.every != every if heard.unit == unit else bool(heard.unit)
    if is_other and (min if heard.unit == unit else max)(every, heard.every) > 1:
        raise NotUnderstood("contradiction")
    heard.unit, heard.every = unit, max(every, heard.every) if heard.unit in (0, unit) else every
    return True


def clock_time(reader: Reader, is_after_at: bool) -> time | None:
    """9:00, 9 am, 9 вечера, noon; a bare number after "at" only."""
    if word := reader.take("clock", "hour"):
        minutes = word.value
    elif reader.kind() == "number" and (is_after_at or reader.kind(1) == "half") and reader.value() <= 24:
        if reader.kind(1) in ("date", "month", "times") or (reader.kind(1) == "unit" and reader.value(1) != UNIT_HOUR):
            return None
        minutes = 60 * reader.value()
        reader.place += 1
        if reader.kind() == "unit" and reader.value() == UNIT_HOUR:
            reader.place += 1
    else:
        return None
    if half := reader.take("half"):
        if not _has_half(minutes // 60, half):
            return None
        minutes = minutes % 720 + 60 * half.value
    return time(*divmod(minutes, 60)) if minutes < 24 * 60 else None


def _has_half(hour: int, half: Word) -> bool:
    """Whether the hour can be said so: neither "13 am" nor "24 pm"; and «12 вечера» may be noon or midnight."""
    if hour == 12:
        return half.text.isascii()
    return hour < 12 if half.value == 0 else 0 < hour < 24


def a_date(reader: Reader, today: date) -> tuple[date, bool] | None:
    """25.12.2026, 8 марта (2027), March 8; and whether the year was said. The next such day where it was not."""
    if word := reader.take("day"):
        return _whole_date(word.text), True
    if reader.kind() in ("number", "numeral") and reader.kind(1) == "month":
        day, month = reader.value(), reader.value(1)
    elif reader.kind() == "month" and reader.kind(1) in ("number", "numeral") and reader.value(1) < 32:
        day, month = reader.value(1), reader.value()
    else:
        return None
    reader.place += 2
    year = None
    if reader.kind() == "number" and 1970 <= reader.value() < 2200:
        year = reader.value()
        reader.place += 1
        if reader.kind() == "unit" and reader.value() == UNIT_YEAR:
            reader.place += 1
    return next_date(day, month, year, today), year is not None


def _whole_date(text: str) -> date:
    numbers = [int(number) for number in re.split(r"[.-]", text)]
    try:
        return date(*(numbers if "-" in text else reversed(numbers)))
    except ValueError:
        raise NotUnderstood("no_date", (text,)) from None


def next_date(day: int, month: int, year: int | None, today: date) -> date:
    """That day of the year, or the next such day from `today` on. Errors: NotUnderstood `no_date`."""
    for asked in [year] if year is not None else range(today.year, today.year + 9):
        try:
            found = date(asked, month, day)
        except ValueError:
            continue
        if year is not None or found >= today:
            return found
    raise NotUnderstood("no_date", (f"{day}.{month:02}",))
