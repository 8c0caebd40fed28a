"""Changes of the tables while others work with them: a migration waits for nobody long, and gives way to everybody.

DDL wants a table for itself. While it waits, all who come later wait behind it; and whoever holds one table and comes
to the next meets a migration that holds the next and wants the first. So a change takes the ledger's tables at once,
in the order in which senders come to them, gives up before PostgreSQL would look for a deadlock (whose victim might be
a sender), undoes everything and comes again after a pause. See docs/adr/0026.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from random import Random

from flask_babel import gettext as _
from psycopg2.errors import DeadlockDetected, LockNotAvailable
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

log = logging.getLogger("alembic.runtime.migration")
LEDGER = ("slices", "deliveries", "attempts", "runs")  # as claims and marks, the most of all, come to them
PATIENCE = 300.0  # seconds of trying
LONGEST_PAUSE = 5.0  # seconds
# Sooner than PostgreSQL looks for a deadlock, so that it is the change that ends and nobody else.
LIMIT = text(
    "SELECT set_config('lock_timeout', greatest(setting::int * 7 / 10, 50)::text, false) "
    "FROM pg_settings WHERE name = 'deadlock_timeout'"
)
IN_THE_WAY = text(
    "SELECT coalesce(nullif(application_name, ''), usename), pid, extract(epoch FROM now() - xact_start)::int "
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL "
    "ORDER BY xact_start LIMIT 3"
)


class OutOfReach(RuntimeError):
    """The database lets nobody in; the text says where it was looked for, and what was answered."""


class InTheWay(RuntimeError):
    """Somebody's transaction kept the tables all the time; nothing was changed."""


def reach(engine: Engine, setting: str) -> None:
    """Connect once. Errors: OutOfReach, which names the setting that says where."""
    try:
        engine.connect().close()
    except OperationalError as error:
        raise OutOfReach(
            _(
                "The database at %(address)s cannot be reached: %(words)s Check %(setting)s, and whether it runs.",
                address=engine.url.render_as_string(hide_password=True),
                words=" ".join(str(error.orig).split()),
                setting=setting,
            )
        ) from error


def patiently(engine: Engine, work: Callable[[Connection], None], seconds: float = PATIENCE) -> None:
    """Call `work`, which makes one transaction of its own, until it meets nobody; InTheWay after `seconds`."""
    gives_up_at, pause, random = time.monotonic() + seconds, 0.1, Random()  # noqa: S311 - no secret
    while True:
        try:
            with engine.connect() as connection:
                connection.execute(LIMIT)
                connection.commit()
                work(connection)
                connection.exec_driver_sql("RESET lock_timeout")
                connection.commit()
            return
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable | DeadlockDetected):
                raise
            if time.monotonic() + pause > gives_up_at:
                raise InTheWay(_in_the_way(engine)) from error
        log.info("Tables are in use, trying again")
        time.sleep(pause * random.uniform(0.5, 1))
        pause = min(2 * pause, LONGEST_PAUSE)


def hold_ledger(connection: Connection) -> None:
    """Until the end of the transaction the ledger is ours alone, as far as it exists."""
    there = [name for name in LEDGER if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name})]
    if there:
        connection.exec_driver_sql(f"LOCK TABLE {', '.join(there)} IN ACCESS EXCLUSIVE MODE")


def _in_the_way(engine: Engine) -> str:
    with engine.connect() as connection:
        found = [f"{name} (pid {pid}, {seconds} s)" for name, pid, seconds in connection.execute(IN_THE_WAY)]
    return _(
        "The tables are in use, and nothing was changed. The longest transactions: %(found)s. Wait for their end (a "
        "backup reads all tables to its end) or stop the workers, and run it again.",
        found=", ".join(found) or "-",
    )
