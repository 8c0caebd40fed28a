"""How a date, a number and a yes or no of a client are written in a mail: in the mail's language, or in a form that its
author gives, `{{ contract_date | "d MMMM" }}`, `{{ sum | "#,##0.00" }}`.

The letters of a form are those of CLDR (Unicode Technical Standard 35, part 4 section 8 and part 3 section 3). What is
no form of the value's kind is its default, as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from babel.dates import format_date
from babel.numbers import NumberPattern, format_decimal, parse_pattern

from mailer.composing.names import value_of
from mailer.composing.placeholders import Placeholder, Template

YES, NO = "yes", "no"  # as they are kept
_WORDS = {"ru": {YES: "да", NO: "нет"}, "en": {YES: "yes", NO: "no"}}
_DATE_FORM = re.compile(r"(?:d{1,2}|M{1,4}|L{1,4}|y{1,4}|E{1,4}|[\s.,/\-–—()]|г|'[^']*')+")
_NUMBER_FORM = re.compile(r"[^#0'.,]{0,5}(?:#+,)?#*0(?:\.0*#*)?[^#0'.,]{0,5}")


@dataclass(frozen=True, slots=True)
class FormedPlaceholder(Placeholder):
    """A place for a value that is written in a form."""

    type: str = ""
    language: str = "ru"
    form: str | None = None

    def fill(self, values: Mapping[str, str]) -> str:
        """The value in its form; the default where there is none."""
        value = value_of(self.name, values)
        return written(value, self.type, self.form, self.language) if value else self.default


def with_forms(template: Template, types: Mapping[str, str], language: str) -> Template:
    """The template with places that write the values of `types` (`number`, `date`, `boolean`, by key) in their form."""
    if not types:
        return template
    return Template(tuple(_formed(part, types, language) for part in template.parts))


def _formed(part: str | Placeholder, types: Mapping[str, str], language: str) -> str | Placeholder:
    kind = types.get(part.name) if isinstance(part, Placeholder) else None
    if isinstance(part, str) or kind is None:
        return part
    said = part.default
    if is_form(said, kind):
        return FormedPlaceholder(part.name, "", kind, language, said)
    return FormedPlaceholder(part.name, said, kind, language)


def is_form(said: str, kind: str) -> bool:
    """Whether what stands behind the bar says how values of the type are written."""
    if kind == "date":
        return any(letter in said for letter in "dMLyE") and _DATE_FORM.fullmatch(said) is not None
    return kind == "number" and _NUMBER_FORM.fullmatch(said) is not None


def written(value: str, kind: str, form: str | None, language: str) -> str:
    """A value as a reader of `language` writes it; as it is kept where it is none of its type."""
    if kind == "boolean":
        return _WORDS.get(language, _WORDS["en"]).get(value, value)
    try:
        if kind == "date":
            return _date(date.fromisoformat(value), form, language)
        return _number(Decimal(value), form, language)
    except (ValueError, InvalidOperation):
        return value


def _date(day: date, form: str | None, language: str) -> str:
    if form is None:
        form = "dd.MM.yyyy" if language == "ru" else "MMMM d, yyyy"
    return format_date(day, form.replace("г", "'г'"), locale=language)


def _number(number: Decimal, form: str | None, language: str) -> str:
    places = max(0, -int(number.as_tuple().exponent))
    pattern: str | NumberPattern = parse_pattern(form) if form else f"#,##0.{'#' * places}" if places else "#,##0"
    return format_decimal(number, format=pattern, locale=language)
