"""One sheet of a spreadsheet as CSV: a program of its own, so that a hostile file can take down nothing but it.

    python -I sheet_process.py FILE SHEET TARGET

Writes sheet number SHEET (of those a person sees, from 0; -1 for the first that is not empty) to TARGET and a line of
JSON to standard output: `{"names": [...], "sheet": 0}`. It imports nothing of Golub. Exit code 3: too large.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

TOO_LARGE = 3
MEMORY, SECONDS, WRITTEN = 1 << 30, 60, 100 * 2**20
MAX_SHEETS, MAX_ROWS = 100, 1_100_000


def main(path: str, asked: int, target: str) -> int:
    """Convert; the exit code."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        workbook = CalamineWorkbook.from_path(path)
        names = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible and sheet.typ == SheetTypeEnum.WorkSheet
        ][:MAX_SHEETS]
        number, sheet = _choose(workbook, names, asked)
        with open(target, "w", encoding="utf-8", newline="") as file:  # noqa: PTH123 - pathlib is an import more
            csv.writer(file).writerows(_rows(sheet))
    except (MemoryError, OSError):
        return TOO_LARGE
    sys.stdout.write(json.dumps({"names": names, "sheet": number}))
    return 0


def _choose(workbook: CalamineWorkbook, names: list[str], asked: int) -> tuple[int, CalamineSheet | None]:
    if asked >= 0:
        return asked, workbook.get_sheet_by_name(names[asked])
    for number, name in enumerate(names):
        sheet = workbook.get_sheet_by_name(name)
        if sheet.end is not None:
            return number, sheet
    return 0, None


def _rows(sheet: CalamineSheet | None) -> Iterator[list[str]]:
    """Rows with the numbers that the spreadsheet shows: empty ones stay, save for those at the end."""
    if sheet is None or sheet.start is None:
        return
    row, column = sheet.start
    waiting = row
    margin = [""] * column
    for number, cells in enumerate(sheet.iter_rows()):
        if number > MAX_ROWS:
            raise MemoryError
        texts = [_text(cell) for cell in cells]
        if not any(texts):
            waiting += 1
            continue
        yield from ([""] for _ in range(waiting))
        waiting = 0
        yield margin + texts


def _text(cell: Any) -> str:
    """What a person sees in the cell, without its format: 1985 for 1985.0, 1985-02-01 for a day."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ", "seconds")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
