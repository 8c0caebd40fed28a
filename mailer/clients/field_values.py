"""Values of own fields: from what people and spreadsheets write to the text that is kept, and what is compared by."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from mailer.clients.refused import ValueRefused
from mailer.clients.values import MAX_ATTRIBUTE, clean_text
from mailer.composing.value_forms import NO, YES
from mailer.models.client_field import ClientField, FieldType

MAX_DIGITS, MAX_PLACES = 15, 6  # of a number, before and after the decimal sign
FIRST_YEAR, LAST_YEAR = 1800, 2199
_YES = frozenset(["да", "yes", "true", "1", "+", "д", "y", "t", "on", "есть", "истина", "✓", "✔", "v"])
_NO = frozenset(["нет", "no", "false", "0", "-", "н", "n", "f", "off", "ложь", "✗", "✘", "x", "–"])
_MONEY = re.compile(r"(?:\s*(?:₽|руб\.?|р\.|rub|usd|eur|[$€£%]))$|^[$€£₽]\s*", re.IGNORECASE)
_GROUPED = re.compile(r"[+\-−]?[0-9]{1,3}(?:[ '’.,][0-9]{3})+")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+")
_DAY_FIRST = re.compile(r"([0-9]{1,2})([./-])([0-9]{1,2})\2([0-9]{4})")
_YEAR_FIRST = re.compile(r"([0-9]{4})([./-])([0-9]{1,2})\2([0-9]{1,2})")
_IN_WORDS = re.compile(r"([0-9]{1,2})\s+([^\W\d_]{3,9})\.?\s+([0-9]{4})")
_TIME = re.compile(
    r"(?:[T ]\s*[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?|\s*г\.?|\s*года)$"
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            "янв jan",
            "фев feb",
            "мар mar",
            "апр apr",
            "мая май may",
            "июн jun",
            "июл jul",
            "авг aug",
            "сен sep",
            "окт oct",
            "ноя nov",
            "дек dec",
        ],
        1,
    )
    for name in names.split()
}


class CleanValue(NamedTuple):
    """`text` is what is kept and shown, empty where there is nothing; `typed` goes into the slot."""

    text: str
    typed: Any = None


def clean_value(field: ClientField, raw: str) -> CleanValue:
    """What `raw` is as a value of the field; raises `ValueRefused`."""
    return clean_as(field.type, raw, field.choices)


def clean_as(kind: FieldType, raw: str, choices: Sequence[str] = ()) -> CleanValue:
    """What `raw` is as a value of the type; raises `ValueRefused`."""
    text = clean_text(raw, MAX_ATTRIBUTE)
    if not text or kind is FieldType.TEXT:
        return CleanValue(text)
    if kind is FieldType.CHOICE:
        return CleanValue(_choice(text, choices))
    if kind is FieldType.NUMBER:
        number = _number(text)
        return CleanValue(f"{number:f}", number)
    if kind is FieldType.DATE:
        day = _date(text)
        return CleanValue(day.isoformat(), day)
    is_yes = _boolean(text)
    return CleanValue(YES if is_yes else NO, is_yes)


def field_named(name: str, own: Sequence[ClientField]) -> ClientField | None:
    """The field that is called so."""
    folded = name.strip().casefold()
    return next((one for one in own if folded in (one.label.casefold(), one.key.casefold())), None)


def columns_for(
    fields: Collection[ClientField], cleaned: Mapping[int, CleanValue]
) -> tuple[dict[str, str], dict[str, Any]]:
    """Texts by key, those that are not empty, and what the slots hold, for the cleaned values by field id."""
    texts = {field.key: cleaned[field.id].text for field in fields if field.id in cleaned and cleaned[field.id].text}
    slots = {field.slot: cleaned[field.id].typed for field in fields if field.id in cleaned and field.slot}
    return texts, slots


def each_once(texts: Iterable[str]) -> list[str]:
    """Those that are not empty, each once whatever its case, as it was written first."""
    found: dict[str, str] = {}
    for text in filter(None, texts):
        found.setdefault(text.casefold(), text)
    return list(found.values())


def proposed_type(cells: Sequence[str]) -> FieldType:
    """The type that all these values have, text unless they have one of the others; digits with zeros before are text,
    and so are telephone numbers."""
    if not cells or any(re.match(r"\+|0[0-9]|[0-9()\s-]{11,}$", cell.strip()) for cell in cells):
        return FieldType.DATE if cells and _all_are(FieldType.DATE, cells) else FieldType.TEXT
    words = {cell.strip().casefold() for cell in cells}
    if words <= (_YES | _NO) and not words <= {"1", "0", "x", "v", "-", "+"}:
        return FieldType.BOOLEAN
    kinds = (FieldType.NUMBER, FieldType.DATE)
    return next((kind for kind in kinds if _all_are(kind, cells)), FieldType.TEXT)


def _all_are(kind: FieldType, cells: Sequence[str]) -> bool:
    try:
        for cell in cells:
            clean_as(kind, cell)
    except ValueRefused:
        return False
    return True


def _choice(text: str, choices: Sequence[str]) -> str:
    found = next((choice for choice in choices if choice.casefold() == text.casefold()), None)
    if found is None:
        raise ValueRefused("not_a_choice", choices=", ".join(choices[:10]))
    return found


def _number(text: str) -> Decimal:
    """One comma is a decimal sign; several of one sign, or one before the other sign, part thousands."""
    bare = _MONEY.sub("", text).strip().replace("\u00a0", " ").replace("\u202f", " ").replace("−", "-")
    last = max(bare.rfind(","), bare.rfind("."))
    whole, places = (bare, "") if last < 0 else (bare[:last], bare[last + 1 :])
    if last >= 0 and bare[last] in whole:  # the same sign again: it parts thousands
        whole, places = bare, ""
    if _GROUPED.fullmatch(whole):
        whole = re.sub(r"[ '’.,]", "", whole)
    number = f"{whole}.{places}" if places else whole
    if not _NUMBER.fullmatch(number):
        raise ValueRefused("not_a_number")
    digits, _dot, places = number.lstrip("+-").partition(".")
    if len(digits.lstrip("0")) > MAX_DIGITS or len(places.rstrip("0")) > MAX_PLACES:
        raise ValueRefused("number_too_long", digits=MAX_DIGITS, places=MAX_PLACES)
    value = Decimal(number).normalize()
    return value.quantize(Decimal(1)) if value == value.to_integral() else value


def _date(text: str) -> date:
    bare = _TIME.sub("", text).strip()
    if found := _YEAR_FIRST.fullmatch(bare):
        year, month, day = int(found[1]), int(found[3]), int(found[4])
    elif found := _DAY_FIRST.fullmatch(bare):
        year, month, day = int(found[4]), int(found[3]), int(found[1])
    elif (found := _IN_WORDS.fullmatch(bare)) and (month := _MONTHS.get(found[2][:3].casefold(), 0)):
        year, day = int(found[3]), int(found[1])
    else:
        raise ValueRefused("not_a_date")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueRefused("date_out_of_range", first=FIRST_YEAR, last=LAST_YEAR)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise ValueRefused("no_such_date") from error


def _boolean(text: str) -> bool:
    word = text.casefold()
    if word not in _YES | _NO:
        raise ValueRefused("not_yes_or_no")
    return word in _YES
