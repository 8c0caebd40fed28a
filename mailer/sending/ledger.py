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

import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, TypeVar

import structlog
from psycopg2 import DatabaseError, Error, InterfaceError, OperationalError
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extras import execute_values

from mailer.models.delivery import DeliveryState, Reason
from mailer.models.run import PauseReason
from mailer.sending.changes import SUSPECT_PHASES, Progress, is_refused_too_often
from mailer.smtp.results import Outcome, Phase, Result

log = structlog.get_logger()
T = TypeVar("T")

MAY_SEND = (
    "r.state IN ('sending', 'waiting_for_server') AND r.stop_reason IS NULL "
    "AND (r.ends_at IS NULL OR r.ends_at > now()) "
    "AND (r.window_closes_at IS NULL OR r.window_opens_at <= now() AND r.window_closes_at > now())"
)


@dataclass(slots=True)
class Person:
    """One due delivery of a claimed slice with what the mail is made of."""

    progress: Progress
    email: str
    values: dict[str, str]
    token: str | None  # of the unsubscribe link
    is_settled: bool = True  # the row in the database says what `progress` says


@dataclass(slots=True)
class Claim:
    """A slice under this worker's lease."""

    slice_id: int
    token: str
    first_position: int
    people: dict[int, Person]
    flags: bytearray  # '0' or '1' per position; what `mark_and_record` writes
    left_count: int = field(default=0)  # people whose result is not written yet

    def set_flag(self, position: int, is_marked: bool) -> None:
        """Note that the content of this position's mail may be on its way, or that its end is known."""
        self.flags[position - self.first_position] = 49 if is_marked else 48


@dataclass(frozen=True, slots=True)
class Entry:
    """An attempt about to be written."""

    claim: Claim
    position: int
    number: int
    result: Result


class LeaseLost(Exception):
    """Somebody else has taken the slice over; nothing was written."""


DUE = f"s.ready_at <= now() AND (s.leased_until IS NULL OR s.leased_until < now()) AND {MAY_SEND}"
ABANDONED = "s.leased_until < now() AND s.marked IS NOT NULL"
CLAIM = """
    WITH free AS (
        SELECT s.id FROM slices s JOIN runs r ON r.id = s.run_id
        WHERE s.run_id = %(run)s AND {condition}
        ORDER BY s.ready_at, s.id LIMIT 1 FOR UPDATE OF s SKIP LOCKED
    )
    UPDATE slices s SET lease_token = %(token)s, leased_by = %(worker)s,
        leased_until = now() + make_interval(secs => %(lease)s)
    FROM free WHERE s.id = free.id
    RETURNING s.id, s.first_position, s.last_position, s.marked
"""
# What a lost answer leased to us.
FOUND_AGAIN = (
    "SELECT id, first_position, last_position, marked FROM slices WHERE run_id = %(run)s AND lease_token = %(token)s"
)
_SUSPECT = ", ".join(f"'{phase}'" for phase in sorted(SUSPECT_PHASES))
PEOPLE = f"""
    SELECT d.position, d.email, d.state, d.attempt_count, d.transient_count, d.retry_at,
        CASE WHEN d.attempt_count > d.transient_count THEN (
            SELECT count(*) FROM attempts a WHERE a.run_id = d.run_id AND a.position = d.position
                AND a.number <= d.attempt_count AND a.outcome = 'server_fault' AND a.phase IN ({_SUSPECT})
        ) ELSE 0 END,
        c.token::text, c.first_name, c.last_name, c.patronymic, c.birth_year, c.comment, c.attributes,
        CASE WHEN c.id IS NULL OR c.deleted_at IS NOT NULL THEN 'deleted'
             WHEN p.reason = 'unsubscribed' THEN 'unsubscribed'
             WHEN p.reason IS NOT NULL THEN 'suppressed' END AS left_out
    FROM deliveries d
    LEFT JOIN clients c ON c.id = d.client_id
    LEFT JOIN suppressions p ON p.owner_id = c.owner_id AND p.email_key = d.email_key
    WHERE d.run_id = %(run)s AND d.position BETWEEN %(first)s AND %(last)s
        AND d.state IN ('waiting', 'deferred', 'in_doubt') AND (d.retry_at IS NULL OR d.retry_at <= now())
    ORDER BY d.position
"""
MARK = f"""
    UPDATE slices s SET
        marked = CASE WHEN {MAY_SEND} THEN asked.flags ELSE asked.answered END,
        marked_at = now(), leased_until = now() + make_interval(secs => %(lease)s)
    FROM (VALUES %%s) AS asked (id, token, flags, answered), runs r
    WHERE s.id = asked.id AND s.lease_token = asked.token::uuid AND r.id = s.run_id
    RETURNING s.id, {MAY_SEND}
"""
COPY_ATTEMPTS = (
    "COPY attempts (run_id, position, number, outcome, phase, smtp_code, enhanced_code, response, "
    "started_at, finished_at, tls, transport, worker) FROM STDIN"
)
SETTLE = """
    UPDATE deliveries d SET state = v.state, reason = v.reason, retry_at = v.retry_at,
        attempt_count = v.attempt_count, transient_count = v.transient_count
    FROM (VALUES %%s) AS v (position, state, reason, retry_at, attempt_count, transient_count)
    WHERE d.run_id = %(run)s AND d.position = v.position
"""
RELEASE = """
    UPDATE slices s SET lease_token = NULL, leased_until = NULL, leased_by = NULL, marked = NULL, ready_at = (
        SELECT min(coalesce(d.retry_at, now())) FROM deliveries d
        WHERE d.run_id = s.run_id AND d.position BETWEEN s.first_position AND s.last_position
            AND d.state IN ('waiting', 'deferred', 'in_doubt')
    )
    WHERE s.id = %s
"""


WRITTEN = "SELECT position, number FROM attempts WHERE run_id = %s AND position = ANY(%s)"
REFUSED = (
    """
    SELECT r.successful_attempt_count + r.failed_attempt_count, r.refused_count, r.mailing_id FROM runs r
    WHERE r.id = %(run)s AND NOT r.tolerates_refusals AND r.closed_at IS NULL AND """
    + MAY_SEND
)
REFUSED_BY_SERVER = "SELECT count(*) FROM deliveries WHERE run_id = %(run)s AND state = 'refused' AND reason IS NULL"
PAUSE = f"""
    UPDATE runs r SET state = 'paused', pause_reason = '{PauseReason.REFUSALS}'
    WHERE r.id = %(run)s AND NOT r.tolerates_refusals AND {MAY_SEND} RETURNING r.id
"""


class Ledger:
    """The ledger of one run, as one worker writes it. `transport` names the mail server its attempts go through."""

    def __init__(
        self,
        connect: Callable[[], Connection],
        run_id: int,
        worker: str,
        lease_seconds: float,
        transport: str | None = None,
    ) -> None:
        self._connect = connect
        self._connection = connect()
        self._run_id = run_id
        self._worker = worker[:64]
        self._transport = "\\N" if transport is None else _escaped(transport[:100])
        self.lease_seconds = lease_seconds

    def close(self) -> None:
        """Give the connection back to the server."""
        self._connection.close()

    def claim(self, condition: str = DUE) -> tuple[Claim, Sequence[int]] | None:
        """Lease one slice with due work: the claim, and the positions that its former holder left in doubt.

        None when there is nothing to do now. The caller must settle the doubts before it sends (`recovery.recover`).
        `ABANDONED` instead of `DUE` finds what a dead worker holds, in runs that may not send too.
        """
        token = str(uuid.uuid4())
        arguments = {"run": self._run_id, "worker": self._worker, "lease": self.lease_seconds, "token": token}

        def work(cursor: Any, is_repeated: bool) -> tuple[Claim, Sequence[int]] | None:
            row = None
            if is_repeated:
                cursor.execute(FOUND_AGAIN, arguments)
                row = cursor.fetchone()
            if row is None:
                cursor.execute(CLAIM.format(condition=condition), arguments)
                row = cursor.fetchone()
            return None if row is None else self._load(cursor, token, *row)

        return self._patiently(work)

    def _load(
        self, cursor: Any, token: str, slice_id: int, first: int, last: int, marked: str | None
    ) -> tuple[Claim, Sequence[int]]:
        cursor.execute(PEOPLE, {"run": self._run_id, "first": first, "last": last})
        people = {row[0]: _person(row) for row in cursor.fetchall()}
        doubts = [first + index for index, flag in enumerate(marked or "") if flag == "1"]
        claim = Claim(slice_id, token, first, people, bytearray(b"0" * (last - first + 1)), len(people))
        for position in doubts:  # until they are settled, the flags say what they said
            claim.set_flag(position, True)
        return claim, doubts

    def mark_and_record(
        self, claims: Iterable[Claim], marks: dict[int, list[int]], entries: Sequence[Entry]
    ) -> set[int]:
        """One group commit: set the flags of `marks` (positions by slice) and write `entries`, taking back their flags.

        Returns the ids of the slices in which content may leave now. A slice missing there is refused: its run was
        stopped, or the lease is lost; in the latter case its entries are not written and LeaseLost is raised after the
        others' commit.
        """
        by_id = {claim.slice_id: claim for claim in claims}
        for entry in entries:
            entry.claim.set_flag(entry.position, False)
        rows = []
        for id_, claim in by_id.items():
            answered = claim.flags.decode()
            for position in marks.get(id_, ()):
                claim.set_flag(position, True)
            rows.append((id_, claim.token, claim.flags.decode(), answered))

        def work(cursor: Any, is_repeated: bool) -> dict[int, bool]:
            statement = cursor.mogrify(MARK, {"lease": self.lease_seconds}).decode()
            template = "(%s::bigint, %s, %s, %s)"
            found = dict(execute_values(cursor, statement, rows, template, page_size=len(rows), fetch=True))
            self._write(cursor, [entry for entry in entries if entry.claim.slice_id in found], is_repeated)
            return found

        found = self._patiently(work)
        if len(found) < len(by_id):
            raise LeaseLost
        allowed = {id_ for id_, may_send in found.items() if may_send}
        for id_, positions in marks.items():
            if id_ not in allowed:
                for position in positions:
                    by_id[id_].set_flag(position, False)
        return allowed

    def _write(self, cursor: Any, entries: Sequence[Entry], is_repeated: bool) -> None:
        if is_repeated:  # while the lease holds, nobody but us can have written them
            cursor.execute(WRITTEN, (self._run_id, [entry.position for entry in entries]))
            written = set(cursor.fetchall())
            entries = [entry for entry in entries if (entry.position, entry.number) not in written]
        if entries:
            cursor.copy_expert(COPY_ATTEMPTS, StringIO("".join(self._lines(entries))))

    def settle(self, claim: Claim, progress: Sequence[Progress], *, release: bool) -> None:
        """Write the states of deliveries whose attempts are written; with `release` give the slice back.

        Raises LeaseLost, and then nothing is written.
        """

        def work(cursor: Any, is_repeated: bool) -> None:
            cursor.execute(
                "UPDATE slices SET leased_until = now() + make_interval(secs => %s) "
                "WHERE id = %s AND lease_token = %s RETURNING id",
                (self.lease_seconds, claim.slice_id, claim.token),
            )
            if cursor.fetchone() is None:
                if is_repeated and release:
                    return  # given back already, or taken over: either way it is ours no more, as we wished
                raise LeaseLost
            if progress:
                write_progress(cursor, self._run_id, progress)
            if release:
                cursor.execute(RELEASE, (claim.slice_id,))

        self._patiently(work)

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

    def pause_if_refused(self) -> bool:
        """Pause run and mailing when too many attempts were refused for good; whether this call did it."""
        return self._patiently(self._pause_if_refused)

    def _pause_if_refused(self, cursor: Any, _is_repeated: bool) -> bool:
        arguments = {"run": self._run_id}
        cursor.execute(REFUSED, arguments)
        row = cursor.fetchone()
        if row is None or not is_refused_too_often(row[1], row[0]):
            return False
        cursor.execute(REFUSED_BY_SERVER, arguments)  # without those whose retries ran out
        if not is_refused_too_often(cursor.fetchone()[0], row[0]):
            return False
        # The mailing first, as everyone who locks both does.
        cursor.execute("UPDATE mailings SET paused_at = coalesce(paused_at, now()) WHERE id = %s", (row[2],))
        cursor.execute(PAUSE, arguments)
        if cursor.fetchone() is None:
            cursor.connection.rollback()  # a person was quicker
            return False
        return True

    def _patiently(self, work: Callable[[Any, bool], T]) -> T:
        """Do `work` in one transaction; while the database is away try again, told that it may have been done."""
        gives_up_at = time.monotonic() + self.lease_seconds / 2
        pause, is_repeated = 0.05, False
        while True:
            try:
                if self._connection.closed:
                    self._connection = self._connect()
                with self._connection, self._connection.cursor() as cursor:
                    return work(cursor, is_repeated)
            except (DatabaseError, InterfaceError) as error:
                is_away = isinstance(error, OperationalError | InterfaceError) or self._connection.closed
                if not is_away or time.monotonic() + pause >= gives_up_at:
                    raise
                log.warning("database away, the ledger waits", run=self._run_id, error=str(error).strip())
            with suppress(Error):
                self._connection.close()
            is_repeated = True
            time.sleep(pause)
            pause = min(2 * pause, 1.0)

    def _lines(self, entries: Sequence[Entry]) -> Iterator[str]:
        for entry in entries:
            result = entry.result
            yield (
                "\t".join(
                    (
                        str(self._run_id),
                        str(entry.position),
                        str(entry.number),
                        result.outcome.value,
                        result.phase.value,
                        "\\N" if result.code is None else str(result.code),
                        "\\N" if result.enhanced is None else _escaped(result.enhanced[:16]),
                        _escaped(result.text[:1000]),
                        result.started_at.isoformat(),
                        result.finished_at.isoformat(),
                        "\\N" if result.tls is None else _escaped(result.tls[:64]),
                        self._transport,
                        _escaped(self._worker),
                    )
                )
                + "\n"
            )


def write_progress(cursor: Any, run_id: int, progress: Sequence[Progress]) -> None:
    """Update the deliveries in one statement, so that the counters of the run change once."""
    statement = cursor.mogrify(SETTLE, {"run": run_id}).decode()
    rows = [
        (p.position, p.state.value, p.reason and p.reason.value, p.retry_at, p.attempt_count, p.transient_count)
        for p in progress
    ]
    template = "(%s::int, %s, %s, %s::timestamptz, %s::smallint, %s::smallint)"
    execute_values(cursor, statement, rows, template, page_size=len(rows))


def _person(row: tuple[Any, ...]) -> Person:
    position, email, state, attempts, transients, retry_at, suspects, *about, out = row
    token, first, last, patronymic, year, comment, attributes = about
    progress = Progress(position, DeliveryState(state), attempts, transients, None, retry_at, suspects)
    if out is not None:
        progress.exclude(Reason(out))
    values = {key: str(value) for key, value in (attributes or {}).items()}
    values |= {
        "email": email,
        "first_name": first or "",
        "last_name": last or "",
        "patronymic": patronymic or "",
        "birth_year": str(year or ""),
        "comment": comment or "",
    }
    return Person(progress, email, values, token, is_settled=out is None)


def _escaped(text: str) -> str:
    """Text as COPY reads it."""
    for character, code in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r"), ("\0", "")):
        text = text.replace(character, code)
    return text
