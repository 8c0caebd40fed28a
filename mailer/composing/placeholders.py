"""`{{ first_name }}` and `{{ имя | "друг" }}` in a text: found, checked, replaced. Nothing else is understood.

The replacing is a single pass: a value is never looked at again, so that braces in somebody's name stay braces.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from mailer.composing.names import Vocabulary, value_of

MAX_PROBLEMS = 50  # more than a person would read
MARK = re.compile("\0([0-9]+)\0")
MAX_LENGTH = 500  # of what stands between the braces
_QUOTES = (('"', '"'), ("'", "'"), ("«", "»"), ("“", "”"), ("„", "“"), ("„", "”"), ("‘", "’"))
_DEFAULT = "|".join(f"{opening}[^{{}}{opening}{closing}\n]*{closing}" for opening, closing in _QUOTES)
_GATE = re.compile(r"(if|end):([a-z][a-z0-9]{0,9})")
_GATES = re.compile(rf"\{{\{{(?:{_GATE.pattern})\}}\}}")
# Spaces, and signs without a width that come along with what is pasted.
_SPACE = r"[\s\u00ad\u200b-\u200f\u2060\ufeff]*"
_INSIDE = re.compile(
    rf"{_SPACE}(?P<name>[\w.\-]+(?:[ \u00a0][\w.\-]+)*){_SPACE}(?:\|{_SPACE}(?P<default>{_DEFAULT}){_SPACE})?"
)


@dataclass(frozen=True, slots=True)
class PlaceholderProblem:
    """What is wrong at a place. `code` is `unknown`, `unclosed`, `syntax` or `empty`; `name` is what was typed."""

    code: str
    name: str
    suggestion: str | None
    line: int
    column: int


class PlaceholderError(ValueError):
    """A text whose placeholders cannot be used: all its problems in order, each unknown name once."""

    def __init__(self, problems: list[PlaceholderProblem]) -> None:
        super().__init__(", ".join(f"{problem.code} {problem.name!r}" for problem in problems))
        self.problems = problems


class RenderError(ValueError):
    """Values are missing for `names`, which have no default."""

    def __init__(self, names: list[str]) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A place for a value. `name` is its key: a field's English name or an attribute's own."""

    name: str
    default: str = ""

    def fill(self, values: Mapping[str, str]) -> str:
        """The value; the default where there is none."""
        return value_of(self.name, values) or self.default


@dataclass(frozen=True, slots=True)
class Gate(Placeholder):
    """Where a part begins (`opens`) or ends that only those get for whom `name` has a value; it writes nothing itself.
    Gates are put in when a letter is compiled: no author can type one, and none stands within another's part."""

    opens: bool = True

    def fill(self, values: Mapping[str, str]) -> str:
        """Nothing."""
        return ""


@dataclass(frozen=True, slots=True)
class Template:
    """A text taken apart: literal strings and placeholders in order."""

    parts: tuple[str | Placeholder, ...]

    @property
    def placeholders(self) -> list[Placeholder]:
        """The places for values, in order."""
        return [part for part in self.parts if isinstance(part, Placeholder) and not isinstance(part, Gate)]

    @property
    def marked_places(self) -> list[Placeholder]:
        """What the marks of `marked` stand for, by their numbers: gates too."""
        return [part for part in self.parts if isinstance(part, Placeholder)]

    @property
    def names(self) -> tuple[str, ...]:
        """The keys used, each once, in order."""
        return tuple(dict.fromkeys(place.name for place in self.placeholders))

    def missing(self, values: Mapping[str, str]) -> list[str]:
        """The keys that would leave a hole: no value and no default."""
        return list(dict.fromkeys(place.name for place in self.placeholders if not place.fill(values)))

    def render(self, values: Mapping[str, str], escape: Callable[[str], str] = str, *, strict: bool = False) -> str:
        """The text with values, each through `escape`. A hole is empty; RenderError when `strict`."""
        if strict and (missing := self.missing(values)):
            raise RenderError(missing)
        return "".join(part if isinstance(part, str) else escape(part.fill(values)) for part in self.parts)


def gate_name(part: str) -> str:
    """The name of the value that lets the part of a letter through; no placeholder can be called so."""
    return f"if:{part}"


def gated(text: str, part: str) -> str:
    """The text between gates."""
    return f"{{{{if:{part}}}}}{text}{{{{end:{part}}}}}"


def without_gates(text: str) -> str:
    """What everybody gets, and what some get, one after the other."""
    return _GATES.sub("", text)


def marked(parts: Iterable[str | Placeholder]) -> str:
    """The text with a numbered `MARK` for each placeholder, which neither HTML nor a link knows; literals keep their
    length."""
    pieces, number = [], 0
    for part in parts:
        if isinstance(part, Placeholder):
            pieces.append(f"\0{number}\0")
            number += 1
        else:
            pieces.append(part.replace("\0", " "))
    return "".join(pieces)


def parse(text: str, attributes: Collection[str] | None = frozenset(), *, markup: bool = False) -> Template:
    """Take a text apart, or raise PlaceholderError with all that is wrong.

    `attributes` are the owner's own names; None accepts any, and gates: the text was checked before. With `markup` the
    text is HTML: what stands between the braces is decoded first, as `sieve` leaves it.
    """
    vocabulary = Vocabulary(attributes)
    parts: list[str | Placeholder] = []
    problems: list[PlaceholderProblem] = []
    unknown: set[str] = set()
    for piece in _pieces(text):
        if piece.code == "literal":
            parts.append(piece.source)
            continue
        if attributes is None and piece.code == "inside" and (gate := _GATE.fullmatch(piece.source)):
            parts.append(Gate(gate_name(gate[2]), opens=gate[1] == "if"))
            continue
        code, name, default = _read(piece, markup)
        key = vocabulary.resolve(name) if code == "inside" else None
        if key is not None:
            parts.append(Placeholder(key, default))
        elif len(problems) < MAX_PROBLEMS and name not in unknown:
            code = "unknown" if code == "inside" else code
            suggestion = vocabulary.suggest(name) if code == "unknown" else None
            problems.append(PlaceholderProblem(code, name, suggestion, *_place(text, piece.start)))
            if code == "unknown":
                unknown.add(name)
    if problems:
        raise PlaceholderError(problems)
    return Template(tuple(part for part in parts if part))


def placed(problems: list[PlaceholderProblem], typed: str) -> list[PlaceholderProblem]:
    """The problems of a cleaned HTML text with the lines and columns of the text as it was `typed`."""
    try:
        parse(typed, markup=True)
    except PlaceholderError as error:
        places = {(problem.code, problem.name): problem for problem in error.problems}
        return [_moved(problem, places.get((problem.code, problem.name), problem)) for problem in problems]
    return problems


def _moved(problem: PlaceholderProblem, to: PlaceholderProblem) -> PlaceholderProblem:
    return replace(problem, line=to.line, column=to.column)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a well-formed placeholder stands in a text, braces included, and what is between them, decoded."""

    start: int
    end: int
    inside: str


def well_formed(markup: str) -> Iterator[Span]:
    """The placeholders of an HTML text that `parse` could read, known or not."""
    for piece in _pieces(markup):
        if piece.code == "inside" and _read(piece, markup=True)[0] == "inside":
            inside = html.unescape(piece.source).replace("\u00a0", " ")
            yield Span(piece.start, piece.start + len(piece.source) + 4, inside)


@dataclass(frozen=True, slots=True)
class _Piece:
    code: str  # literal, inside (what stands between the braces), unclosed, syntax
    source: str
    start: int


def _pieces(text: str) -> Iterator[_Piece]:
    """Split at the braces, in one pass over the text."""
    position = 0
    while (start := text.find("{{", position)) >= 0:
        yield _Piece("literal", text[position:start], position)
        inside = start + 2
        following = text.find("{{", inside)
        limit = following if following >= 0 else len(text)
        end = text.find("}}", inside, limit)
        if text[inside : inside + 1] == "{":
            position = inside + 1
            while text[position : position + 1] == "{":
                position += 1
            yield _Piece("syntax", text[start:position], start)
        elif end < 0:
            yield _Piece("unclosed", text[inside:limit], start)
            position = limit
        else:
            yield _Piece("inside", text[inside:end], start)
            position = end + 2
    yield _Piece("literal", text[position:], position)


def _read(piece: _Piece, markup: bool) -> tuple[str, str, str]:
    """Code, name and default of what stands between braces."""
    source = html.unescape(piece.source) if markup else piece.source
    shown = source.strip()[:60]
    if piece.code != "inside":
        return piece.code, shown.split("\n")[0], ""
    if not shown:
        return "empty", "", ""
    match = _INSIDE.fullmatch(source) if len(source) <= MAX_LENGTH else None
    if match is None:
        return "syntax", shown, ""
    return "inside", match["name"], (match["default"] or "")[1:-1]


def _place(text: str, start: int) -> tuple[int, int]:
    """Line and column, both from 1."""
    return text.count("\n", 0, start) + 1, start - text.rfind("\n", 0, start)
