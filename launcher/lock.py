"""One `make run` per state folder."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher.language import in_language


class AlreadyRunning(RuntimeError):
    """Another supervisor holds this state folder."""


@contextmanager
def only_here(state_dir: Path) -> Iterator[None]:
    """Hold the folder for the length of the `with`; the system lets go of it even after kill -9."""
    state_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    state_dir.chmod(0o700)
    with (state_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                in_language(
                    f"Голубь уже работает с папкой состояния {state_dir}.",
                    f"Golub is already running with the state folder {state_dir}.",
                )
            ) from None
        yield
