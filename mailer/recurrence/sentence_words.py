"""Words of a spoken calendar rule, Russian and English, by what they mean to the grammar."""

from __future__ import annotations

import re
from typing import NamedTuple


class Word(NamedTuple):
    """A word as typed, what kind it is, and its value."""

    text: str
    kind: str
    value: int = 0


TOKEN = re.compile(
    r"\d{4}-\d{2}-\d{2}|\d{1,2}\.\d{1,2}\.\d{4}|\d{1,2}[:.]\d{2}(?!\d|\.\d)|[ap]\.m\b\.?|\d{1,4}-?(?:го|ого|ое|му|й|е|я|ую|st|nd|rd|th)\b|\d+|[^\W\d_]+|[,;]|\S"
)
NUMERAL = re.compile(r"(\d{1,4})-?(?:го|ого|ое|му|й|е|я|ую|st|nd|rd|th)")
CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})", re.ASCII)
DASHES = frozenset("-–—")
# One line for each value: its forms.
LISTS: dict[str, dict[int, str]] = {
    "weekday": {
        1: "понедельник понедельника понедельникам понедельники monday mondays mon пн",
        2: "вторник вторника вторникам вторники tuesday tuesdays tue вт",
        3: "среда среды среду средам wednesday wednesdays wed ср",
        4: "четверг четверга четвергам четверги thursday thursdays thu чт",
        5: "пятница пятницы пятницу пятницам friday fridays fri пт",
        6: "суббота субботы субботу субботам saturday saturdays sat сб",
        7: "воскресенье воскресенья воскресеньям sunday sundays sun вс",
    },
    "month": {
        1: "январь января январе january jan", 2: "февраль февраля феврале february feb",
        3: "март марта марте march mar",
        4: "апрель апреля апреле april apr", 5: "май мая мае may", 6: "июнь июня июне june jun",
        7: "июль июля июле july jul", 8: "август августа августе august aug",
        9: "сентябрь сентября сентябре september sep", 10: "октябрь октября октябре october oct",
        11: "ноябрь ноября ноябре november nov", 12: "декабрь декабря декабре december dec",
    },
    "ordinal": {
        1: "первый первая первое первую первого первые first", 2: "второй вторая второе вторую второго вторые second",
        3: "третий третья третье третью третьего third", 4: "четвертый четвертая четвертое четвертую fourth",
        5: "пятый пятая пятое пятую fifth", -1: "последний последняя последнее последнюю последнего last",
        -2: "предпоследний предпоследняя предпоследнее предпоследнюю penultimate",
    },
    "number": {
        1: "один одну one", 2: "два две two", 3: "три three", 4: "четыре four", 5: "пять five", 6: "шесть six",
        7: "семь seven", 8: "восемь eight", 9: "девять nine", 10: "десять ten",
    },
    "unit": {
        1: "день дня дней дням day days утро morning", 2: "неделя недели неделю недель week weeks",
        3: "месяц месяца месяцев months month", 4: "год года лет году годы year years",
        5: "час часа часов hour hours",
        6: "квартал квартала quarter quarters", 7: "полгода полугодие",
    },
    "adverb": {
        1: "ежедневно daily", 2: "еженедельно weekly", 3: "ежемесячно monthly", 4: "ежегодно yearly annually",
        6: "ежеквартально quarterly", 8: "fortnightly",
    },
    "half": {0: "утра am a.m a.m.", 12: "вечера pm p.m p.m."},
    "clock": {720: "полдень noon", 0: "полночь midnight"},
    "relative": {0: "сегодня today", 1: "завтра tomorrow", 2: "послезавтра"},
}  # fmt: skip
KINDS = {
    "every": "каждый каждая каждое каждую каждые каждого every each", "other": "other",
    "times": "раз раза times", "time": "once", "at": "в во at", "by": "по", "to": "to", "on": "on", "in": "in",
    "and": "и and , ;", "or": "или or", "except": "кроме except but excluding",
    "holiday": "праздник праздника праздников праздники "
    "праздничных holiday holidays", "weekend": "выходной выходного выходным выходных выходные weekend weekends",
    "workdays": "будни будням будний будним weekdays weekday",
    "work": "рабочий рабочие рабочего рабочим рабочих working "
    "business", "until": "до until till before", "through": "through", "inclusive": "включительно inclusive",
    "from": "с со from starting начиная", "only": "только only", "date": "числа число числам", "if": "если if",
    "eve": "накануне",
    "new": "нового new", "this": "этот эту this ближайшую",
    "next": "после after next следующий ближайший", "previous": "previous предыдущий",
    "zone": "пояс поясе поясу часовой часовом часовому времени время местному местное zone zones timezone timezones "
    "time local", "whose": "клиента клиентов получателя получателей client clients recipient recipients customer "
    "customers their", "own": "своем своему собственном own ' s",
    "across": "через", "end": "конца end", "leap": "високосный високосные високосных leap",
}  # fmt: skip
GLUE = frozenset(
    [
        "the",
        "of",
        "a",
        "an",
        "а",
        "то",
        "o'clock",
        "clock",
        "o",
        "—",
        "–",
        "-",
        ".",
        "it",
        "is",
        "on",
        "на",
        "это",
    ]
)
VOCABULARY = {
    form: (kind, value) for kind, values in LISTS.items() for value, forms in values.items() for form in forms.split()
} | {form: (kind, 0) for kind, forms in KINDS.items() for form in forms.split()}


def words_of(text: str) -> list[Word]:
    """The words of a sentence, without those that only join; what means nothing here is of the kind "unknown"."""
    found: list[Word] = []
    for token in TOKEN.findall(text.lower().replace("ё", "е").replace("’", "'")):
        if found and found[-1].kind == "dash" and VOCABULARY.get(token, ("",))[0] != "weekday":
            found.pop()  # only between days of the week it says more than a comma
        if token in VOCABULARY:
            found.append(Word(token, *VOCABULARY[token]))
        elif token in DASHES and found and found[-1].kind == "weekday":
            found.append(Word(token, "dash"))
        elif token in GLUE:
            continue
        elif clock := CLOCK.fullmatch(token):
            found.append(_hour(token, int(clock[1]), int(clock[2]), found))
        elif numeral := NUMERAL.fullmatch(token):
            found.append(Word(token, "numeral", int(numeral[1])))
        elif token.isascii() and token.isdecimal():
            found.append(Word(token, "number", min(int(token), 99_999)))
        elif token.isascii() and token[0].isdecimal():  # digits of other scripts make no date
            found.append(Word(token, "day"))
        else:
            found.append(Word(token, "unknown"))
    return found if not found or found[-1].kind != "dash" else found[:-1]


def _hour(token: str, hour: int, minute: int, before: list[Word]) -> Word:
    """9:30; and 9.30 behind "at" or another time only, since 15.03 may be a day as well."""
    kinds = [word.kind for word in before[-2:]]
    is_time = ":" in token or kinds[-1:] == ["at"] or kinds == ["hour", "and"]
    return Word(token, "hour", hour * 60 + minute) if is_time and minute < 60 else Word(token, "unknown")
