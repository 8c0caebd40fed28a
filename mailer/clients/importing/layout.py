"""How a file is laid out: which sign separates its cells, and which row names its columns."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from mailer.clients.importing.names import field_called
from mailer.clients.importing.table import SEPARATORS, BrokenRow, Row, Table, hinted_separator

SAMPLE_ROWS = 1000  # what is looked at before anything is read in earnest
SEPARATOR_ROWS = 200
HEADER_ROWS = 10  # a header stands in one of the first rows or nowhere
_ADDRESS = re.compile(r"[^@\s;,|\"<>]+@[^@\s;,|\"<>]+\.[^@\s;,|\"<>]{2,}")


def is_address(cell: str) -> bool:
    """Whether a cell is written like an address and holds nothing else."""
    text = cell.strip()
    return len(text) <= 254 and _ADDRESS.fullmatch(text) is not None


def sample_of(table: Table) -> list[Row | BrokenRow]:
    """The first thousand rows that are not empty."""
    return list(islice(table.rows(), SAMPLE_ROWS))


def readable(rows: Sequence[Row | BrokenRow]) -> list[Row]:
    """Those of `rows` that could be read."""
    return [row for row in rows if isinstance(row, tuple)]


def detect_separator(path: Path, encoding: str) -> str:
    """The separator the file names (`sep=;`), else the one with which most rows have addresses and one width."""
    if hint := hinted_separator(path, encoding):
        return hint
    return max(SEPARATORS, key=lambda separator: _fitness(path, encoding, separator))


def _fitness(path: Path, encoding: str, separator: str) -> tuple[float, int]:
    rows = list(islice(Table(path, encoding, separator).rows(), SEPARATOR_ROWS))
    cells = [row[1] for row in readable(rows)]
    if not cells:
        return 0.0, 0
    widths = Counter(map(len, cells))
    usual = max(widths, key=lambda width: (widths[width], width))
    fitting = sum(1.0 if len(row) == usual else 0.5 if 1 < len(row) < usual else 0.0 for row in cells)
    with_address = sum(any("@" in cell and is_address(cell) for cell in row) for row in cells)
    return (fitting + with_address) / len(rows), usual


def detect_header(rows: Sequence[Row | BrokenRow]) -> int:
    """The number of the row that names the columns, titles above it passed over; 0 where none does.

    It stands above the first address. Of several rows there, the one with most names that are known to us, else the
    first of the fullest.
    """
    above: list[Row] = []
    for number, cells in readable(rows)[:HEADER_ROWS]:
        if any(map(is_address, cells)):
            break
        above.append((number, cells))
    if not above or (isinstance(rows[0], BrokenRow) and not any(map(_known_names, above))):
        return 0
    return max(above, key=lambda row: (_known_names(row), sum(map(bool, row[1])), -row[0]))[0]


def _known_names(row: Row) -> int:
    return len({field for cell in row[1] if (field := field_called(cell))})
