"""Clients as a CSV file that spreadsheets open and that imports again as it was."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from mailer.clients.formulas import disarm
from mailer.clients.labels import FIELDS
from mailer.clients.queries import Export

COLUMNS = ("email", "last_name", "first_name", "patronymic", "birth_year", "comment", "tags")
_CHUNK = 64 * 1024


def csv_of(rows: Iterable[Iterable[object]]) -> Iterator[bytes]:
    """RFC 4180 with a byte order mark and semicolons, as a Russian Excel expects; no cell is left to be a formula.

    Yields chunks of about 64 KB.
    """
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    text.write("\ufeff")
    for row in rows:
        writer.writerow([disarm("" if cell is None else str(cell)) for cell in row])
        if text.tell() > _CHUNK:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def table_of(export: Export) -> Iterator[list[object]]:
    """The header in the reader's language, then a row for every client."""
    yield [*(str(FIELDS[name]) for name in COLUMNS), *export.attribute_names]
    for row in export.rows:
        yield [*row[:6], ", ".join(row.tags), *_details(row, export.attribute_names)]


def _details(row: Any, names: list[str]) -> list[str]:
    return [row.attributes.get(name, "") for name in names]
