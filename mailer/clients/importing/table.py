"""A CSV file as numbered rows; what is wrong with one row never costs the next.

RFC 4180 with any of four separators and any line ends. A row that cannot be read becomes a `BrokenRow`, and reading
goes on at the line after the one where that row began: an unclosed quote swallows nothing.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

MAX_FIELD = 10_000
MAX_LINE = 50 * MAX_FIELD  # characters
MAX_LINES_OF_A_ROW = 200
SEPARATORS = (";", ",", "\t", "|")
END_OF_FILE = "\x1a"  # what DOS put after the last line
_HINT = re.compile(r"\ufeff?\"?sep=(.?)\"?", re.I)  # Excel's, in a line of its own before all others


@dataclass(frozen=True, slots=True)
class BrokenRow:
    """A row that is not CSV: its number, a reason's code, and how it begins."""

    number: int
    code: str
    text: str


Row = tuple[int, list[str]]  # its number in the file, the header and empty lines counted, as a spreadsheet shows it


@dataclass(frozen=True, slots=True)
class Table:
    """How a stored file is to be read."""

    path: Path
    encoding: str
    separator: str
    header_row: int = 0  # the number of the row that names the columns; 0 where none does

    def rows(self) -> Iterator[Row | BrokenRow]:
        """Every row after the header that is not empty; a hint at the separator (`sep=;`) is none."""
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            for row in _read(_Lines(file), self.separator):
                number = row.number if isinstance(row, BrokenRow) else row[0]
                if number > self.header_row and not (number == 1 and _is_hint(row)):
                    yield row


class _Lines:
    """The lines of a file, with a way back to the one after the line where a row began."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._again: deque[str] = deque()
        self._taken: list[str] = []

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._file.readline(MAX_LINE)
        if not line:
            raise StopIteration
        if END_OF_FILE in line:
            line = _without_end_of_file(line)
        self._taken.append(line)
        if len(self._taken) > MAX_LINES_OF_A_ROW:
            raise csv.Error("unexpected end of data")
        if len(line) == MAX_LINE and line[-1] not in "\r\n":
            self._skip_to_the_end_of_the_line()
            self._taken[-1] += "\n"  # whole from now on, should it be given back
            raise csv.Error("field larger than field limit")
        return line

    def begin_row(self) -> None:
        self._taken.clear()

    def back_to_the_second_line(self) -> str:
        """Give back all lines of this row but the first, which is returned."""
        self._again.extendleft(reversed(self._taken[1:]))
        return self._taken[0] if self._taken else ""

    def _skip_to_the_end_of_the_line(self) -> None:
        while (rest := self._file.readline(MAX_LINE)) and rest[-1] not in "\r\n":
            pass


def _read(lines: _Lines, separator: str) -> Iterator[Row | BrokenRow]:
    csv.field_size_limit(MAX_FIELD)
    # `a, "b, c"`: a space before a quotation mark does not make it a letter.
    reader = csv.reader(lines, delimiter=separator, strict=True, skipinitialspace=True)
    number = 0
    while True:
        lines.begin_row()
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            first = lines.back_to_the_second_line()
            mended = _mended(first, separator)
            yield (number, mended) if mended else BrokenRow(number, _code(str(error)), first.strip()[:200])
        else:
            if any(row):
                yield number, row


def _mended(line: str, separator: str) -> list[str] | None:
    """The cells of a line whose only fault is a space after a closing quotation mark; else None."""
    closed = re.sub(rf'(?<=.)"[ \t]+(?={re.escape(separator)}|[\r\n]*$)', '"', line) if len(line) < MAX_LINE else line
    if closed == line:
        return None
    try:
        return next(csv.reader([closed], delimiter=separator, strict=True, skipinitialspace=True))
    except csv.Error:
        return None


def _code(error: str) -> str:
    if "field limit" in error:
        return "field_too_long"
    return "unclosed_quote" if "unexpected end" in error else "stray_quote"


def _without_end_of_file(line: str) -> str:
    """A line that is nothing but the sign becomes an empty one; the last line of the file loses it at its end."""
    if not line.strip(END_OF_FILE + "\0\r\n"):
        return "\n"
    return line if line.endswith(("\r", "\n")) else line.rstrip(END_OF_FILE + "\0")


def _is_hint(row: Row | BrokenRow) -> bool:
    # With the separator that it names, the line is a cell and an empty one.
    text = row.text if isinstance(row, BrokenRow) else row[1][0]
    return _HINT.fullmatch(text.strip()) is not None


def hinted_separator(path: Path, encoding: str) -> str | None:
    """The separator that the file names itself in a first line `sep=;`, if it is one of ours."""
    with path.open(encoding=encoding, errors="replace", newline=None) as file:
        hint = _HINT.fullmatch(file.readline(20).rstrip("\n"))
    return hint[1] if hint and hint[1] in SEPARATORS else None


def is_blank(path: Path, encoding: str) -> bool:
    """Whether the first thousand lines hold nothing."""
    with path.open(encoding=encoding, errors="replace", newline=None) as file:
        return not any(file.readline(MAX_LINE).strip(END_OF_FILE + "\0 \t\n\ufeff") for _ in range(1000))


def count_lines(path: Path) -> int:
    """How many lines a file has, whatever they end with: quick, and exact unless values have several lines."""
    feeds = returns = 0
    last = b"\n"
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            last = chunk[-2:]
    return max(feeds, returns) + (not last.rstrip(b"\0").endswith((b"\n", b"\r")))
