"""Phrases that say how often, at which times, and between which ends."""

from __future__ import annotations

from datetime import date, datetime, time

from mailer.recurrence.candidates import next_month
from mailer.recurrence.rule import MOST_EVERY, MOST_RUNS
from mailer.recurrence.sentence_reading import (
    DAY,
    UNIT_DAY,
    UNIT_HALF,
    UNIT_HOUR,
    UNIT_MONTH,
    UNIT_QUARTER,
    UNIT_WEEK,
    UNIT_YEAR,
    Heard,
    Reader,
    a_date,
    clock_time,
    next_date,
    say_rhythm,
)  # fmt: skip


def at_times(reader: Reader, heard: Heard) -> bool:
    """At 9:00 and 18:00."""
    is_after_at = reader.take("at") is not None
    found = [clock_time(reader, is_after_at)]
    if found[0] is None:
        return False
    while reader.kind() == "and":
        place = reader.place
        reader.take("and")
        is_at = reader.take("at") is not None
        following = clock_time(reader, is_after_at or is_at)
        if following is None:
            reader.place = place
            break
        found.append(following)
    times = [at for at in found if at is not None]
    if any(at is None for _day, at, _said in heard.dates):
        if len(times) > 1:
            heard.dates = [(day, each, said) for day, at, said in heard.dates for each in ([at] if at else times)]
        else:
            heard.dates = [(day, at or times[0], said) for day, at, said in heard.dates]
    if not heard.dates or heard.unit == UNIT_YEAR:
        heard.times += times
    return True


def within_day(reader: Reader, heard: Heard) -> bool:
    """Every two hours from 9 to 19."""
    if not reader.take("every"):
        return False
    step = number.value if (number := reader.take("number")) else 1
    if reader.kind() != "unit" or reader.value() != UNIT_HOUR:
        return False
    reader.place += 1
    if not reader.take("from") or (first := clock_time(reader, True)) is None or not reader.take("until", "to", "by"):
        return False
    last = clock_time(reader, True)
    if last is None or last < first or not 1 <= step <= 12:
        return False
    heard.times += [time(hour, first.minute) for hour in range(first.hour, last.hour + 1, step)]
    heard.times = [at for at in heard.times if at <= last]
    heard.unit = heard.unit or UNIT_DAY
    return True


ADVERBS = {6: (UNIT_MONTH, 3), 8: (UNIT_WEEK, 2)}  # other values are units


def rhythm(reader: Reader, heard: Heard) -> bool:
    """Daily; every day; every two weeks; раз в три дня; через день; every other Friday."""
    if adverb := reader.take("adverb"):
        return say_rhythm(heard, *ADVERBS.get(adverb.value, (adverb.value, 1)))
    if reader.take("across"):  # «через день» is every other one; «через три дня», «через неделю» may well be once
        if reader.kind() != "unit" or reader.value() != UNIT_DAY:
            return False
        reader.place += 1
        return say_rhythm(heard, UNIT_DAY, 2)
    is_russian_once = reader.kind() == "times" and reader.kind(1) == "at"
    if is_russian_once:
        reader.place += 2
    elif reader.take("time") and reader.kind() == "unit":  # once a week; "once" alone is said with a date
        pass
    elif not reader.take("every"):
        return False
    every = 2 if reader.take("other") else number.value if (number := reader.take("number")) else 1
    if reader.kind() == "weekday" and every > 1:
        heard.weekdays += reader.row("weekday")
        return say_rhythm(heard, UNIT_WEEK, every)
    if reader.kind() == "unit" and reader.value() != UNIT_HOUR and every <= MOST_EVERY:
        unit = reader.value()
        reader.place += 1
        if unit in (UNIT_QUARTER, UNIT_HALF):
            return say_rhythm(heard, UNIT_MONTH, every * (3 if unit == UNIT_QUARTER else 6))
        return say_rhythm(heard, unit, every)
    return False


def work_days(reader: Reader, heard: Heard) -> bool:
    """Every working day, and on weekdays."""
    reader.take("every")
    reader.take("by", "on", "at")
    if reader.take("workdays"):
        if reader.kind() == "unit":  # каждый будний день
            reader.place += 1
        heard.weekdays += [1, 2, 3, 4, 5]
        return say_rhythm(heard, UNIT_WEEK)
    if reader.take("weekend"):
        heard.weekdays += [6, 7]
        return say_rhythm(heard, UNIT_WEEK)
    if reader.take("work") and reader.kind() == "unit" and reader.value() == UNIT_DAY:
        reader.place += 1
        heard.workdays_only = True
        return say_rhythm(heard, UNIT_DAY)
    return False


def ends(reader: Reader, heard: Heard) -> bool:
    """Before June, until 1 June, по 31 мая, до конца года, ten times."""
    if reader.kind() == "number" and reader.kind(1) == "times":
        heard.run_limit = reader.value()
        reader.place += 2
        return 1 <= heard.run_limit <= MOST_RUNS
    opening = reader.take("until", "through", "by")
    if opening is None:
        return False
    last: date | None = None
    if reader.take("new"):  # until the New Year
        heard.until = datetime.combine(date(heard.today.year + 1, 1, 1), time())
        return reader.take("unit", "every") is not None and reader.words[reader.place - 1].value == UNIT_YEAR
    if reader.take("end"):
        unit = reader.take("unit")
        ends = {UNIT_YEAR: date(heard.today.year + 1, 1, 1), UNIT_MONTH: next_month(heard.today)}
        if unit is None or unit.value not in ends:
            return False
        heard.until = datetime.combine(ends[unit.value], time())
        return True
    if (found := a_date(reader, heard.today)) is not None:
        last = found[0]
    elif opening.kind != "by" and reader.kind() == "month":
        last = next_date(1, reader.value(), None, heard.today + DAY)
        reader.place += 1
    if last is None:
        return False
    at = clock_time(reader, reader.take("at") is not None) if reader.kind() in ("at", "hour") else None
    if at is None and (reader.take("inclusive") or opening.kind != "until"):
        last += DAY
    heard.until = datetime.combine(last, at or time())
    return True


def begins(reader: Reader, heard: Heard) -> bool:
    """From 1 March, from Monday, начиная с завтра."""
    if not reader.take("from"):
        return False
    reader.take("from")
    if (found := a_date(reader, heard.today)) is not None:
        heard.starts = found[0]
    elif word := reader.take("relative"):
        heard.starts = heard.today + word.value * DAY
    elif word := reader.take("weekday"):
        heard.starts = heard.today + ((word.value - heard.today.isoweekday()) % 7 or 7) * DAY
    elif word := reader.take("month"):
        heard.starts = next_date(1, word.value, None, heard.today + DAY)
    else:
        return False
    return True
