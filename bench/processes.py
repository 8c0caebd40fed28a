"""Processes of a measurement: started on loopback, ended for certain, and asked for the CPU they used."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(command: Sequence[str], environment: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """The command for the length of a `with`; its words go nowhere, its end is waited for."""
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for_port(port: int, seconds: float = 20.0) -> None:
    """Return as soon as something listens there; TimeoutError if nothing does in time."""
    gives_up_at = time.monotonic() + seconds
    while time.monotonic() < gives_up_at:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise TimeoutError(f"nothing listens on port {port}")


def cpu_seconds(process_id: int) -> float:
    """User and system time of a process, of its living descendants, and of the children that they have waited for."""
    total = 0.0
    with suppress(psutil.Error):
        process = psutil.Process(process_id)
        for each in (process, *process.children(recursive=True)):
            with suppress(psutil.Error):
                total += sum(each.cpu_times()[:4])
    return total


def stolen_percent() -> float:
    """Of the CPU time since this was asked last, what the host gave to others; 0 where the system does not say."""
    return float(getattr(psutil.cpu_times_percent(), "steal", 0.0))
