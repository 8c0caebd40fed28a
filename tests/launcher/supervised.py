"""A real supervisor over toy parts, as a program of its own: `python -m tests.launcher.supervised FOLDER`."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from launcher.lock import AlreadyRunning, only_here
from launcher.supervisor import Supervisor
from tests.launcher.toys import toy


def main(folder: Path) -> None:
    with only_here(folder):
        supervisor = Supervisor(folder / "parts.json", lambda line: print(line, flush=True))
        signal.signal(signal.SIGTERM, supervisor.request_stop)
        supervisor.start([toy("server", folder)])
        supervisor.start([toy("worker", folder), toy("web", folder)])
        print("started", flush=True)
        supervisor.watch()
        supervisor.stop()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except AlreadyRunning as error:
        sys.exit(str(error))
