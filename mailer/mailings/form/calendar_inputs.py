"""Kinds of input of the calendar's form, which say what is wrong in words that a person can act on."""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from wtforms import DateTimeLocalField, Field, IntegerField, TimeField
from wtforms.widgets import TextInput, html_params

from mailer.mailings.calendar_plan import require_known_year
from mailer.recurrence.rule import MOST_DATES

MOST_TIMES, MOST_EXCEPTIONS = 24, 200
LAST_WORDS = {"last": -1, "последний": -1, "последнее": -1, "последняя": -1, "предпоследний": -2, "предпоследнее": -2}
TIME = re.compile(r"\d{1,2}:\d{2}")
DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}\.\d{1,2}\.\d{4}")


class _OrNothing(Field):
    """An input that may stay empty."""

    refused_text: Any  # what is said of what cannot be read

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what the kind of input reads, or nothing. Errors: ValueError."""
        if not any(valuelist):
            self.data = None
            return
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(self.refused_text) from None


class DateTimeField(_OrNothing, DateTimeLocalField):
    """A wall-clock moment to the minute, or none."""

    refused_text = _l("There is no such date or time.")

    def process_formdata(self, valuelist: list[str]) -> None:
        """The same, without seconds. Errors: ValueError."""
        super().process_formdata(valuelist)
        if self.data is not None:
            self.data = self.data.replace(second=0, microsecond=0)


def _end_inputs(field: Any, **attributes: Any) -> Markup:
    """A date, and a time that may stay empty, under one name."""
    day, at = field.shown()
    attributes.pop("required", None)
    first = html_params(type="date", name=field.name, id=field.id, value=day, **attributes)
    second = html_params(
        type="time",
        name=field.name,
        id=f"{field.id}-time",
        value=at,
        **{**attributes, "aria-label": _("End time")},
    )
    return Markup(f'<span class="date-and-time"><input {first}><input {second}></span>')  # noqa: S704 - escaped above


class EndField(Field):
    """The wall-clock moment from which nothing happens any more. A date alone includes that day."""

    widget = staticmethod(_end_inputs)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a date and perhaps a time, in one value or in two. Errors: ValueError."""
        self.data = None
        words = " ".join(valuelist).replace("T", " ").split()
        if not words:
            return
        if len(words) == 1 and TIME.fullmatch(words[0]):
            raise ValueError(_("Choose the end date too."))
        try:
            day = date.fromisoformat(words[0])
            at = time.fromisoformat(words[1]) if len(words) > 1 else None
            self.data = (
                datetime.combine(day, at.replace(second=0, microsecond=0, tzinfo=None))
                if at is not None
                else (datetime.combine(day, time()) + timedelta(days=1))
            )
        except (ValueError, OverflowError):
            raise ValueError(_("There is no such date or time.")) from None

    def shown(self) -> tuple[str, str]:
        """The two values of the inputs."""
        if self.data is None:
            words = " ".join(str(value) for value in self.raw_data or ()).replace("T", " ").split()
            return (words[0] if words else "", words[1] if len(words) > 1 else "")
        if self.data.time() == time() and self.data.date() > date.min:
            return (self.data - timedelta(days=1)).date().isoformat(), ""
        return self.data.date().isoformat(), f"{self.data:%H:%M}"


class ListField(Field):
    """Values in one line, split at blanks, commas and semicolons."""

    widget = TextInput()
    most = MOST_EXCEPTIONS

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read the values; sorted, each once. Errors: ValueError."""
        self.data = ()
        found = {self.read(word) for word in self.split(" ".join(valuelist).replace("\0", ""))}
        if len(found) > self.most:
            raise ValueError(_("There are too many: %(most)s at most.", most=self.most))
        self.data = tuple(sorted(found))

    def split(self, text: str) -> list[str]:
        """The single values."""
        return text.replace(",", " ").replace(";", " ").split()

    def read(self, word: str) -> Any:
        """One value. Errors: ValueError."""
        raise NotImplementedError

    def write(self, value: Any) -> str:
        """One value as `read` understands it."""
        raise NotImplementedError

    def _value(self) -> str:
        return str(self.raw_data[0]) if self.raw_data else ", ".join(self.write(each) for each in self.data or ())


class TimesField(ListField):
    """Times of a day: `12:00, 18:30`."""

    most = MOST_TIMES

    def read(self, word: str) -> time:
        """A time of day."""
        return read_time(word)

    def write(self, value: time) -> str:
        """Hours and minutes."""
        return f"{value:%H:%M}"


class DatesField(ListField):
    """Dates as people here or machines write them: `31.12.2026, 2027-01-09`."""

    def read(self, word: str) -> date:
        """A date."""
        return read_date(word)

    def write(self, value: date) -> str:
        """As people here write it."""
        return value.strftime(date_pattern())


class MomentsField(ListField):
    """Dates with their times: `01.03.2027 09:00, 05.04.2027 12:00`."""

    most = MOST_DATES

    def split(self, text: str) -> list[str]:
        """At commas, semicolons and new lines."""
        return [word for word in re.split(r"[,;\n]+", text) if word.strip()]

    def read(self, word: str) -> datetime:
        """A date and a time."""
        day, *at = word.split()
        if len(at) != 1:
            raise ValueError(_("“%(word)s” needs a date and a time.", word=word.strip()[:30]))
        return datetime.combine(read_date(day), read_time(at[0]))

    def write(self, value: datetime) -> str:
        """As people here write it."""
        return value.strftime(f"{date_pattern()} %H:%M")


class NumbersField(ListField):
    """Numbers from the start of a month, or from its end: `1, 15, last`; -2 is the last but one."""

    most = 31

    def read(self, word: str) -> int:
        """A number, or a word for the last."""
        try:
            return LAST_WORDS[word.lower()] if word.lower() in LAST_WORDS else int(word.replace("−", "-"))
        except ValueError:
            raise ValueError(_("“%(word)s” is not a number. Write numbers like 1, 15, last.", word=word[:30])) from None

    def write(self, value: int) -> str:
        """The last one in words."""
        return _("last") if value == -1 else str(value)

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return ", ".join(self.write(each) for each in sorted(self.data or (), key=lambda number: (number < 0, number)))


class PlainTimeField(_OrNothing, TimeField):
    """A time of day, or none."""

    refused_text = _l("There is no such time.")


class PlainIntegerField(IntegerField):
    """A whole number."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read a whole number. Errors: ValueError."""
        try:
            super().process_formdata(valuelist)
        except ValueError:
            raise ValueError(_("Enter a whole number.")) from None


def date_pattern() -> str:
    """How dates are written in the reader's language."""
    return "%d.%m.%Y" if str(get_locale()) == "ru" else "%Y-%m-%d"


def read_time(word: str) -> time:
    """A time of day. Errors: ValueError, which says whether it is none or only written otherwise."""
    if not TIME.fullmatch(word):
        raise ValueError(_("“%(word)s” is not a time. Write times like 12:00, 18:30.", word=word[:30]))
    hours, minutes = word.split(":")
    if int(hours) > 23 or int(minutes) > 59:
        raise ValueError(_("There is no such time: %(word)s.", word=word))
    return time(int(hours), int(minutes))


def read_date(word: str) -> date:
    """A date. Errors: ValueError, which says whether there is none such, or none such in the calendar."""
    example = date(2026, 12, 31).strftime(date_pattern())
    if not DATE.fullmatch(word):
        raise ValueError(_("“%(word)s” is not a date. Write dates like %(example)s.", word=word[:30], example=example))
    numbers = [int(number) for number in re.split(r"[.-]", word)]
    year, month, day = numbers if "-" in word else reversed(numbers)
    require_known_year(year)
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(_("There is no such date: %(word)s.", word=word)) from None
