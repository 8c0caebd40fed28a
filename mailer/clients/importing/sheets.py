"""Spreadsheets on their way to CSV: everything after that reads them like any other file."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    """A sheet of the spreadsheet at `path`, converted unless it is the one that was converted last.

    One is kept: a hundred small sheets can be twenty gigabytes of text. Raises `ValueRefused` for what cannot be read
    or would grow beyond measure.
    """
    asked = _FIRST if number is None else number
    known = _noted(path, asked)
    if known is None or not _csv(path, known).exists():
        target = path.with_suffix(f".{uuid.uuid4().hex}.part")  # another process may be converting another sheet
        known = _convert(path, asked, target)
        for other in path.parent.glob(f"{path.stem}.*.csv"):
            other.unlink(missing_ok=True)
        target.replace(_csv(path, known))
        _note(path, asked).write_text(json.dumps(known), encoding="utf-8")
    return Sheet(_csv(path, known), known["names"], known["sheet"])


def names_of(path: Path) -> list[str]:
    """What the sheets of a spreadsheet that was read before are called; nothing for other files."""
    known = _noted(path, _FIRST)
    return list(known["names"]) if known else []


def _noted(path: Path, asked: int) -> dict[str, Any] | None:
    note = _note(path, asked)
    return json.loads(note.read_text(encoding="utf-8")) if note.exists() else None


def _note(path: Path, asked: int) -> Path:
    return path.with_suffix(f".{asked}.json")


def _csv(path: Path, known: dict[str, Any]) -> Path:
    return path.with_suffix(f".{known['sheet']}.csv")


def _convert(path: Path, number: int, target: Path) -> dict[str, Any]:
    program = [sys.executable, "-I", str(_PROGRAM), str(path), str(number), str(target)]
    try:
        done = subprocess.run(program, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603 - our own words
    except subprocess.TimeoutExpired as late:
        target.unlink(missing_ok=True)
        raise ValueRefused("spreadsheet_too_large", megabytes=MAX_INFLATED >> 20) from late
    if done.returncode == 0:
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer
    target.unlink(missing_ok=True)
    log.warning("spreadsheet refused", code=done.returncode, error=done.stderr[-500:].decode(errors="replace"))
    # A signal is the system's word that a limit was met, or Rust's that there was no memory.
    if done.returncode < 0 or done.returncode == _TOO_LARGE:
        raise ValueRefused("spreadsheet_too_large", megabytes=MAX_INFLATED >> 20)
    raise ValueRefused("spreadsheet_broken")
