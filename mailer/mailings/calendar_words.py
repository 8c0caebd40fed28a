"""Days, weekdays and months in the case that a sentence needs; a language has its words in its translations."""

from __future__ import annotations

from flask_babel import get_locale, pgettext
from flask_babel import gettext as _

GENDERS = {1: "masculine", 2: "masculine", 3: "feminine", 4: "masculine", 5: "feminine", 6: "feminine", 7: "neuter"}
ONE_BY_ONE = 10  # numbers up to here are written in words


def joined(words: list[str]) -> str:
    """With commas, and "and" before the last."""
    if len(words) < 2:
        return "".join(words)
    return _("%(others)s and %(last)s", others=", ".join(words[:-1]), last=words[-1])


def weekday_name(weekday: int) -> str:
    """The weekday's own name; 1 is Monday."""
    names = get_locale().days["stand-alone"]["wide"]
    return str(names[weekday - 1])


def on_weekdays(weekdays: tuple[int, ...]) -> str:
    """On Mondays and Wednesdays."""
    words = {
        1: pgettext("on these", "Mondays"), 2: pgettext("on these", "Tuesdays"), 3: pgettext("on these", "Wednesdays"),
        4: pgettext("on these", "Thursdays"), 5: pgettext("on these", "Fridays"), 6: pgettext("on these", "Saturdays"),
        7: pgettext("on these", "Sundays"),
    }  # fmt: skip
    return _("on %(weekdays)s", weekdays=joined([words[day] for day in weekdays]))


def months_in(months: tuple[int, ...]) -> str:
    """Months, as after "in"."""
    words = [
        pgettext("in this month", "January"), pgettext("in this month", "February"), pgettext("in this month", "March"),
        pgettext("in this month", "April"), pgettext("in this month", "May"), pgettext("in this month", "June"),
        pgettext("in this month", "July"), pgettext("in this month", "August"), pgettext("in this month", "September"),
        pgettext("in this month", "October"), pgettext("in this month", "November"),
        pgettext("in this month", "December"),
    ]  # fmt: skip
    return joined([words[month - 1] for month in sorted(set(months))])


def months_of(months: tuple[int, ...]) -> str:
    """Months, as after "the last day of"."""
    names = get_locale().months["format"]["wide"]
    return joined([str(names[month]) for month in sorted(set(months))])


def number_word(number: int, gender: str = "masculine") -> str:
    """A small number in a word, as in "every two weeks"; others in figures."""
    if number == 2:
        return pgettext("masculine", "two") if gender == "masculine" else pgettext("feminine", "two")
    words = {
        3: _("three"),
        4: _("four"),
        5: _("five"),
        6: _("six"),
        7: _("seven"),
        8: _("eight"),
        9: _("nine"),
        10: _("ten"),
    }
    return words.get(number, str(number))


def days_of_month(days: tuple[int, ...]) -> str:
    """On the 1st and 15th and on the last day."""
    numbered = [pgettext("of a month", "%(ordinal)s", ordinal=_numeral(day)) for day in sorted(set(days)) if day > 0]
    said = [_("on the %(ordinals)s", ordinals=joined(numbered))] if numbered else []
    return joined([*said, *(_from_the_end(-day) for day in sorted(set(days)) if day < 0)])


def _from_the_end(number: int) -> str:
    if number == 1:
        return _("on the last day")
    if number == 2:
        return _("on the last day but one")
    return _("on day %(number)s from the end", number=number)


def _numeral(number: int) -> str:
    if str(get_locale()) != "en":
        return str(number)
    tail = "th" if 10 < number % 100 < 14 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{tail}"


def nth_weekday(weeks: tuple[int, ...], weekdays: tuple[int, ...]) -> str:
    """On the first and third Tuesday."""
    said = []
    for weekday in weekdays:
        ordinals = [_ordinal(week, GENDERS[weekday]) for week in _by_place(weeks)]
        said.append(f"{joined(ordinals)} {_weekday_after_ordinal(weekday)}")
    return _euphonic(_("on the %(days)s", days=joined(said)))


def nth_working_day(positions: tuple[int, ...]) -> str:
    """On the first and last working day."""
    ordinals = [_ordinal(position, "masculine") for position in _by_place(positions)]
    return _euphonic(_("on the %(ordinals)s working day", ordinals=joined(ordinals)))


def _euphonic(said: str) -> str:
    """Russian says "во" before "второй"."""
    return said.replace("в втор", "во втор")


def _by_place(positions: tuple[int, ...]) -> list[int]:
    return sorted(set(positions), key=lambda position: (position < 0, position))


def _weekday_after_ordinal(weekday: int) -> str:
    return [
        pgettext("the last", "Monday"), pgettext("the last", "Tuesday"), pgettext("the last", "Wednesday"),
        pgettext("the last", "Thursday"), pgettext("the last", "Friday"), pgettext("the last", "Saturday"),
        pgettext("the last", "Sunday"),
    ][weekday - 1]  # fmt: skip


def _ordinal(position: int, gender: str) -> str:
    if gender == "masculine":
        words = {
            1: pgettext("masculine", "first"), 2: pgettext("masculine", "second"), 3: pgettext("masculine", "third"),
            4: pgettext("masculine", "fourth"), 5: pgettext("masculine", "fifth"),
            -1: pgettext("masculine", "last"), -2: pgettext("masculine", "last but one"),
        }  # fmt: skip
    elif gender == "feminine":
        words = {
            1: pgettext("feminine", "first"), 2: pgettext("feminine", "second"), 3: pgettext("feminine", "third"),
            4: pgettext("feminine", "fourth"), 5: pgettext("feminine", "fifth"),
            -1: pgettext("feminine", "last"), -2: pgettext("feminine", "last but one"),
        }  # fmt: skip
    else:
        words = {
            1: pgettext("neuter", "first"), 2: pgettext("neuter", "second"), 3: pgettext("neuter", "third"),
            4: pgettext("neuter", "fourth"), 5: pgettext("neuter", "fifth"),
            -1: pgettext("neuter", "last"), -2: pgettext("neuter", "last but one"),
        }  # fmt: skip
    if position in words:
        return words[position]
    if position > 0:
        return pgettext("masculine", "%(ordinal)s", ordinal=_numeral(position))
    return pgettext("masculine", "%(ordinal)s-last", ordinal=_numeral(-position))
