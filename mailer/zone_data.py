"""The rules of time zones: those of the pinned `tzdata` package, never the host's.

`zoneinfo` prefers the files of the operating system, which are as old as its last update: an hour off for Vancouver or
Casablanca in years to come, and another hour on the next machine.
"""

from __future__ import annotations

import zoneinfo
from collections.abc import Sequence
from pathlib import Path

import tzdata

# Where systems keep their own copy; its first line names the release: "# version 2025b".
SYSTEM_FILES = (Path("/usr/share/zoneinfo/tzdata.zi"), Path("/usr/lib/zoneinfo/tzdata.zi"))


def use_pinned() -> None:
    """Read zones from the package alone, in this process, from now on."""
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()


def version() -> str:
    """The release of the rules in use, such as `2026f`."""
    return str(tzdata.IANA_VERSION)


def newer_of_system(files: Sequence[Path] = SYSTEM_FILES) -> str | None:
    """The release of the operating system's rules, when that is a later one than ours."""
    for file in files:
        try:
            with file.open(encoding="ascii") as lines:
                found = lines.readline().partition("# version ")[2].strip()
        except (OSError, UnicodeDecodeError):
            continue
        if found > version():
            return found
    return None
