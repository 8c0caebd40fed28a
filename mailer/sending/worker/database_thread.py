"""A thread beside the event loop that does a part of the database's work: claiming slices ahead and settling them
behind. It tells the loop at once when it fails: a sender whose ledger is gone must not go on half alive.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any


class DatabaseThread(threading.Thread):
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
