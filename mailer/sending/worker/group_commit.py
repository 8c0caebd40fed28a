"""A group commit of marks and results: what is asked of PostgreSQL in one statement, and what its answer means."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mailer.models.types import MAX_RESPONSE
from mailer.sending.arrays import array, quoted, words
from mailer.sending.worker import statements
from mailer.sending.worker.claims import AttemptEntry, Claim, LeaseLost


@dataclass(frozen=True, slots=True)
class Writer:
    """In whose name attempts are written; `transport` is the mail server they go through."""

    run_id: int
    worker: str
    transport: str | None
    lease_seconds: float


class GroupCommit:
    """Marks (positions by slice) and entries that go into one commit. Making it sets the claims' flags accordingly."""

    def __init__(
        self, claims: Iterable[Claim], marks: Mapping[int, Sequence[int]], entries: Sequence[AttemptEntry]
    ) -> None:
        self._claims = {claim.slice_id: claim for claim in claims}
        self._marks = marks
        for entry in entries:
            entry.claim.set_flag(entry.position, False)
        before, after = [], []
        for id_, claim in self._claims.items():
            before.append(claim.flags.decode())
            for position in marks.get(id_, ()):
                claim.set_flag(position, True)
            after.append(claim.flags.decode())
        tokens = array(claim.token for claim in self._claims.values())
        self._slices = (array(self._claims), tokens, array(after), array(before))
        self._entries = _columns(entries)

    def question(self, writer: Writer, *, is_repeated: bool) -> tuple[str, Sequence[Any]]:
        """What to execute where `PREPARE_MARK` was. `is_repeated`: it may be committed already, its answer lost."""
        about = (writer.lease_seconds, is_repeated, writer.run_id, writer.transport, writer.worker)
        return statements.MARK, (*self._slices, *about, *self._entries)

    def allowed(self, rows: Mapping[int, bool]) -> set[int]:
        """The slices in which content may leave now, of the answer's rows (slice, whether its run may send).

        The flags of marks that are refused are taken back. A slice missing in the answer is another's now: LeaseLost.
        """
        if len(rows) < len(self._claims):
            raise LeaseLost
        allowed = {id_ for id_, may_send in rows.items() if may_send}
        for id_, positions in self._marks.items():
            if id_ not in allowed:
                for position in positions:
                    self._claims[id_].set_flag(position, False)
        return allowed


def _columns(entries: Sequence[AttemptEntry]) -> list[str]:
    """The entries as the arrays that `statements.MARK` takes. Lists, not generators: half the time."""
    results = [entry.result for entry in entries]
    return [
        array([entry.claim.slice_id for entry in entries]),
        array([entry.position for entry in entries]),
        array([entry.number for entry in entries]),
        words([result.outcome for result in results]),
        words([result.phase for result in results]),
        array(["NULL" if result.code is None else result.code for result in results]),
        words([_quoted_often(result.enhanced, 16) for result in results]),
        words([quoted(result.text[:MAX_RESPONSE]) for result in results]),
        array([result.started_at.timestamp() for result in results]),  # less than half of what a date in words costs
        array([result.finished_at.timestamp() for result in results]),
        words([_quoted_often(result.tls, 64) for result in results]),
    ]


@lru_cache(maxsize=256)
def _quoted_often(text: str | None, limit: int) -> str:
    return "NULL" if text is None else quoted(text[:limit])
