"""The ledger on one database connection: claim, mark, record, settle. Every call is one short transaction.

How a crash leaves no guess (see docs/delivery.md):

- `claim` leases one slice of a run and loads those of its deliveries that are due;
- `mark_and_record` sets, before the content of a mail leaves, that mail's flag in its slice, and takes the flag back in
  the very transaction that writes the attempt with the server's answer. A flag that a dead worker leaves behind is just
  the doubt;
- `settle` turns written attempts into the states of deliveries (counters follow by trigger) and gives the lease back.

Leases are judged by the database's clock. Whoever takes a slice over changes its token, and the former holder's calls
change nothing.

A database that goes away is waited for, half a lease at most, and the call is made once more. Nobody knows whether a
commit whose answer was lost took place, so every call is written to do no harm the second time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import structlog
from psycopg2 import DatabaseError, Error, InterfaceError
from psycopg2.extensions import connection as Connection  # noqa: N812

from mailer.sending import pacing, warm_ups
from mailer.sending.database_connections import OneAtATime, Patience, is_away
from mailer.sending.worker import statements
from mailer.sending.worker.claims import AttemptEntry, Claim, LeaseLost
from mailer.sending.worker.delivery_rows import person_of, write_progress
from mailer.sending.worker.delivery_rules import ALIKE_FROM, ALIKE_FROM_FEW, DeliveryUpdate, is_refused_too_often
from mailer.sending.worker.group_commit import GroupCommit, Writer
from mailer.sending.worker.pacer import Pacer
from mailer.sending.worker.statements import DUE
from mailer.sending.worker.warm_up_gate import WarmUpGate
from mailer.smtp.results import Outcome, Phase, Result

log = structlog.get_logger()
T = TypeVar("T")


class Ledger:
    """The ledger of one run, as one worker writes it."""

    def __init__(self, connect: Callable[[], Connection], writer: Writer, gate: WarmUpGate | None = None) -> None:
        self._connect = connect
        self._one_at_a_time = OneAtATime()
        self._connection = self._connected()
        self._prepared: Connection | None = None  # knows the statement of `mark_and_record`
        self.writer = writer
        self._run_id = writer.run_id
        self.lease_seconds = writer.lease_seconds
        self._pacer, self._gate = Pacer(), gate or WarmUpGate("", "UTC")

    def close(self) -> None:
        """Give the connection back to the server."""
        self._connection.close()

    def _connected(self) -> Connection:
        connection = self._connect()
        try:
            self._one_at_a_time.begin(connection)
            connection.commit()
        except Error:
            connection.close()
            raise
        return connection

    def claim(self, condition: str = DUE) -> tuple[Claim, Sequence[int]] | None:
        """Lease one slice with due work: the claim, and the positions that its former holder left in doubt.

        None when there is nothing to do now. The caller must settle the doubts before it sends (`recovery.recover`).
        `ABANDONED` instead of `DUE` finds what a dead worker holds, in runs that may not send too.
        """
        token = str(uuid.uuid4())
        arguments = {"run": self._run_id, "worker": self.writer.worker, "lease": self.lease_seconds, "token": token}

        def work(cursor: Any, is_repeated: bool) -> tuple[Claim, Sequence[int]] | None:
            row = None
            if is_repeated:
                cursor.execute(statements.FOUND_AGAIN, arguments)
                row = cursor.fetchone()
            if row is None:
                cursor.execute(statements.CLAIM.format(condition=condition), arguments)
                row = cursor.fetchone()
            return None if row is None else self._load(cursor, token, *row, is_to_send=condition is DUE)

        return self._patiently(work)

    def _load(
        self,
        cursor: Any,
        token: str,
        slice_id: int,
        first: int,
        last: int,
        marked: str | None,
        places: dict[str, Any] | None,
        *,
        is_to_send: bool,
    ) -> tuple[Claim, Sequence[int]]:
        cursor.execute(statements.PEOPLE, {"run": self._run_id, "first": first, "last": last})
        people = {row[0]: person_of(row) for row in cursor.fetchall()}
        doubts = [first + index for index, flag in enumerate(marked or "") if flag == "1"]
        flags = bytearray(b"0" * (last - first + 1))
        claim = Claim(slice_id, token, first, people, flags, len(people), was_left=marked is not None)
        for position in doubts:  # until they are settled, the flags say what they said
            claim.set_flag(position, True)
        passed_over = set(doubts)
        if places is not None:
            passed_over |= self._gate.take_over(cursor, self._run_id, claim, places, doubts)
        if is_to_send:
            self._gate.admit(cursor, self._run_id, people, passed_over)
            self._pacer.hold(cursor, self._run_id, people, passed_over)
            self._gate.take(cursor, slice_id)
        return claim, doubts

    def mark_and_record(
        self, claims: Iterable[Claim], marks: dict[int, list[int]], entries: Sequence[AttemptEntry]
    ) -> set[int]:
        """One group commit: set the flags of `marks` (positions by slice) and write `entries`, taking back their flags.

        Returns the ids of the slices in which content may leave now. A slice missing there is refused: its run was
        stopped, or the lease is lost; in the latter case its entries are not written and LeaseLost is raised after the
        others' commit.
        """
        round_ = GroupCommit(claims, marks, entries)
        return round_.allowed(self._patiently(partial(self._commit_round, round_)))

    def _commit_round(self, round_: GroupCommit, cursor: Any, is_repeated: bool) -> dict[int, bool]:
        if self._prepared is not self._connection:
            cursor.execute(statements.PREPARE_MARK)
            self._prepared = self._connection
        cursor.execute(*round_.question(self.writer, is_repeated=is_repeated))
        return dict(cursor.fetchall())

    def settle(self, claim: Claim, progress: Sequence[DeliveryUpdate], *, release: bool) -> None:
        """Write the states of deliveries whose attempts are written; with `release` give the slice back.

        Raises LeaseLost, and then nothing is written.
        """

        def work(cursor: Any, is_repeated: bool) -> None:
            about = {"run": self._run_id, "lease": self.lease_seconds, "slice": claim.slice_id, "token": claim.token}
            cursor.execute((statements.HOLD_RUN if progress else "") + statements.RENEW, about)
            row = cursor.fetchone()
            if row is None:
                if is_repeated and release:
                    return  # given back already, or taken over: either way it is ours no more, as we wished
                raise LeaseLost
            if progress:
                write_progress(cursor, self._run_id, progress)
            if row[0] is not None:
                self._gate.settle(cursor, claim, row[0], progress, release=release)
            if release:
                cursor.execute(statements.RELEASE, (claim.slice_id,))

        self._patiently(work)
        for each in progress:
            if (person := claim.people.get(each.position)) is not None:
                person.place = None

    def unsettled(self, claim: Claim) -> list[Result]:
        """Attempts of the claimed people that a former holder wrote and did not settle; their key is the position."""

        def work(cursor: Any, _is_repeated: bool) -> list[Result]:
            cursor.execute(
                "SELECT a.position, a.outcome, a.phase, a.smtp_code, a.enhanced_code, a.response, a.started_at, "
                "a.finished_at, a.tls FROM attempts a "
                "JOIN deliveries d ON d.run_id = a.run_id AND d.position = a.position "
                "WHERE a.run_id = %s AND a.position = ANY(%s) AND a.number > d.attempt_count "
                "ORDER BY a.position, a.number",
                (self._run_id, list(claim.people)),
            )
            return [Result(row[0], Outcome(row[1]), Phase(row[2]), *row[3:]) for row in cursor.fetchall()]

        return self._patiently(work)

    def note_no_riding(self, server: str) -> None:
        """Every worker at this server is to send no envelope behind a final dot, from its next slice on."""
        self._patiently(lambda cursor, _is_repeated: cursor.execute(statements.NOTE_NO_RIDING, {"server": server}))

    def hear(self, address: str, words: str) -> None:
        """The provider of this address says that it gets too much: it rests, for all workers."""

        def work(cursor: Any, _is_repeated: bool) -> None:
            warm_ups.note(cursor, self._gate.domain, address, warm_ups.Noted.TOLD)
            pacing.hear(cursor, address, words)

        self._patiently(work)

    def knows_no_riding(self, server: str) -> bool:
        """Whether a worker has found out just now that this server bears no envelope behind a final dot."""

        def work(cursor: Any, _is_repeated: bool) -> bool:
            cursor.execute(statements.NO_RIDING, {"server": server})
            return cursor.fetchone() is not None

        return self._patiently(work)

    def pause_for_size(self) -> bool:
        """Pause run and mailing, whose mails are too large for the server, if still nobody got one; whether it did."""

        def work(cursor: Any, _is_repeated: bool) -> bool:
            cursor.execute(statements.NOBODY_HAS_IT, {"run": self._run_id})
            row = cursor.fetchone()
            return row is not None and self._pause(cursor, row[0])

        return self._patiently(work)

    def pause_if_refused(self) -> bool:
        """Pause run and mailing when too many attempts were refused for good; whether this call did it.

        Where everybody got the same answer and nobody a mail, it says nothing about them: they wait again.
        """
        return self._patiently(self._pause_if_all_alike) or self._patiently(self._pause_if_refused)

    def _pause_if_all_alike(self, cursor: Any, _is_repeated: bool) -> bool:
        arguments = {"run": self._run_id, "many": ALIKE_FROM, "few": ALIKE_FROM_FEW}
        cursor.execute(statements.ALL_ALIKE, arguments)
        row = cursor.fetchone()
        if row is None:
            return False
        mailing_id, may_send = row
        if may_send and not self._pause(cursor, mailing_id):
            return False
        cursor.execute(statements.HOLD_RUN, arguments)
        cursor.execute(statements.WAIT_AGAIN, arguments)
        cursor.execute(statements.SLICES_AGAIN, arguments)
        return True

    def _pause_if_refused(self, cursor: Any, _is_repeated: bool) -> bool:
        arguments = {"run": self._run_id}
        cursor.execute(statements.REFUSED, arguments)
        row = cursor.fetchone()
        if row is None or not is_refused_too_often(row[1], row[0]):
            return False
        cursor.execute(statements.REFUSED_BY_SERVER, arguments)  # without those whose retries ran out
        if not is_refused_too_often(cursor.fetchone()[0], row[0]):
            return False
        return self._pause(cursor, row[2])

    def _pause(self, cursor: Any, mailing_id: int) -> bool:
        # The mailing first, as everyone who locks both does.
        cursor.execute("UPDATE mailings SET paused_at = coalesce(paused_at, now()) WHERE id = %s", (mailing_id,))
        cursor.execute(statements.PAUSE, {"run": self._run_id})
        if cursor.fetchone() is None:
            cursor.connection.rollback()  # a person was quicker
            return False
        cursor.execute(statements.TELL_OWNER, {"run": self._run_id})
        return True

    def _patiently(self, work: Callable[[Any, bool], T]) -> T:
        """Do `work` in one transaction; while the database is away try again, told that it may have been done."""
        patience, is_repeated = Patience(self.lease_seconds), False
        while True:
            try:
                if self._connection.closed:
                    self._connection = self._connected()
                with self._connection, self._connection.cursor() as cursor:
                    return work(cursor, is_repeated)
            except (DatabaseError, InterfaceError) as error:
                if not is_away(error, self._connection) or patience.is_over:
                    raise
                log.warning("database away, the ledger waits", run=self._run_id, error=str(error).strip())
            with suppress(Error):
                self._connection.close()
            is_repeated = True
            patience.pause()
