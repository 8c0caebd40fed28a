"""Keeps parts running: starts them in order, brings the fallen back with growing pauses, stops all in
time.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from launcher.leftovers import end_leftovers, note_processes, session_members
from launcher.part import LOG_BYTES_KEPT, Part, StartError, ending, rotate_log, start, wait_until_ready

STOP_SECONDS = 14.0
KEPT_PER_STAGE_SECONDS = 4.0
LONGEST_PAUSE_SECONDS = 30.0
STEADY_SECONDS = 60.0
POLL_SECONDS = 0.1
CHORE_SECONDS = 5.0


@dataclass
class Child:
    """A running part and its falls: `fall_count` is forgotten after a minute of steady work."""

    part: Part
    process: subprocess.Popen[bytes]
    started_at: float = field(default_factory=time.monotonic)
    fall_count: int = 0
    is_missed: bool = False
    sessions: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.sessions.append(self.process.pid)

    def come_back(self) -> None:
        """Start the part again and count the fall."""
        self.process, self.started_at = start(self.part), time.monotonic()
        self.sessions.append(self.process.pid)
        self.fall_count += 1
        self.is_missed = False

    @property
    def due_at(self) -> float:
        """When a fallen part may come back: 1, 2, 4 … 30 s after its last start, so at once after steady
        work.
        """
        return self.started_at + min(2.0**self.fall_count, LONGEST_PAUSE_SECONDS)


class Supervisor:
    """Owns the processes. `record` lists them on disk, for the start after a kill -9 of this one.

    With `parent` (a pid) given, the death of that parent, such as a killed `make`, is a request to stop.
    """

    def __init__(self, record: Path, say: Callable[[str], None] = print, parent: int | None = None) -> None:
        self._parent = parent
        self._record = record
        self._say = say
        self._stages: list[list[Child]] = []
        self._begun: list[Child] = []  # those nobody has waited for, and those that are to end by themselves
        self._awaited: list[Callable[[], bool]] = []
        self._stop_requests = 0
        self._chores: list[Callable[[], None]] = []
        self._chores_due_at = 0.0
        self._last_trouble = ""
        self._log_limit = LOG_BYTES_KEPT
        end_leftovers(record)

    @property
    def is_stopping(self) -> bool:
        """Somebody asked for the end, or the process that started this one is gone."""
        return self._stop_requests > 0 or self._parent not in (None, os.getppid())

    def request_stop(self, *_: object) -> None:
        """Ask for the end (a signal handler); asked a second time, the parts are not waited for any more."""
        self._stop_requests += 1

    def begin(self, part: Part) -> None:
        """Start a part that a later `start` or `run_once` waits for: it loads meanwhile."""
        if not self.is_stopping:
            self._begun.append(Child(part, start(part)))
            self._note()

    def start(self, parts: Iterable[Part]) -> None:
        """Start one stage, all parts side by side, and wait until they are ready. Stages stop in reverse order.

        Errors: StartError.
        """
        self._stages.append([])
        for child in self.add(parts):
            try:
                wait_until_ready(child.part, child.process, is_stopping=lambda: self.is_stopping)
            except StartError as error:
                if child.part.is_needed:
                    raise
                self._say(str(error))

    def add(self, parts: Iterable[Part]) -> list[Child]:
        """Start more parts of the newest stage and wait for nothing."""
        children = []
        for part in parts:
            if self.is_stopping:
                break
            children.append(self._child(part))
            self._stages[-1].append(children[-1])
            self._note()
        return children

    def run_once(self, part: Part) -> None:
        """Run a command that ends by itself. Errors: StartError when it fails."""
        process = self._child(part).process
        while process.poll() is None:
            if self.is_stopping:
                process.terminate()
                process.wait()
                return
            time.sleep(POLL_SECONDS / 2)
        if process.returncode:
            raise StartError(ending(part, process))

    def run_beside(self, part: Part, then: Callable[[StartError | None], None]) -> None:
        """The same beside what is watched; `then` is told how it ended, unless all is stopped before."""
        self.begin(part)

        def has_ended() -> bool:
            child = next(child for child in self._begun if child.part is part)
            if child.process.poll() is None:
                return False
            self._begun.remove(child)
            then(StartError(ending(part, child.process)) if child.process.returncode else None)
            return True

        self.expect(has_ended)

    def expect(self, is_over: Callable[[], bool]) -> None:
        """Ask this again and again while parts are watched, until it says so."""
        self._awaited.append(is_over)

    def watch(self) -> None:
        """Bring fallen parts back until a stop is requested."""
        while not self.is_stopping:
            for child in self._children():
                if child.process.poll() is not None:
                    self._tend(child)
            self._awaited = [is_over for is_over in self._awaited if not is_over()]
            self._do_chores()
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """End everything within `STOP_SECONDS`: each stage is asked, and killed when its time is over."""
        deadline = time.monotonic() + STOP_SECONDS
        *earlier, newest = self._stages or [[]]
        for earlier_count, stage in reversed(list(enumerate([*earlier, [*newest, *self._begun]]))):
            self._stop_stage(stage, deadline - KEPT_PER_STAGE_SECONDS * earlier_count)
        with contextlib.suppress(OSError):
            self._record.unlink(missing_ok=True)

    def add_chore(self, chore: Callable[[], None]) -> None:
        """Do this every few seconds while parts are watched; what it raises is said and stops nothing."""
        self._chores.append(chore)

    def rotate_logs(self, *_: object) -> None:
        """Ask that every log be begun anew soon (a signal handler)."""
        self._log_limit = 0

    def _do_chores(self) -> None:
        if time.monotonic() < self._chores_due_at and self._log_limit:
            return
        self._chores_due_at = time.monotonic() + CHORE_SECONDS
        for chore in (self._keep_logs_small, *self._chores):
            try:
                chore()
            except Exception as error:  # a full disk, a part that is away: the next time will do
                if (said := f"{type(error).__name__}: {error}") != self._last_trouble:
                    self._last_trouble = said
                    self._say(said)

    def _keep_logs_small(self) -> None:
        limit, self._log_limit = self._log_limit, LOG_BYTES_KEPT
        for child in self._children():
            rotate_log(child.part.log, limit)

    def _tend(self, child: Child) -> None:
        now = time.monotonic()
        if not child.is_missed:
            child.is_missed = True
            if now - child.started_at > STEADY_SECONDS:
                child.fall_count = 0
            self._say(f"{child.part.name} ended with code {child.process.returncode}; log: {child.part.log}")
        if now >= child.due_at:
            try:
                child.come_back()
            except OSError as error:  # no memory, no processes left: as if it had fallen again
                child.started_at, child.fall_count = now, child.fall_count + 1
                self._say(f"{child.part.name} cannot be started: {error}")
                return
            self._note()
            self._say(f"{child.part.name} is started again")

    def _stop_stage(self, stage: list[Child], deadline: float) -> None:
        for child in stage:
            if child.process.poll() is None:
                child.process.send_signal(child.part.stop_signal)
        while any(child.process.poll() is None for child in stage):
            if time.monotonic() > deadline or self._stop_requests > 1:
                break
            time.sleep(POLL_SECONDS / 5)
        for child in stage:
            if child.process.poll() is None:
                self._say(f"{child.part.name} does not stop: killed")
                child.process.kill()
                child.process.wait()
            _end_sessions(child.sessions)

    def _child(self, part: Part) -> Child:
        """The part as it was begun, else started now."""
        for child in self._begun:
            if child.part is part:
                self._begun.remove(child)
                return child
        return Child(part, start(part))

    def _children(self) -> list[Child]:
        return [child for stage in self._stages for child in stage]

    def _note(self) -> None:
        running = [child for child in (*self._children(), *self._begun) if child.process.poll() is None]
        with contextlib.suppress(OSError):  # a full disk: of use only where the system does not end orphans by itself
            note_processes(self._record, [(child.process.pid, child.part.stop_signal) for child in running])


def _end_sessions(leaders: list[int]) -> None:
    """Kill what stopped or fallen parts left in their sessions, such as the work-horse of a killed worker."""
    for leader in leaders:
        for pid in session_members(leader):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
