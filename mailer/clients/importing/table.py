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
    has_header: bool = True

    def rows(self) -> Iterator[Row | BrokenRow]:
        """Every row that is not empty, the header excluded."""
        rows = self._all_rows()
        if self.has_header:
            next(rows, None)
        return rows

    def first_row(self) -> list[str]:
        """The header, or the first row where there is none; empty for an empty or unreadable one."""
        row = next(self._all_rows(), None)
        return row[1] if isinstance(row, tuple) else []

    def _all_rows(self) -> Iterator[Row | BrokenRow]:
        with self.path.open(encoding=self.encoding, errors="replace", newline="") as file:
            yield from _read(_Lines(file), self.separator)


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
    reader = csv.reader(lines, delimiter=separator, strict=True)
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
            yield BrokenRow(number, _code(str(error)), first.strip()[:200])
        else:
            if any(row):
                yield number, row


def _code(error: str) -> str:
    if "field limit" in error:
        return "field_too_long"
    return "unclosed_quote" if "unexpected end" in error else "stray_quote"


def detect_separator(header: str) -> str:
    """The separator that stands most often outside quotes in the first line; `;` for a single column.

    Counting, not `csv.Sniffer`: that one finds letters to be separators.
    """
    outside = re.sub(r'"[^"]*"?', "", header)
    best = max(SEPARATORS, key=outside.count)
    return best if best in outside else ";"


def first_line(path: Path, encoding: str) -> str:
    """The first line that is not empty."""
    with path.open(encoding=encoding, errors="replace", newline=None) as file:
        for _ in range(1000):
            line = file.readline(MAX_LINE)
            if not line or line.strip():
                return line
    return ""


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
