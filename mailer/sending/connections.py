"""Database connections of a stretch's own, apart from the session's: one that waits, for the clerk, and one that the
event loop waits for, for the marker.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg2
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extras import wait_select

from mailer.extensions import db

SESSION = (
    "tcp_keepalives_idle=30",  # the server gives up on a machine that is gone within a minute
    "tcp_keepalives_interval=10",
    "tcp_keepalives_count=3",
    "plan_cache_mode=force_generic_plan",  # a prepared statement is not planned anew
)


def connector() -> Callable[..., Connection]:
    """What makes such connections, in any thread; with `async_=True` they do not wait. Needs the app's context."""
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    options = " ".join(f"-c {setting}" for setting in SESSION)
    return partial(_connect, url, connect_timeout=5, application_name="golub sender", options=options)


def _connect(*arguments: Any, **settings: Any) -> Connection:
    connection = psycopg2.connect(*arguments, **settings)
    if connection.async_:
        wait_select(connection)
    return connection


def execute(cursor: Any, statement: str, arguments: object = None) -> None:
    """Execute and wait for the answer, on either kind of connection."""
    cursor.execute(statement, arguments)
    if cursor.connection.async_:
        wait_select(cursor.connection)
