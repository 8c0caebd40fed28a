"""How a file would be read: its encoding and separator, the first rows, and what each column seems to hold."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from mailer.clients.importing.columns import MAX_COLUMNS, guess_columns, looks_like_header
from mailer.clients.importing.encoding import ENCODINGS, detect_encoding
from mailer.clients.importing.files import path_of
from mailer.clients.importing.table import (
    SEPARATORS,
    BrokenRow,
    Row,
    Table,
    count_lines,
    detect_separator,
    first_line,
)
from mailer.clients.refused import ValueRefused

SHOWN_ROWS = 20


@dataclass(frozen=True)
class Preview:
    """A reading of the file. `detected` names what was found out rather than chosen."""

    table: Table
    detected: frozenset[str]
    names: list[str]  # of the columns; a number where the file has no header
    targets: list[str]
    rows: list[Row | BrokenRow]
    row_estimate: int  # lines of the file, to show progress by

    @property
    def options(self) -> dict[str, Any]:
        """What the job needs to read it in the same way."""
        return {
            "encoding": self.table.encoding,
            "separator": self.table.separator,
            "has_header": self.table.has_header,
            "names": self.names,
        }


def preview_of(stored_file: str, chosen: Mapping[str, str]) -> Preview:
    """Read a stored file as `chosen` says (`encoding`, `separator`, `header`: 1 or 0), else as detected.

    Raises `ValueRefused` for more than 50 columns.
    """
    path = path_of(stored_file)
    if not path.exists():
        raise ValueRefused("file_missing")
    encoding = _one_of(ENCODINGS, chosen.get("encoding")) or detect_encoding(path)
    separator = _one_of(SEPARATORS, chosen.get("separator")) or detect_separator(first_line(path, encoding))
    first = Table(path, encoding, separator, has_header=False).first_row()
    if len(first) > MAX_COLUMNS:
        raise ValueRefused("too_many_columns", limit=MAX_COLUMNS)
    has_header = {"1": True, "0": False}.get(chosen.get("header", ""), looks_like_header(first))
    table = Table(path, encoding, separator, has_header)
    names = first if has_header else [str(place + 1) for place in range(len(first))]
    return Preview(
        table=table,
        detected=frozenset({"encoding", "separator", "header"} - {key for key, value in chosen.items() if value}),
        names=names,
        targets=guess_columns(first, has_header),
        rows=list(islice(table.rows(), SHOWN_ROWS)),
        row_estimate=max(1, count_lines(path) - has_header),
    )


def _one_of(known: Container[str], chosen: str | None) -> str | None:
    return chosen if chosen in known else None
