"""Two threads beside the event loop that do the database's part, so that the loop never waits for a commit.

The *marker* group-commits: whatever marks and results have gathered while its last commit was under way go into the
next one. The *clerk* claims slices ahead and settles them behind. A thread that fails tells the loop at once: a sender
whose ledger is gone must not go on half alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from mailer.sending.ledger import Claim, Entry, Ledger


class Scribe(threading.Thread):
    """A thread that takes what is put to it, all at once, and hands it to `work`; `None` ends it."""

    def __init__(self, name: str, work: Callable[[list[Any]], None], failed: Callable[[BaseException], None]) -> None:
        super().__init__(name=name, daemon=True)
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._work = work
        self._failed = failed

    def put(self, item: Any) -> None:
        """Hand over one piece of work; returns at once."""
        self._inbox.put(item)

    def end(self) -> None:
        """Finish what was put before, then end; waits for that."""
        self._inbox.put(None)
        if self.is_alive():
            self.join()

    def run(self) -> None:
        """Work until told to end or until something fails."""
        try:
            while True:
                batch = self._gather()
                work = [item for item in batch if item is not None]
                if work:
                    self._work(work)
                if len(work) < len(batch):
                    return
        except BaseException as error:  # the loop must hear of it whatever it is
            self._failed(error)

    def _gather(self) -> list[Any]:
        batch = [self._inbox.get()]
        try:
            while True:
                batch.append(self._inbox.get_nowait())
        except Empty:
            return batch


class Mark:
    """One question: may the content of this mail leave?"""

    __slots__ = ("answer", "claim", "position")

    def __init__(self, claim: Claim, position: int, answer: Callable[[bool], None]) -> None:
        self.claim = claim
        self.position = position
        self.answer = answer


def commit_round(ledger: Ledger, batch: list[Mark | Entry]) -> tuple[list[tuple[Mark, bool]], list[Entry]]:
    """One group commit of the marker: every mark with its answer, and the entries that are now written."""
    marks = [item for item in batch if isinstance(item, Mark)]
    entries = [item for item in batch if isinstance(item, Entry)]
    claims = {item.claim.slice_id: item.claim for item in batch}
    positions: dict[int, list[int]] = {}
    for mark in marks:
        positions.setdefault(mark.claim.slice_id, []).append(mark.position)
    allowed = ledger.mark_and_record(claims.values(), positions, entries)
    return [(mark, mark.claim.slice_id in allowed) for mark in marks], entries
