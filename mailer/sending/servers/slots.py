"""Connections to a mail server that all processes share: a slot each, held as an advisory lock of PostgreSQL.

A slot ends with the database connection that holds it: a killed worker keeps none. Nothing is to be renewed and nothing
is left behind. A worker whose database connection broke writes nothing more until it has its slots again.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from psycopg2 import Error, OperationalError
from psycopg2.extensions import connection as Connection  # noqa: N812

from mailer.locks import GIVE_BACK_ALL, TRY_SLOTS_FOR_SESSION, slots_of
from mailer.sending.database_connections import execute
from mailer.sending.servers.health import name_of
from mailer.sending.servers.mail_routes import MailRoute
from mailer.smtp.transport import Transport


class NoSlot(Exception):
    """Other workers have all the connections there may be."""


class SharedConnections:
    """A worker's part of a server's connections, for one turn.

    `connect` makes the database connection that holds them, the first time and whenever it broke; `transport` is cut to
    that part.
    """

    def __init__(self, route: MailRoute, worker_count: int, connect: Callable[[], Connection]) -> None:
        self._route = route
        self._worker_count = worker_count
        self._connect = connect
        self._connection: Connection | None = None
        self._count = 0

    def connect(self) -> Connection:
        """Raises NoSlot when there is none left; later OperationalError, "not yet", while they are another's."""
        connection = self._connect()
        try:
            self._take(connection)
        except Exception:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _take(self, connection: Connection) -> None:
        if self._route.shared is None:
            return
        wanted = self._count or self._route.wanted(self._worker_count)
        taken = take_slots(connection, name_of(self._route.transport), self._route.shared, wanted)
        if self._count and taken < self._count:
            raise OperationalError("another worker has taken the connections meanwhile")
        if not taken:
            raise NoSlot
        self._count = taken

    @property
    def transport(self) -> Transport:
        """The transport with this worker's part of the limits."""
        return self._route.cut_to(self._count, self._worker_count)

    def give_back(self) -> None:
        """Let go of them now: whoever asks next finds them free, while the end of a connection takes a moment."""
        if self._connection is not None:
            give_slots_back(self._connection)


def take_slots(connection: Connection, server: str, total: int, wanted: int) -> int:
    """Take up to `wanted` of the `total` slots of the server and keep them until the connection ends. How many."""
    with connection.cursor() as cursor:
        execute(cursor, TRY_SLOTS_FOR_SESSION, (total, slots_of(server), wanted))
        return len(cursor.fetchall())


def give_slots_back(connection: Connection) -> None:
    """Let go of all slots that the connection holds."""
    with suppress(Error), connection.cursor() as cursor:
        execute(cursor, GIVE_BACK_ALL)
