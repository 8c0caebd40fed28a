"""A `flask …` that loads the application at once and begins its work at a sign of the launcher's.

python -m launcher.command FD db upgrade
"""

from __future__ import annotations

import importlib
import sys

from launcher import sign


def main() -> None:
    """Run the command on the application that has been loaded while its database was not there yet."""
    fd = int(sys.argv[1])
    sys.argv = ["flask", *sys.argv[2:]]  # as `wsgi` and Flask look for it
    importlib.import_module("wsgi")
    sign.wait_for(fd)
    importlib.import_module("flask.cli").main()


if __name__ == "__main__":
    main()
