"""Sending processes that a test may kill, stop and wake: forked like the work-workers of RQ."""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from flask import Flask

from mailer.extensions import db
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.waiting import wait_until

SOON = 30.0  # seconds: on a quiet machine it is less than two, and no test depends on speed


class WorkerProcess:
    """A process that sends a run until nothing is due, or until somebody ends it; on a host whose clock may be off."""

    def __init__(self, app: Flask, run_id: int, seconds: float = 60.0, clock_off: timedelta = timedelta()) -> None:
        db.session.rollback()
        sys.stdout.flush()
        self.status: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _live(app, lambda: _send(run_id, seconds, clock_off))

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        if self.is_alive:
            self.send(signal.SIGKILL)
        self.wait()

    @property
    def is_alive(self) -> bool:
        """Whether it still runs (or is stopped)."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self.status = status if pid else None
        return self.status is None

    def wait(self, seconds: float = 60) -> int:
        """Wait for the end: 0 when it was in order."""
        wait_until(lambda: not self.is_alive, seconds)
        assert self.status is not None
        return self.status


def _live(app: Flask, work: Callable[[], None]) -> None:
    """The whole life of the child: nothing of the parent's (connections, the mail server's sockets) is touched."""
    status = 1
    sys.stdout, sys.stderr = (os.fdopen(os.dup(number), "w", 1) for number in (1, 2))  # pytest's own would be closed
    kept = {0, 1, 2, sys.stdout.fileno(), sys.stderr.fileno()}
    try:
        gc.freeze()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDWR)
        for each in list(Path("/proc/self/fd").iterdir()):
            if int(each.name) not in kept | {nothing}:
                os.dup2(nothing, int(each.name))
        with app.app_context():
            db.engine.dispose(close=False)
            work()
        status = 0
    except SystemExit as end:
        status = int(end.code or 0)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(status)


def _send(run_id: int, seconds: float, clock_off: timedelta) -> None:
    if clock_off:
        time_machine.travel(datetime.now(UTC) + clock_off, tick=True).start()
    while work_on_run(run_id, seconds):
        pass


def has_accepted(lab: Lab, count: int) -> bool:
    """The mail server has taken so many mails."""
    return len(lab.accepted) >= count
