"""Processes that a killed supervisor may have left behind: noted while they run, ended at the next start.

Linux ends them by itself (`launcher.part`); this waits until they are gone, and does the work on other
systems.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from launcher.credentials import write_private

GONE_SECONDS = 10.0


def note_processes(record: Path, processes: Iterable[tuple[int, int]]) -> None:
    """Remember (pid, stop signal) pairs of running processes."""
    notes = [{"pid": pid, "born": _born(pid), "stop_signal": signum} for pid, signum in processes]
    write_private(record, json.dumps(notes))


def end_leftovers(record: Path, seconds: float = GONE_SECONDS) -> None:
    """Ask what is noted and still lives to stop, kill it after `seconds`, forget the notes."""
    try:
        notes = json.loads(record.read_text())
    except (FileNotFoundError, ValueError):
        notes = []
    alive = [note for note in notes if _is_alive(note)]
    for note in alive:
        _send(note["pid"], note["stop_signal"])
    deadline = time.monotonic() + seconds
    while alive and time.monotonic() < deadline:
        time.sleep(0.05)
        alive = [note for note in alive if _is_alive(note)]
    for note in alive:
        _send(note["pid"], 9)
    with contextlib.suppress(OSError):  # a disk that takes no changes
        record.unlink(missing_ok=True)


def session_members(leader: int) -> list[int]:
    """Living processes of the session that `leader` opened, also after its own death (Linux; elsewhere
    none).
    """
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = _fields(stat)
            if fields[3] == str(leader) and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def _is_alive(note: dict[str, object]) -> bool:
    """The same process, not another that was given its number later."""
    born = _born(int(str(note["pid"])))
    return born is not None and born == note["born"]


def _born(pid: int) -> str | None:
    """When the process was started, in the system's own words; None when it is gone."""
    try:
        fields = _fields(Path(f"/proc/{pid}/stat"))
        return None if fields[0] == "Z" else fields[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    command = ["ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or None


def _fields(stat: Path) -> list[str]:
    """Fields of proc(5)'s stat from the third on: the second, a name in parentheses, may hold anything."""
    return stat.read_text().rpartition(")")[2].split()


def _send(pid: int, signum: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signum)
