"""Phrases that say on which days: of a week, of a month, of a year, or single ones."""

from __future__ import annotations

from mailer.recurrence.rule import MonthlyOn
from mailer.recurrence.sentence_reading import (
    DAY,
    UNIT_DAY,
    UNIT_MONTH,
    UNIT_QUARTER,
    UNIT_WEEK,
    UNIT_YEAR,
    Heard,
    NotUnderstood,
    Reader,
    a_date,
    say_rhythm,
)  # fmt: skip


def week_days(reader: Reader, heard: Heard) -> bool:
    """On Mondays and Wednesdays; every Friday."""
    reader.take("every")
    reader.take("by", "on", "at")
    found = from_day_to_day(reader) or reader.row("weekday")
    if not found:
        return False
    heard.weekdays += found
    return say_rhythm(heard, UNIT_WEEK, heard.every if heard.unit == UNIT_WEEK else 1)


def from_day_to_day(reader: Reader) -> list[int]:
    """From Monday to Friday; Mon–Fri; с понедельника по пятницу. Empty, and nothing taken, where none is ahead."""
    start = int(reader.kind() == "from")
    if [reader.kind(start), reader.kind(start + 2)] != ["weekday", "weekday"]:
        return []
    if reader.kind(start + 1) not in ("to", "through", "by", "until", "dash"):
        return []
    first, last = reader.value(start), reader.value(start + 2)
    reader.place += start + 3
    return [(first - 1 + ahead) % 7 + 1 for ahead in range((last - first) % 7 + 1)]


def nth_of_month(reader: Reader, heard: Heard) -> bool:
    """The first and third Tuesday of the month; the last working day; the last Friday of February."""
    has_every = reader.take("every") is not None
    reader.take("at", "on", "by")
    weeks = reader.row("ordinal", "numeral")
    if not weeks:
        return False
    if weeks == [-1] and reader.kind() == "unknown":
        return False
    if reader.kind() == "weekday":
        weekdays = reader.row("weekday")
        if has_every and weeks == [2] and not _is_of_month(reader):
            raise NotUnderstood("every_second")
        return _of_month(reader, heard, MonthlyOn.WEEKDAY, weeks, weekdays)
    if reader.take("work"):
        if reader.kind() == "unit" and reader.value() == UNIT_DAY:
            reader.place += 1
        return _of_month(reader, heard, MonthlyOn.WORKING_DAY, weeks, [])
    if reader.kind() == "unit" and reader.value() == UNIT_DAY and all(week < 0 for week in weeks):
        reader.place += 1
        return _of_month(reader, heard, MonthlyOn.DAY, weeks, [])
    return False


def _is_of_month(reader: Reader) -> bool:
    ahead = 1 if reader.kind() in ("every", "at", "in") else 0
    if reader.kind(ahead) == "unit":
        return reader.value(ahead) in (UNIT_MONTH, UNIT_QUARTER)
    return reader.kind(ahead) == "month"


def _of_month(reader: Reader, heard: Heard, kind: MonthlyOn, numbers: list[int], weekdays: list[int]) -> bool:
    """Keep which days, and look whether a month or "of every month" follows."""
    if heard.kind not in (None, kind) or (heard.kind is not None and kind is MonthlyOn.WEEKDAY):
        raise NotUnderstood("contradiction")
    heard.kind = kind
    if kind is MonthlyOn.DAY:
        heard.days += numbers
    else:
        heard.weeks += numbers
        heard.weekdays += weekdays
    if not _is_of_month(reader):
        return True
    reader.take("every", "at", "in")
    if reader.kind() == "month":
        heard.months += reader.row("month")
        return say_rhythm(heard, UNIT_YEAR, heard.every if heard.unit == UNIT_YEAR else 1)
    if reader.value() == UNIT_QUARTER:
        heard.months += _months_of_quarters(kind, numbers)
    reader.place += 1
    return say_rhythm(heard, UNIT_MONTH, heard.every if heard.unit == UNIT_MONTH else 1)


def _months_of_quarters(kind: MonthlyOn, numbers: list[int]) -> list[int]:
    """In which months such days of a quarter are: the first ones in its first month, those from its end in its last."""
    most = {MonthlyOn.DAY: 31, MonthlyOn.WEEKDAY: 4}.get(kind, 15)
    if any(abs(number) > most for number in numbers) or min(numbers) < 0 < max(numbers):
        raise NotUnderstood("contradiction")
    return [1, 4, 7, 10] if numbers[0] > 0 else [3, 6, 9, 12]


def days_by_number(reader: Reader, heard: Heard) -> bool:
    """On the 1st and 15th; 15-го и 30-го числа каждого месяца; 15 числа."""
    reader.take("every", "on", "at", "by")
    found: list[int] = []
    while reader.kind() == "numeral" or (reader.kind() == "number" and _are_dates(reader)):
        found.append(reader.value())
        reader.place += 1
        reader.take("date")
        place = reader.place
        if reader.take("and") and reader.kind() != "numeral" and not (reader.kind() == "number" and _are_dates(reader)):
            reader.place = place
    if not found or reader.kind() == "month" or any(not 1 <= day <= 31 for day in found):
        return False
    return _of_month(reader, heard, MonthlyOn.DAY, found, [])


def _are_dates(reader: Reader) -> bool:
    """Whether the numbers ahead end in "числа"."""
    ahead = 0
    while reader.kind(ahead) in ("number", "and"):
        ahead += 1
    return reader.kind(ahead) == "date"


def dates(reader: Reader, heard: Heard) -> bool:
    """Tomorrow; this Friday; 25.12.2026; on 8 March; every 1st of January; 8 марта каждого года."""
    has_every = reader.take("every") is not None
    reader.take("on", "at")
    if word := None if has_every else reader.take("relative", "this"):
        ahead = word.value
        if word.kind == "this":
            if reader.kind() != "weekday":
                return False
            ahead = (reader.row("weekday")[0] - heard.today.isoweekday()) % 7
        heard.dates.append((heard.today + ahead * DAY, None, True))
        return True
    if (found := a_date(reader, heard.today)) is None or (has_every and found[1]):
        return False
    if has_every:
        say_rhythm(heard, UNIT_YEAR)
    elif reader.kind() == "every" and reader.kind(1) == "unit" and reader.value(1) == UNIT_YEAR:
        reader.place += 2
        say_rhythm(heard, UNIT_YEAR)
    heard.dates.append((found[0], None, found[1]))
    return True


def in_months(reader: Reader, heard: Heard) -> bool:
    """Only in March and September."""
    reader.take("only")
    if not reader.take("at", "in"):
        return False
    if reader.take("leap"):
        heard.only_leap_years = True
        return reader.kind() == "unit" and reader.take("unit") is not None
    found = reader.row("month")
    heard.months += found
    return bool(found)
