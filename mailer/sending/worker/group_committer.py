"""Group commits in the event loop, so that no mail waits for a thread's turn.

Whatever marks and results have gathered while the last commit was under way go into the next one. A database that goes
away is waited for in a thread, half a lease at most, as the ledger does; when that fails, the sender is told at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple

import structlog
from psycopg2 import Error, InterfaceError, OperationalError
from psycopg2.extensions import POLL_WRITE
from psycopg2.extensions import connection as Connection  # noqa: N812

from mailer.sending.database_connections import OneAtATime, Patience, execute, is_away
from mailer.sending.worker import statements
from mailer.sending.worker.claims import AttemptEntry, Claim
from mailer.sending.worker.group_commit import GroupCommit, Writer

log = structlog.get_logger()
LOOK_EVERY = 0.1  # seconds
GATHERED_FOR = 8  # turns of the event loop


class Mark(NamedTuple):
    """One question: may the content of this mail leave?"""

    claim: Claim
    position: int
    answer: Callable[[bool], None]


Committed = Callable[[list[tuple[Mark, bool]], list[AttemptEntry]], None]
Failed = Callable[[BaseException], None]


class GroupCommitter:
    """Takes marks and entries, and hands them back once they are committed.

    `connect` (`database_connections.connector`) makes asynchronous connections in any thread; the first is made here.
    """

    _loop: asyncio.AbstractEventLoop  # from `start` on, with whom it answers
    _committed: Committed
    _failed: Failed
    _waiting: Callable[[], None]
    _round: GroupCommit  # on its way
    _cursor: Any

    def __init__(self, connect: Callable[[], Connection], writer: Writer) -> None:
        self._connect = connect
        self._one_at_a_time = OneAtATime()
        self._writer = writer
        self._inbox: list[Mark | AttemptEntry] = []
        self._batch: list[Mark | AttemptEntry] = []  # on its way
        self._is_scheduled = self._is_over = self._is_writing = False
        self._waiter: asyncio.Task[None] | None = None
        self._fd = -1  # watched
        self._idle = asyncio.Event()
        self._connection = self._connected()

    def start(self, committed: Committed, failed: Failed, waiting: Callable[[], None] = lambda: None) -> None:
        """Begin in the running loop. `committed` gets the marks with their answers and the entries written; `failed` is
        told once, and then nothing more happens; `waiting` is called when a round has left for the database.
        """
        self._loop = asyncio.get_running_loop()
        self._committed, self._failed, self._waiting = committed, failed, waiting
        self._watch()

    def put(self, item: Mark | AttemptEntry) -> None:
        """Put it into the next commit; returns at once."""
        self._inbox.append(item)
        if not self._batch:
            self._schedule()

    def look(self) -> None:
        """To be called now and then: notice a lost connection that the loop is silent about.

        libuv reports a reset socket as a bad one and stops watching it (`uv__poll_io`), so no reader is ever called.
        """
        if self._batch and self._waiter is None and not self._is_over:
            self._advance()

    async def end(self) -> None:
        """Commit what was put before."""
        while (self._batch or self._inbox) and not self._is_over:
            self._idle.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), LOOK_EVERY)
            self.look()
        self.stop()

    def stop(self) -> None:
        """Leave the loop at once; what is not committed is lost."""
        self._is_over = True
        if self._waiter is not None:
            self._waiter.cancel()
        self._unwatch()
        self._idle.set()

    def close(self) -> None:
        """Give the connection back to the server."""
        self._connection.close()

    # -- a round -----------------------------------------------------------------------------------------------------

    def _schedule(self) -> None:
        """Begin a round with whatever else the next turns of the loop bring: a large one costs each of its mails less.

        Turns and not milliseconds, so that where little happens nobody waits.
        """
        if not (self._is_scheduled or self._is_over):
            self._is_scheduled = True
            self._gather(GATHERED_FOR)

    def _gather(self, turn_count: int) -> None:
        if turn_count > 0:
            self._loop.call_soon(self._gather, turn_count - 1)
        else:
            self._begin()

    def _begin(self) -> None:
        self._is_scheduled = False
        if self._is_over or self._batch or not self._inbox:
            return
        self._batch, self._inbox = self._inbox, []
        try:
            self._round = _round_of(self._batch)
            self._cursor = self._connection.cursor()
            self._cursor.execute(*self._round.question(self._writer, is_repeated=False))
        except Exception as error:
            self._trouble(error)
        else:
            self._advance()
            self._waiting()

    def _advance(self) -> None:
        """The socket is ready: take the round a step further."""
        try:
            self._want_write(self._connection.poll() == POLL_WRITE)
            if self._batch and not self._connection.isexecuting():
                self._take(self._cursor.fetchall())
        except Exception as error:
            self._trouble(error)

    def _take(self, rows: list[tuple[int, bool]]) -> None:
        allowed = self._round.allowed(dict(rows))
        batch, self._batch = self._batch, []
        answers = [(item, item.claim.slice_id in allowed) for item in batch if isinstance(item, Mark)]
        self._committed(answers, [item for item in batch if isinstance(item, AttemptEntry)])
        if self._inbox:
            self._schedule()
        else:
            self._idle.set()

    def _trouble(self, error: Exception) -> None:
        """Wait for a database that went away; anything else ends the committer."""
        self._unwatch()
        if self._is_over:
            return
        if not is_away(error, self._connection):
            self._fail(error)
            return
        log.warning("database away, the group commit waits", run=self._writer.run_id, error=str(error).strip())
        self._connection.close()
        if self._batch and self._waiter is None:
            self._waiter = self._loop.create_task(self._wait())

    def _fail(self, error: BaseException) -> None:
        self.stop()
        self._failed(error)

    # -- a database that goes away -----------------------------------------------------------------------------------

    async def _wait(self) -> None:
        """Have the round committed on a new connection, and go on there."""
        try:
            rows = await self._loop.run_in_executor(None, self._repeat)
            self._waiter = None
            self._watch()
            self._take(rows)
        except Exception as error:
            self._waiter = None
            self._fail(error)

    def _repeat(self) -> list[tuple[int, bool]]:
        """In a thread. Nobody knows whether the commit took place whose answer was lost: the second does no harm."""
        patience = Patience(self._writer.lease_seconds)
        while True:
            patience.pause()
            try:
                self._connection = self._connected()
                with self._connection.cursor() as cursor:
                    execute(cursor, *self._round.question(self._writer, is_repeated=True))
                    return list(cursor.fetchall())
            except (OperationalError, InterfaceError):
                self._connection.close()  # it would keep the slots that the next one must take
                if self._is_over or patience.is_over:
                    raise

    def _connected(self) -> Connection:
        connection = self._connect()
        try:
            self._one_at_a_time.begin(connection)
            with connection.cursor() as cursor:
                execute(cursor, statements.PREPARE_MARK)
        except Error:
            connection.close()
            raise
        return connection

    # -- the socket ----------------------------------------------------------------------------------------------------

    def _watch(self) -> None:
        self._fd = self._connection.fileno()
        self._loop.add_reader(self._fd, self._advance)

    def _unwatch(self) -> None:
        if self._fd >= 0:
            self._want_write(False)
            self._loop.remove_reader(self._fd)
            self._fd = -1

    def _want_write(self, is_wanted: bool) -> None:
        if is_wanted and not self._is_writing:
            self._loop.add_writer(self._fd, self._advance)
        elif self._is_writing and not is_wanted:
            self._loop.remove_writer(self._fd)
        self._is_writing = is_wanted


def _round_of(batch: list[Mark | AttemptEntry]) -> GroupCommit:
    marks: dict[int, list[int]] = {}
    for item in batch:
        if isinstance(item, Mark):
            marks.setdefault(item.claim.slice_id, []).append(item.position)
    claims = {item.claim.slice_id: item.claim for item in batch}
    return GroupCommit(claims.values(), marks, [item for item in batch if isinstance(item, AttemptEntry)])
