"""Numbers within sentences, grouped as the reader's language does it: «1 200 писем», “1,200 mails”.

Babel's `decimalformat` does it for numbers that stand alone; counts put into a sentence took another way and stayed
bare. Only what counts things is grouped: years, codes and ids are not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask_babel import Babel, Domain, format_decimal
from jinja2 import pass_context
from werkzeug.utils import cached_property

_NAMES = (
    "num count total done planned accepted refused attempts limit left length size unsubscribed suppressed good bad "
    "found expected megabytes"
)
COUNTS = frozenset(_NAMES.split())


def grouped(values: dict[str, Any]) -> dict[str, Any]:
    """`values` for a sentence, with the counts of a thousand and more as text."""
    return {name: format_decimal(value) if _is_large(name, value) else value for name, value in values.items()}


def _is_large(name: str, value: object) -> bool:
    return name in COUNTS and type(value) is int and abs(value) >= 1000


class GroupingDomain(Domain):  # type: ignore[misc]
    """The translations that Python code asks for."""

    def gettext(self, string: str, **variables: Any) -> str:
        """As Flask-Babel's, with counts grouped."""
        return super().gettext(string, **grouped(variables))

    def ngettext(self, singular: str, plural: str, num: int, **variables: Any) -> str:
        """As Flask-Babel's, with counts grouped; the form goes by the number itself."""
        sentence: str = self.get_translations().ungettext(singular, plural, num)
        return sentence % grouped({"num": num} | variables)


class GroupingBabel(Babel):  # type: ignore[misc]
    """Flask-Babel whose sentences have their counts grouped, in code and in templates."""

    @cached_property
    def domain_instance(self) -> Domain:
        """The domain of the messages."""
        return GroupingDomain(domain=self.domain)

    def init_app(self, app: Flask, *args: Any, **options: Any) -> None:
        """Wire it into `app`."""
        super().init_app(app, *args, **options)
        names: dict[str, Any] = app.jinja_env.globals
        names["gettext"] = names["_"] = _grouping(names["gettext"])
        names["ngettext"] = _grouping(names["ngettext"], has_number=True)


def _grouping(translate: Callable[..., Any], *, has_number: bool = False) -> Callable[..., Any]:
    @pass_context
    def sentence(context: Any, *args: Any, **variables: Any) -> Any:
        if has_number:
            variables = {"num": args[2]} | variables
        return translate(context, *args, **grouped(variables))

    return sentence
