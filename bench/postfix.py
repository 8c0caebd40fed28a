"""Postfix's own test tools: smtp-sink takes mail and forgets it, smtp-source sends it as fast as C can.

They are the yardstick ("raw"): no database, no personalisation, no record of anything.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from bench.processes import cpu_seconds, free_port, running, wait_for_port

PLACES = os.environ.get("PATH", "") + ":/usr/sbin:/usr/lib/postfix/sbin"
SESSIONS = 20


class Missing(RuntimeError):
    """Postfix's tools are not on this machine; the text says how to get them."""


def tool(name: str) -> str:
    """The path of smtp-source or smtp-sink; raises Missing."""
    path = shutil.which(name, path=PLACES)
    if path is None:
        raise Missing(f"{name} is not installed; it comes with Debian's package postfix (sudo apt install postfix).")
    return path


@dataclass(frozen=True, slots=True)
class Sink:
    """A running smtp-sink."""

    port: int
    process_id: int

    @property
    def cpu(self) -> float:
        """CPU seconds it has used so far."""
        return cpu_seconds(self.process_id)


@contextmanager
def running_sink(*options: str) -> Iterator[Sink]:
    """A fresh smtp-sink on a port of its own."""
    port = free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with running([tool("smtp-sink"), *user, *options, f"127.0.0.1:{port}", "1000"]) as process:
        wait_for_port(port)
        yield Sink(port, process.pid)


def source_rate(sink: Sink, mail_count: int, size: int) -> float:
    """Mails per second of smtp-source: 20 sessions, connections kept, one recipient each, `size` bytes."""
    command = [
        tool("smtp-source"), "-d", "-s", str(SESSIONS), "-m", str(mail_count), "-l", str(size),
        "-f", "news@golub.test", "-t", "person@example.test", f"127.0.0.1:{sink.port}",
    ]  # fmt: skip
    began = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return mail_count / (time.perf_counter() - began)
