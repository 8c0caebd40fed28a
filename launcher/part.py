"""A part of the running system: one command, how it is started, asked whether it is ready, and stopped."""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from launcher.language import in_language

CHECKOUT = Path(__file__).resolve().parent.parent
PR_SET_PDEATHSIG = 1
LOG_BYTES_KEPT = 10_000_000
READY_SECONDS = 60.0
STOP_SECONDS = 10.0  # of a part that stands alone
STARTED = "=== started "
LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class StartError(RuntimeError):
    """A part did not come up; the text says which, why, and where its log lies."""


@dataclass(frozen=True)
class Account:
    """The system account a part runs as, when not our own."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Part:
    """One command of the process table.

    `is_ready` may raise: that means "not yet", and its words are shown if "yet" never comes. Without it the
    part is ready as soon as it runs. The command gets `stop_signal` to end in good order, also when its
    parent is killed.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    is_ready: Callable[[], bool] | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    account: Account | None = None
    directory: Path = CHECKOUT
    sockets: tuple[socket.socket, ...] = ()  # open in the command under the same numbers
    is_needed: bool = True  # else the service starts without it, and it comes when it can


def start(part: Part) -> subprocess.Popen[bytes]:
    """Start the command in a session of its own. Call from the main thread only: Linux ends the command
    with the *thread* that started it."""
    account = part.account
    with _open_log(part) as log:
        return subprocess.Popen(
            part.command,
            env=dict(part.environment),
            cwd="/" if account else part.directory,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            pass_fds=[each.fileno() for each in part.sockets],
            preexec_fn=_die_with(os.getpid(), part.stop_signal),
        )


def wait_until_ready(
    part: Part,
    process: subprocess.Popen[bytes],
    seconds: float = READY_SECONDS,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Return when the part answers (or `is_stopping`); StartError when it ends or stays silent instead."""
    deadline, reason = time.monotonic() + seconds, "no answer"
    while part.is_ready and not is_stopping():
        try:
            if part.is_ready():
                return
        except Exception as error:  # any failure of the question means "not yet"
            reason = str(error).strip() or type(error).__name__
        if process.poll() is not None:
            raise StartError(ending(part, process))
        if time.monotonic() > deadline:
            raise StartError(
                in_language(
                    f"{part.name} не отвечает {seconds:.0f} с: {reason}. Журнал: {part.log}",
                    f"{part.name} does not answer after {seconds:.0f} s: {reason}. Log: {part.log}",
                )
            )
        time.sleep(0.03)


def stop(part: Part, process: subprocess.Popen[bytes], seconds: float) -> None:
    """End one started part: asked first, killed after `seconds`."""
    if process.poll() is None:
        process.send_signal(part.stop_signal)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def running(part: Part) -> Iterator[None]:
    """A part that is ready, for the length of a `with`. Errors: `StartError`."""
    process = start(part)
    try:
        wait_until_ready(part, process)
        yield
    finally:
        stop(part, process, STOP_SECONDS)


def ending(part: Part, process: subprocess.Popen[bytes], line_count: int = 12) -> str:
    """How an ended part ended, with its last words."""
    text = part.log.read_text("utf-8", "replace") if part.log.exists() else ""
    last_words = [f"  {line}" for line in text.rpartition(STARTED)[2].splitlines()[1:][-line_count:]]
    ended = in_language(
        f"{part.name}: процесс завершился с кодом {process.returncode}. Конец журнала {part.log}:",
        f"{part.name} ended with code {process.returncode}. The end of {part.log}:",
    )
    return "\n".join([ended, *last_words])


def _die_with(parent: int, signum: signal.Signals) -> Callable[[], None]:
    """No orphans: on Linux the kernel sends `signum` when the parent dies, by whatever death. Set after the
    change of account, which would clear it; elsewhere `launcher.leftovers` clears up at the next start."""

    def set_death_signal() -> None:
        if LIBC is not None:
            LIBC.prctl(PR_SET_PDEATHSIG, signum)
            if os.getppid() != parent:  # it died before the kernel knew of our wish
                os._exit(1)

    return set_death_signal


def rotate_log(log: Path, limit: int = LOG_BYTES_KEPT) -> None:
    """Keep what is beyond `limit` as `.old.log` and begin the log anew. Its writers have it open and go on, since
    they append; a line of the same moment may be lost. Without room for a copy the old lines go. Errors: OSError.
    """
    if not log.exists() or log.stat().st_size <= limit:
        return
    old = log.with_suffix(".old.log")
    try:
        shutil.copyfile(log, old)
    except OSError:
        old.unlink(missing_ok=True)
    os.truncate(log, 0)


def _open_log(part: Part) -> IO[bytes]:
    """The part's log with a line of its start; nothing at all when the disk takes no more."""
    try:
        part.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        rotate_log(part.log)
        log = part.log.open("ab", buffering=0)
    except OSError:
        return Path(os.devnull).open("ab", buffering=0)
    with suppress(OSError):
        log.write(f"{STARTED}{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC: {part.name}\n".encode())
    return log
