"""Where uploads lie: under names of our own, in a folder that no address of the site leads to."""

from __future__ import annotations

import uuid
from pathlib import Path

from flask import current_app
from werkzeug.datastructures import FileStorage

from mailer.clients.importing.archive import check_spreadsheet
from mailer.clients.importing.encoding import detect_encoding
from mailer.clients.importing.file_signatures import ARCHIVE, HEAD_BYTES, refuse_what_is_not_text
from mailer.clients.importing.report import ImportReport
from mailer.clients.importing.sheets import SUFFIXES, Sheet, names_of, sheet_of
from mailer.clients.importing.table import is_blank
from mailer.clients.refused import ValueRefused

MAX_MEGABYTES = 50
REPORT = ".report.jsonl"


def keep(upload: FileStorage) -> str:
    """Store an uploaded table and return its new name; raises `ValueRefused` for what is not one."""
    head = upload.stream.read(HEAD_BYTES)
    upload.stream.seek(0)
    if not head.strip():
        raise ValueRefused("empty")
    is_archive = head.startswith(ARCHIVE)
    if not is_archive:
        refuse_what_is_not_text(head)
    name = uuid.uuid4().hex + ".csv"
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    upload.save(path)
    try:
        if path.stat().st_size > MAX_MEGABYTES * 1024 * 1024:
            raise ValueRefused("too_large", megabytes=MAX_MEGABYTES)
        if is_archive:
            path = path.replace(path.with_suffix(check_spreadsheet(path)))
        if is_blank(*source_of(path.name)[:2]):
            raise ValueRefused("empty")
    except ValueRefused:
        forget(name)
        raise
    return path.name


def source_of(stored_file: str, sheet: int | None = None) -> tuple[Path, str, Sheet | None]:
    """The text to read of an upload, its encoding, and which sheet it is of; raises `ValueRefused`."""
    path = path_of(stored_file)
    if not path.exists():
        raise ValueRefused("file_missing")
    if path.suffix not in SUFFIXES:
        return path, detect_encoding(path), None
    found = sheet_of(path, sheet)
    return found.csv, "utf-8", found


def sheets_of(stored_file: str) -> list[str]:
    """What the sheets of an upload are called; nothing for a text."""
    return names_of(path_of(stored_file))


def forget(stored_file: str) -> None:
    """Delete an upload and all that was made from it, save for the report."""
    report = path_of(stored_file).with_suffix(REPORT)
    for path in path_of(stored_file).parent.glob(f"{Path(stored_file).stem}.*"):
        if path != report:
            path.unlink(missing_ok=True)


def size_of(stored_file: str) -> int:
    """How many bytes an upload takes with all that was made from it."""
    paths = path_of(stored_file).parent.glob(f"{Path(stored_file).stem}.*")
    return sum(_bytes_of(path) for path in paths)


def size_of_report(stored_file: str) -> int:
    """How many bytes its report takes; 0 when there is none."""
    return _bytes_of(path_of(stored_file).with_suffix(REPORT))


def forget_report(stored_file: str) -> None:
    """Delete the report of an upload."""
    path_of(stored_file).with_suffix(REPORT).unlink(missing_ok=True)


def _bytes_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # another process has just done with it
        return 0


def path_of(stored_file: str) -> Path:
    """Where an upload lies."""
    return Path(current_app.config["IMPORTS_DIR"]) / stored_file


def report_of(stored_file: str) -> ImportReport:
    """The report that belongs to an upload."""
    return ImportReport(path_of(stored_file).with_suffix(REPORT))
