"""A log that nobody has to wait for: a disk that does not answer would stop every thread that has something to say."""

from __future__ import annotations

import io
import queue
import threading
import time
from typing import TextIO

MOST = 10_000  # texts that wait; what comes beyond them is lost, and counted


class LateWriter(io.TextIOBase):
    """Takes text for `stream` at once, and has a thread of its own write it. After `drain` little is lost."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._waiting: queue.Queue[str] = queue.Queue(MOST)
        self._lost_count = 0
        threading.Thread(target=self._work, name="log", daemon=True).start()

    def write(self, text: str) -> int:
        """Never waits."""
        try:
            self._waiting.put_nowait(text)
        except queue.Full:
            self._lost_count += 1
        return len(text)

    def flush(self) -> None:
        """Nothing: the thread does it."""

    def drain(self, seconds: float) -> None:
        """Wait until all is written, for so long at most."""
        until = time.monotonic() + seconds
        while self._waiting.unfinished_tasks and time.monotonic() < until:
            time.sleep(0.01)

    def _work(self) -> None:
        while True:
            text = self._waiting.get()
            try:
                self._stream.write(text)
                self._stream.flush()
                if self._lost_count and self._waiting.empty():
                    self._stream.write(f"({self._lost_count} lost while the disk did not answer)\n")
                    self._lost_count = 0
            except OSError:  # full, or read-only: as if nobody read
                pass
            self._waiting.task_done()
