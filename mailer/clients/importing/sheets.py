"""Spreadsheets on their way to CSV: everything after that reads them like any other file."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import structlog

from mailer.clients.importing.archive import MAX_INFLATED
from mailer.clients.refused import ValueRefused

log = structlog.get_logger()

SUFFIXES = (".xlsx", ".ods")
_PROGRAM = Path(__file__).with_name("sheet_process.py")
_TOO_LARGE = 3  # its exit code
_SECONDS = 90
_FIRST = -1  # the first sheet that is not empty


@dataclass(frozen=True)
class Sheet:
    """A sheet as a CSV file in UTF-8, and what the sheets beside it are called."""

    csv: Path
    names: list[str]
    number: int


def sheet_of(path: Path, number: int | None = None) -> Sheet:
    """A sheet of the spreadsheet at `path`, converted unless it has been before.

    Raises `ValueRefused` for what cannot be read or would grow beyond measure.
    """
    noted = path.with_suffix(f".{_FIRST if number is None else number}.json")
    if not noted.exists():
        target = path.with_suffix(".part")
        answer = _convert(path, _FIRST if number is None else number, target)
        target.replace(path.with_suffix(f".{answer['sheet']}.csv"))
        noted.write_text(json.dumps(answer), encoding="utf-8")
    known = json.loads(noted.read_text(encoding="utf-8"))
    return Sheet(path.with_suffix(f".{known['sheet']}.csv"), known["names"], known["sheet"])


def _convert(path: Path, number: int, target: Path) -> dict[str, object]:
    program = [sys.executable, "-I", str(_PROGRAM), str(path), str(number), str(target)]
    try:
        done = subprocess.run(program, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired as late:
        raise ValueRefused("spreadsheet_too_large", megabytes=MAX_INFLATED >> 20) from late
    if done.returncode == 0:
        answer: dict[str, object] = json.loads(done.stdout)
        return answer
    target.unlink(missing_ok=True)
    log.warning("spreadsheet refused", code=done.returncode, error=done.stderr[-500:].decode(errors="replace"))
    # A signal is the system's word that a limit was met, or Rust's that there was no memory.
    if done.returncode < 0 or done.returncode == _TOO_LARGE:
        raise ValueRefused("spreadsheet_too_large", megabytes=MAX_INFLATED >> 20)
    raise ValueRefused("spreadsheet_broken")
