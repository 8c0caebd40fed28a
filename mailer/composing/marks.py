"""Placeholders carried through an HTML parser as plain words."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from itertools import count

from mailer.composing.placeholders import well_formed

# What a mark becomes again, by its last letter.
IN_TEXT, IN_ATTRIBUTE = "t", "a"


class Marks:
    """HTML whose well-formed placeholders are swapped for words that mean nothing to HTML, CSS and URLs.

    Only well-formed ones: braces around anything else stay in the parser's sight.
    """

    def __init__(self, source: str) -> None:
        lower = source.lower()
        self.prefix = next(prefix for n in count() if (prefix := f"mark{n}x") not in lower)
        self._pattern = re.compile(rf"{self.prefix}(\d+)([{IN_TEXT}{IN_ATTRIBUTE}])")
        numbers: dict[str, int] = {}
        parts, position = [], 0
        for span in well_formed(source):
            number = numbers.setdefault(span.inside, len(numbers))
            parts += [source[position : span.start], f"{self.prefix}{number}{IN_TEXT}"]
            position = span.end
        self.text = "".join([*parts, source[position:]])
        self._insides = list(numbers)

    def as_in_attribute(self, value: str) -> str:
        """The value with its marks noted as standing within quotes."""
        return self._pattern.sub(lambda mark: f"{self.prefix}{mark[1]}{IN_ATTRIBUTE}", value)

    def without(self, value: str) -> str:
        """The value with no mark left."""
        return self._pattern.sub("", value)

    def restore_html(self, marked: str) -> str:
        """HTML with its placeholders back, safe to parse as HTML."""
        return self._restore(marked, lambda inside, place: html.escape(inside, quote=place == IN_ATTRIBUTE))

    def restore_text(self, marked: str) -> str:
        """Plain text with its placeholders back."""
        return self._restore(marked, lambda inside, _: inside)

    def _restore(self, marked: str, write: Callable[[str, str], str]) -> str:
        def placeholder(mark: re.Match[str]) -> str:
            return "{{" + write(self._insides[int(mark[1])], mark[2]) + "}}"

        return self._pattern.sub(placeholder, marked)
