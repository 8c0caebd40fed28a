"""Hits gathered in the memory of a web process and copied into PostgreSQL twice a second: no write for each.

A process that is killed loses what came in its last half second; one that is asked to end writes first. While the
database is away hits are kept, and the oldest forgotten beyond a bound.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import deque
from collections.abc import Iterable
from datetime import datetime
from io import StringIO
from typing import Any, NamedTuple

import psycopg2
import structlog
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from mailer.extensions import db

log = structlog.get_logger()
EVERY_SECONDS = 0.5
MOST_KEPT = 200_000  # hits, of 500 bytes at most
AT_ONCE = 10_000  # in one COPY
COLUMNS = "run_id, position, link, at, is_head, is_listed, purpose, agent"
_ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\0": None})


class HitRow(NamedTuple):
    """A row of `link_hits`."""

    run_id: int
    position: int
    link: int
    at: datetime
    is_head: bool
    is_listed: bool
    purpose: str
    agent: str


class HitBuffer:
    """What one process has seen and not yet written. A thread, begun with the first hit, writes it."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._waiting: deque[HitRow] = deque(maxlen=MOST_KEPT)
        self._pid = 0
        self._begins, self._writes = threading.Lock(), threading.Lock()
        self._is_failing = False

    def add(self, hit: HitRow) -> None:
        """Keep a hit; it is written within half a second."""
        if self._pid != os.getpid():
            self._begin()
        self._waiting.append(hit)

    def flush(self) -> bool:
        """Write what waits; False, and all of it kept, while the database is away."""
        with self._writes:
            while rows := self._taken():
                if not self._write(rows):
                    room = MOST_KEPT - len(self._waiting)  # others may have come meanwhile: the oldest give way
                    self._waiting.extendleft(reversed(rows[max(0, len(rows) - room) :]))
                    return False
            return True

    def _begin(self) -> None:
        with self._begins:
            if self._pid != os.getpid():  # what a parent of this process has is the parent's to write
                self._waiting.clear()
                self._pid = os.getpid()
                threading.Thread(target=self._write_for_ever, name="hits", daemon=True).start()
                atexit.register(self.flush)

    def _write_for_ever(self) -> None:
        pause = threading.Event()
        while not pause.wait(EVERY_SECONDS):
            self.flush()

    def _taken(self) -> list[HitRow]:
        return [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]

    def _write(self, rows: list[HitRow]) -> bool:
        try:
            with self._app.app_context():
                copy(rows)
        except (SQLAlchemyError, psycopg2.Error, OSError) as error:
            if not self._is_failing:
                log.warning("clicks are kept in memory", waiting=len(rows), error=str(error))
            self._is_failing = True
            return False
        self._is_failing = False
        return True


def init_app(app: Flask) -> None:
    """Give the application its buffer."""
    app.extensions["golub_hits"] = HitBuffer(app)


def buffer() -> HitBuffer:
    """That of the current application."""
    found: HitBuffer = current_app.extensions["golub_hits"]
    return found


def copy(rows: Iterable[HitRow]) -> None:
    """Write rows into the table; they are committed."""
    lines = StringIO("".join("\t".join(map(_written, row)) + "\n" for row in rows))
    with db.engine.begin() as connection:
        cursor: Any = connection.connection.cursor()
        cursor.copy_expert(f"COPY link_hits ({COLUMNS}) FROM STDIN", lines)


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value).translate(_ESCAPED)
