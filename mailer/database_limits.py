"""How long a request may keep the database at work. Jobs and commands have no such limits: they know what they do."""

from __future__ import annotations

from typing import Any

import psycopg2
from flask import has_request_context, request
from sqlalchemy import Engine, event
from sqlalchemy.exc import DisconnectionError

READING_MS, WRITING_MS = 10_000, 60_000  # one statement
LOCK_MS = 5_000  # waiting for somebody else's transaction
IDLE_MS = 60_000  # a transaction in which nothing happens, such as that of a download nobody reads
NOTHING_CHANGES = {"GET", "HEAD", "OPTIONS"}
_KEY = "golub_limits"


def listen(engine: Engine) -> None:
    """Give every connection that `engine` lends to a request these limits, and take them away for anything else."""
    event.listen(engine, "checkout", _set)


def _set(connection: Any, record: Any, _proxy: Any) -> None:
    statement = (READING_MS if request.method in NOTHING_CHANGES else WRITING_MS) if has_request_context() else 0
    if record.info.get(_KEY, 0) == statement:  # one round trip when it changes, none otherwise
        return
    lock, idle = (LOCK_MS, IDLE_MS) if statement else (0, 0)
    try:
        connection.autocommit = True  # or the first rollback would take them back
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, false), set_config('lock_timeout', %s, false), "
                "set_config('idle_in_transaction_session_timeout', %s, false)",
                (str(statement), str(lock), str(idle)),
            )
        connection.autocommit = False
    except psycopg2.Error as error:  # gone between the pool's own question and this: another one is lent
        raise DisconnectionError from error
    record.info[_KEY] = statement
