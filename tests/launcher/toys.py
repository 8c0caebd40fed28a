"""Toy processes and the waiting that tests of the launcher share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from launcher.part import Part

SLEEPER = "import time\nwhile True: time.sleep(60)"
STUBBORN = (
    "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('hears nothing', flush=True)\n" + SLEEPER
)


def toy(name: str, folder: Path, code: str = SLEEPER, is_ready: Callable[[], bool] | None = None) -> Part:
    """A part that runs a few lines of Python."""
    return Part(name, (sys.executable, "-c", code), os.environ, folder / "logs" / f"{name}.log", is_ready)


def is_running(pid: int) -> bool:
    """Whether the process lives; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
