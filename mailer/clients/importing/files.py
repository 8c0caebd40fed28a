"""Where uploads lie: under names of our own, in a folder that no address of the site leads to."""

from __future__ import annotations

import uuid
from pathlib import Path

from flask import current_app
from werkzeug.datastructures import FileStorage

from mailer.clients.importing.encoding import detect_encoding
from mailer.clients.importing.magic import HEAD_BYTES, refuse_what_is_not_text
from mailer.clients.importing.report import Report
from mailer.clients.importing.table import is_blank
from mailer.clients.refused import ValueRefused

MAX_MEGABYTES = 50


def keep(upload: FileStorage) -> str:
    """Store an uploaded CSV file and return its new name; raises `ValueRefused` for what is not one."""
    head = upload.stream.read(HEAD_BYTES)
    upload.stream.seek(0)
    if not head.strip():
        raise ValueRefused("empty")
    refuse_what_is_not_text(head)
    name = uuid.uuid4().hex + ".csv"
    path = path_of(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    upload.save(path)
    try:
        _check(path)
    except ValueRefused:
        path.unlink()
        raise
    return name


def _check(path: Path) -> None:
    if path.stat().st_size > MAX_MEGABYTES * 1024 * 1024:
        raise ValueRefused("too_large", megabytes=MAX_MEGABYTES)
    if is_blank(path, detect_encoding(path)):
        raise ValueRefused("empty")


def path_of(stored_file: str) -> Path:
    """Where an upload lies."""
    return Path(current_app.config["IMPORTS_DIR"]) / stored_file


def report_of(stored_file: str) -> Report:
    """The report that belongs to an upload."""
    return Report(path_of(stored_file).with_suffix(".report.jsonl"))
