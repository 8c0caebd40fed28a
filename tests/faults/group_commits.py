"""A worker's group commits step by step: production's committer, in an event loop that stands still in between."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ
from psycopg2.extensions import connection as Connection  # noqa: N812

from mailer.sending.database_connections import wait_until_done
from mailer.sending.worker.claims import AttemptEntry, Claim
from mailer.sending.worker.group_commit import Writer
from mailer.sending.worker.group_committer import GroupCommitter, Mark


class Fragile(Connection):
    """A connection that breaks once it is told to: when its statement has left, or when it was executed."""

    breaks_at: int | None = None  # POLL_READ or POLL_OK

    def poll(self) -> int:
        """Take a step, or break."""
        was_busy = self.isexecuting()
        state: int = super().poll()
        if was_busy and state == Fragile.breaks_at:
            Fragile.breaks_at = None
            self.close()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")
        return state


class GroupCommits:
    """One group commit at a time, each waited for."""

    def __init__(self, url: str, writer: Writer) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._committer = GroupCommitter(self._connect, writer)
        self._answers: dict[tuple[int, int], bool] = {}
        self._error: BaseException | None = None
        self._loop.run_until_complete(self._start())

    def _connect(self) -> Connection:
        connection: Connection = psycopg2.connect(self._url, connection_factory=Fragile, async_=True)
        wait_until_done(connection, 10)
        return connection

    async def _start(self) -> None:
        self._committer.start(self._committed, self._failed)

    def _committed(self, answers: list[tuple[Mark, bool]], entries: list[AttemptEntry]) -> None:
        self._answers = {(mark.claim.slice_id, mark.position): may_send for mark, may_send in answers}
        self._is_done = True

    def _failed(self, error: BaseException) -> None:
        self._error = error
        self._is_done = True

    def commit(
        self, marks: Sequence[tuple[Claim, int]], entries: Sequence[AttemptEntry], *, breaks_at: int | None = None
    ) -> dict[tuple[int, int], bool]:
        """Marks (claim and position) and entries in one commit: whether each content may leave, by slice and position.

        Raises what ended the committer, LeaseLost for one.
        """
        self._is_done = False
        Fragile.breaks_at = breaks_at
        self._loop.run_until_complete(self._commit(marks, entries))
        Fragile.breaks_at = None
        if self._error is not None:
            raise self._error
        return self._answers

    async def _commit(self, marks: Sequence[tuple[Claim, int]], entries: Sequence[AttemptEntry]) -> None:
        for claim, position in marks:
            self._committer.put(Mark(claim, position, lambda _may_send: None))
        for entry in entries:
            self._committer.put(entry)
        while not self._is_done:
            await asyncio.sleep(0)

    def close(self) -> None:
        """Leave everything as it is."""
        self._committer.stop()
        self._committer.close()
        self._loop.close()


BREAKS: tuple[Any, ...] = (None, None, None, POLL_READ, POLL_OK)
