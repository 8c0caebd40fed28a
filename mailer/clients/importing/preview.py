"""How a file would be read: its encoding and layout, some of its rows, and what each column seems to hold."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mailer.clients.importing.columns import MAX_COLUMNS, columns_of, guess_columns
from mailer.clients.importing.encoding import ENCODINGS, MARKS, SINGLE_BYTE, telling_lines
from mailer.clients.importing.files import sheets_of, source_of
from mailer.clients.importing.layout import HEADER_ROWS, detect_header, detect_separator, readable, sample_of
from mailer.clients.importing.names import own_names
from mailer.clients.importing.sheets import Sheet
from mailer.clients.importing.table import SEPARATORS, BrokenRow, Row, Table, count_lines
from mailer.clients.refused import ValueRefused
from mailer.models.client_field import ClientField

SHOWN_ROWS = 20
_SHOWN_READING = 40  # characters


@dataclass(frozen=True)
class ImportPreview:
    """A reading of the file. `detected` names what was found out rather than chosen."""

    table: Table
    detected: frozenset[str]
    names: list[str]  # of the columns; a number where the file has no name for one
    targets: list[str]
    rows: list[Row | BrokenRow]
    row_estimate: int  # lines of the file, to show progress by
    empty: frozenset[int]  # places of the columns without a value in the first thousand rows
    header_choices: list[Row]  # the rows that may be the header
    unreadable_header: BrokenRow | None  # the first row, where it is not CSV and no other names the columns
    readings: dict[str, str]  # for each encoding: how it reads the first words that encodings differ about
    sheet: Sheet | None = None  # of a spreadsheet

    @property
    def reading(self) -> str:
        """What the page sends back as `shown`."""
        return reading_of(self.table, self.sheet)

    @property
    def shown_places(self) -> list[int]:
        """The columns that have values."""
        return [place for place in range(len(self.names)) if place not in self.empty]

    @property
    def options(self) -> dict[str, Any]:
        """What the job needs to read it in the same way."""
        return {
            "encoding": self.table.encoding,
            "separator": self.table.separator,
            "header_row": self.table.header_row,
            "names": self.names,
            "sheet": self.sheet.number if self.sheet else None,
        }


def preview_of(stored_file: str, chosen: Mapping[str, str], own: Sequence[ClientField] = ()) -> ImportPreview:
    """Read a stored file as `chosen` says, else as detected.

    It may say: `encoding`, `separator`, `sheet`, and `header`, a row's number or 0.

    Raises `ValueRefused` for more than 500 columns.
    """
    path, encoding, sheet = _source(stored_file, chosen)
    if sheet is None:
        encoding = _one_of(ENCODINGS, chosen.get("encoding")) or encoding
    separator = "," if sheet else _one_of(SEPARATORS, chosen.get("separator")) or detect_separator(path, encoding)
    sample = sample_of(Table(path, encoding, separator))
    choices = [row for row in sample[:HEADER_ROWS] if isinstance(row, tuple)]
    table = Table(path, encoding, separator)
    # A header that was shown for another reading says nothing about this one.
    is_same = chosen.get("shown") in (None, reading_of(table, sheet))
    asked = _one_of({"0", *(str(number) for number, _cells in choices)}, chosen.get("header")) if is_same else None
    header_row = detect_header(sample) if asked is None else int(asked)
    table = Table(path, encoding, separator, header_row)
    rows = [row for row in sample if _number(row) > header_row]
    header = next((cells for number, cells in choices if number == header_row), [])
    cells = [row[1] for row in readable(rows)]
    names = own_names(header, _width(header, cells))
    columns = columns_of(names, header, cells)
    return ImportPreview(
        table=table,
        detected=frozenset({"encoding", "separator", "header"} - {key for key, value in chosen.items() if value}),
        names=names,
        targets=guess_columns(columns, own),
        rows=_shown(rows),
        row_estimate=max(1, count_lines(path) - header_row),
        empty=frozenset(place for place, column in enumerate(columns) if cells and not column.cells),
        header_choices=choices,
        unreadable_header=_unreadable(sample, header_row),
        readings=_readings(path),
        sheet=sheet,
    )


def _source(stored_file: str, chosen: Mapping[str, str]) -> tuple[Path, str, Sheet | None]:
    numbers = {str(number) for number in range(len(sheets_of(stored_file)))}
    number = _one_of(numbers, chosen.get("sheet"))
    return source_of(stored_file, None if number is None else int(number))


def reading_of(table: Table, sheet: Sheet | None) -> str:
    """A name for what the rows depend on, save for the header."""
    return f"{table.encoding} {table.separator} {sheet.number if sheet else ''}"


def _width(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """How many columns there are: as the header says, unless most rows have more."""
    widths = sorted(map(len, rows)) or [0]
    width = max(len(header), widths[(len(widths) - 1) // 2] if header else widths[-1])
    if width > MAX_COLUMNS:
        raise ValueRefused("too_many_columns", limit=MAX_COLUMNS)
    return width


def _shown(rows: list[Row | BrokenRow]) -> list[Row | BrokenRow]:
    """The first rows; if they are all ASCII, then the first that is not too, by which an encoding can be judged."""
    first = rows[:SHOWN_ROWS]
    if all(_is_ascii(row) for row in first):
        first += [row for row in rows[SHOWN_ROWS:] if not _is_ascii(row)][:3]
    return first


def _readings(path: Path) -> dict[str, str]:
    lines = telling_lines(path)
    if not lines or lines[0].startswith(tuple(MARKS)):
        return {}
    names = ("utf-8", *SINGLE_BYTE)
    # The line in which most is at stake, cut to where it begins.
    line = max(lines[:100], key=lambda one: sum(byte > 127 for byte in one[:200]))
    start = max(0, next(place for place, byte in enumerate(line) if byte > 127) - 1)
    return {name: line[start:].decode(name, errors="replace")[:_SHOWN_READING].strip(' ;,|\t"') for name in names}


def _unreadable(sample: list[Row | BrokenRow], header_row: int) -> BrokenRow | None:
    return sample[0] if sample and isinstance(sample[0], BrokenRow) and not header_row else None


def _is_ascii(row: Row | BrokenRow) -> bool:
    return row.text.isascii() if isinstance(row, BrokenRow) else all(map(str.isascii, row[1]))


def _number(row: Row | BrokenRow) -> int:
    return row.number if isinstance(row, BrokenRow) else row[0]


def _one_of(known: Container[str], chosen: str | None) -> str | None:
    return chosen if chosen in known else None
