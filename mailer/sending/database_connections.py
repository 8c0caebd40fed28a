"""Database connections of a turn's own, apart from the session's: one that waits, for the database thread, and one that
the event loop waits for, for the group committer.
"""

from __future__ import annotations

import select
import time
from collections.abc import Callable
from functools import partial
from secrets import randbits
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ
from psycopg2.extensions import connection as Connection  # noqa: N812

from mailer.extensions import db
from mailer.locks import TRY_PAIR_FOR_SESSION, WORKER_CONNECTIONS

# Either side gives up within a minute on one that is gone without a word.
SESSION = (
    "tcp_keepalives_idle=30",
    "tcp_keepalives_interval=10",
    "tcp_keepalives_count=3",
    "plan_cache_mode=force_generic_plan",  # a prepared statement is not planned anew
    "client_connection_check_interval=2000",  # milliseconds: a statement that waits ends when nobody waits for it
)
CLIENT = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}
CONNECT_SECONDS, ANSWER_SECONDS = 5, 60


def connector() -> Callable[..., Connection]:
    """What makes such connections, in any thread; with `async_=True` they do not wait. Needs the app's context."""
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    options = " ".join(f"-c {setting}" for setting in SESSION)
    return partial(
        _connect, url, connect_timeout=CONNECT_SECONDS, application_name="golub sender", options=options, **CLIENT
    )


def _connect(*arguments: Any, **settings: Any) -> Connection:
    connection = psycopg2.connect(*arguments, **settings)
    if connection.async_:  # where libpq's own limit does not count
        wait_until_done(connection, CONNECT_SECONDS)
    return connection


class OneAtATime:
    """Sees to it that a lost connection is gone at the server before the next one of its owner speaks.

    A statement whose answer was lost may still be waiting there. Executed after its repetition it would put back
    older flags, and a mail that is on its way would not be in doubt when its worker dies.
    """

    def __init__(self) -> None:
        self._key = randbits(31)

    def begin(self, connection: Connection) -> None:
        """To be called with each new connection. OperationalError, "not yet", while the one before lives."""
        with connection.cursor() as cursor:
            execute(cursor, TRY_PAIR_FOR_SESSION, (WORKER_CONNECTIONS, self._key))
            if cursor.fetchone() != (True,):
                raise psycopg2.OperationalError("the statement of the lost connection is not over")


class Patience:
    """Pauses between tries at a database that is away: from 50 ms to 1 s, and half of `lease_seconds` in all."""

    def __init__(self, lease_seconds: float) -> None:
        self._gives_up_at = time.monotonic() + lease_seconds / 2
        self._pause = 0.05  # seconds

    @property
    def is_over(self) -> bool:
        """Whether another pause would take too long."""
        return time.monotonic() + self._pause >= self._gives_up_at

    def pause(self) -> None:
        """Sleep a little, longer each time."""
        time.sleep(self._pause)
        self._pause = min(2 * self._pause, 1.0)


def execute(cursor: Any, statement: str, arguments: object = None) -> None:
    """Execute and wait for the answer, on either kind of connection; OperationalError when one is too late."""
    cursor.execute(statement, arguments)
    if cursor.connection.async_:
        wait_until_done(cursor.connection, ANSWER_SECONDS)


def is_away(error: Exception, connection: Connection) -> bool:
    """Tell whether the database went away, as opposed to having refused something."""
    broke = isinstance(error, psycopg2.DatabaseError) and bool(connection.closed)
    return broke or isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError)


def wait_until_done(connection: Connection, seconds: float) -> None:
    """Wait for what an asynchronous connection is doing; OperationalError, and it is closed, when that takes longer."""
    gives_up_at = time.monotonic() + seconds
    while (state := connection.poll()) != POLL_OK:
        wanted = [connection.fileno()]
        rest = max(0.0, gives_up_at - time.monotonic())
        readers, writers = (wanted, []) if state == POLL_READ else ([], wanted)
        if not any(select.select(readers, writers, [], rest)):
            connection.close()
            raise psycopg2.OperationalError("the database does not answer")
