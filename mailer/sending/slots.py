"""Connections to a mail server that all processes share: a slot each, held as an advisory lock of PostgreSQL.

A slot ends with the database connection that holds it: a killed worker keeps none, and a worker that has lost the
database has lost its ledger too and drops its connections. Nothing is to be renewed and nothing is left behind.
"""

from __future__ import annotations

import zlib
from contextlib import suppress

from psycopg2 import Error
from psycopg2.extensions import connection as Connection  # noqa: N812


def take_slots(connection: Connection, server: str, total: int, wanted: int) -> int:
    """Take up to `wanted` of the `total` slots of the server and keep them until the connection ends. How many."""
    key = zlib.crc32(server.encode()) - 2**31  # PostgreSQL's integer has a sign
    taken = 0
    with connection, connection.cursor() as cursor:
        for slot in range(total):
            cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", (key, slot))
            row = cursor.fetchone()
            taken += bool(row and row[0])
            if taken == wanted:
                break
    return taken


def give_slots_back(connection: Connection) -> None:
    """Let go of all slots now: whoever asks next finds them free, while the end of a connection takes a moment."""
    with suppress(Error), connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock_all()")
