"""One half of a mail's body, compiled: what is the same for everybody is encoded once."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from mailer.composing import document
from mailer.composing.contexts import Escape, html_escapes, text_escapes
from mailer.composing.document import Parts
from mailer.composing.placeholders import Gate, Placeholder, Template
from mailer.composing.quoted_printable import encode
from mailer.composing.tracking import TOKEN

Part = str | Placeholder
UNSUBSCRIBE = Placeholder("unsubscribe_url")
# How a stored HTML becomes a mail. It is kept with the HTML, so that what was written before goes on leaving as it did.
FIRST_RENDERER, RENDERER = 1, 2


@dataclass(frozen=True, slots=True)
class Slot:
    """A place in a body: which value, how it is escaped, and whether its line goes on after it."""

    placeholder: Placeholder
    escape: Escape
    is_open: bool

    def write(self, values: Mapping[str, str]) -> str:
        """The value as the reader's program gets it."""
        return self.escape(self.placeholder.fill(values))

    def encode(self, values: Mapping[str, str]) -> bytes:
        """The value as it goes on the wire."""
        value = self.write(values)
        return encode(value, is_open=self.is_open) if value else b""


@dataclass(frozen=True, slots=True)
class Body:
    """Literal texts and slots in order. The last literal ends with a line break."""

    parts: tuple[str | Slot, ...]

    def render(self, values: Mapping[str, str]) -> str:
        """The decoded text."""
        return "".join(part if isinstance(part, str) else part.write(values) for part in self.shown(values))

    def shown(self, values: Mapping[str, str]) -> Iterator[str | Slot]:
        """The parts that these values let through the gates."""
        is_shut = False
        for part in self.parts:
            gate = part.placeholder if isinstance(part, Slot) else None
            if isinstance(gate, Gate):
                is_shut = gate.opens and not values.get(gate.name)
            elif not is_shut:
                yield part

    def pieces(self) -> Iterator[bytes | Slot]:
        """The body for the wire: fixed octets and slots. A literal before a slot leaves its line open."""
        for part, following in zip(self.parts, (*self.parts[1:], None), strict=True):
            if isinstance(part, Slot):
                yield part
            else:
                is_open = isinstance(following, Slot) and not part.endswith("\n")
                yield encode(part, is_open=is_open)


def text_body(template: Template, unsubscribe_label: str) -> Body:
    """A plain text; the unsubscribe link is added below where the author left it out."""
    parts: list[str | Placeholder] = list(template.parts)
    if UNSUBSCRIBE.name not in template.names:
        if parts and isinstance(parts[-1], str):
            parts[-1] = parts[-1].rstrip()
        parts += [f"\n\n-- \n{unsubscribe_label}: ", UNSUBSCRIBE]
    return _body(parts, text_escapes)


def html_body(
    template: Template, unsubscribe_label: str, language: str, renderer: int = RENDERER, last: Sequence[Part] = ()
) -> Body:
    """A whole HTML document, the author's own or one around the author's piece of one, with the unsubscribe link where
    it was left out, and `last` behind it. The first renderer knew no documents of authors and fewer kinds of links."""
    parts, ending = list(template.parts), _html_ending(unsubscribe_label)
    if UNSUBSCRIBE.name in template.names:
        ending = []
    ending += last
    if renderer == FIRST_RENDERER:
        return _body(_framed(parts, ending, language), html_escapes)
    is_whole = document.is_document(parts)
    whole = document.with_ending(parts, ending) if is_whole else _framed(parts, ending, language)
    return _body(whole, document.escapes)


def _framed(parts: Parts, ending: Parts, language: str) -> Parts:
    head = f'<!DOCTYPE html>\n<html lang="{html.escape(language)}">\n<head><meta charset="utf-8"></head>\n<body>\n'
    return [head, *parts, *ending, "\n</body>\n</html>\n"]


def _html_ending(unsubscribe_label: str) -> Parts:
    label = html.escape(unsubscribe_label)
    return ['\n<p style="font-size:12px;color:#666666"><a href="', UNSUBSCRIBE, f'">{label}</a></p>']


def _body(parts: Iterable[Part], escapes: Callable[[Iterable[Part]], Iterator[Escape]]) -> Body:
    joined = _joined(parts)
    escape = escapes(joined)
    return Body(
        tuple(
            part if isinstance(part, str) else _slot(part, next(escape), following)
            for part, following in zip(joined, (*joined[1:], "\n"), strict=True)
        )
    )


def _slot(part: Placeholder, escape: Escape, following: Part) -> Slot:
    # A token has no character that any place would have to escape, so that one slot serves all links of a mail.
    return Slot(part, str if part == TOKEN else escape, is_open=not _starts_a_line(following))


def _joined(parts: Iterable[str | Placeholder]) -> list[str | Placeholder]:
    """Neighbouring literals as one, with plain line breaks, and a last line that ends."""
    joined: list[str | Placeholder] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part:
            joined.append(part)
    if joined and isinstance(joined[-1], str):
        joined[-1] = joined[-1].rstrip("\r\n") + "\n"
    else:
        joined.append("\n")
    return [part.replace("\r\n", "\n").replace("\r", "\n") if isinstance(part, str) else part for part in joined]


def _starts_a_line(following: str | Placeholder) -> bool:
    return isinstance(following, str) and following.startswith("\n")
