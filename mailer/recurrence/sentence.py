"""A sentence that says when, Russian or English, becomes a rule; what is not understood is said, never guessed.

A sentence is a row of phrases; each takes the words that it knows and notes what they mean.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.sentence_days import dates, days_by_number, from_day_to_day, in_months, nth_of_month, week_days
from mailer.recurrence.sentence_reading import Heard, NotUnderstood, Reader, a_date
from mailer.recurrence.sentence_times import at_times, begins, ends, rhythm, within_day, work_days
from mailer.recurrence.sentence_words import Word, words_of

LONGEST = 300  # characters
SMALL = ("at", "by", "on", "in", "until", "every")  # told of only where no other word was lost


def understand(text: str, today: date) -> Heard:
    """What a sentence says. Errors: NotUnderstood."""
    if len(text) > LONGEST:
        raise NotUnderstood("too_long")
    words = words_of(text)
    if not words:
        raise NotUnderstood("empty")
    reader, heard, lost = Reader(words), Heard(today), list[Word]()
    while reader.kind():
        if reader.take("and"):
            continue
        place = reader.place
        for phrase in PHRASES:
            if phrase(reader, heard):
                break
            reader.place = place
        else:
            lost.append(words[place])
            reader.place = place + 1
    if lost:
        telling = [word.text for word in lost if word.kind not in SMALL]
        raise NotUnderstood("unknown", tuple(telling or [word.text for word in lost]))
    return heard


def _except(reader: Reader, heard: Heard) -> bool:
    """But on holidays, in August, on 31.12.2026."""
    if not reader.take("except"):
        return False
    place = -1
    while place != reader.place:
        place = reader.place
        reader.take("and")
        reader.take("on", "at", "in", "by")
        if reader.take("holiday"):
            heard.holiday_rule, heard.minds_holidays = HolidayRule.SKIP, True
        elif reader.take("weekend"):
            heard.holiday_rule, heard.minds_weekends = HolidayRule.SKIP, True
        elif (found := a_date(reader, heard.today)) is not None:
            heard.exceptions.append(found[0])
        elif reader.kind() == "month":
            heard.not_months += reader.row("month")
        elif reader.kind() == "weekday":
            heard.not_weekdays += from_day_to_day(reader) or reader.row("weekday")
        else:
            reader.place = place
    return place > 0 and reader.words[place - 1].kind != "except"


def _moved(reader: Reader, heard: Heard) -> bool:
    """If it is a holiday or a weekend, on the working day before; or the Friday before."""
    if reader.take("or"):
        reader.take("at", "on")
        has_day = reader.take("weekday", "work") is not None
        reader.take("unit")
        if not has_day:
            return False
        heard.minds_weekends = True
        return _direction(reader, heard)
    if not reader.take("if"):
        return False
    reader.take("unknown") if reader.kind() == "unknown" and reader.words[reader.place].text in FALLS else None
    while word := reader.take("holiday", "weekend", "or", "and", "unit", "at", "by"):
        heard.minds_holidays |= word.kind == "holiday"
        heard.minds_weekends |= word.kind == "weekend"
    reader.take("on")
    while reader.take("work", "unit", "at"):
        pass
    return _direction(reader, heard)


FALLS = ("выпадает", "попадает", "falls")


def _direction(reader: Reader, heard: Heard) -> bool:
    """Накануне; before; next working day."""
    if word := reader.take("eve", "previous", "until", "next"):
        heard.holiday_rule = HolidayRule.AFTER if word.kind == "next" else HolidayRule.BEFORE
        while reader.take("work", "unit", "at"):
            pass
        return True
    return False


def _own_zones(reader: Reader, heard: Heard) -> bool:
    """In each client's own time zone; по местному времени клиента."""
    reader.take("at", "on", "in", "by")
    says_whose = says_zone = False
    while word := reader.take("zone", "whose", "own", *(() if says_whose else ("every",))):
        says_whose |= word.kind == "whose"
        says_zone |= word.kind == "zone"
    heard.in_own_zones |= says_whose and says_zone
    return says_whose and says_zone


PHRASES: list[Callable[[Reader, Heard], bool]] = [
    _own_zones, _except, _moved, within_day, ends, week_days, begins, nth_of_month, rhythm, work_days, dates,
    days_by_number, in_months, at_times,
]  # fmt: skip
