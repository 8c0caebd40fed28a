"""Which database belongs to a state folder: an id inside the folder says so, wherever the folder is moved or mounted.

Started by an ordinary user the database lies in the folder itself; started by root, in `room/<id>` (`launcher.nobody`).
No start ever removes a database, nor begins an empty one where there should be one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from launcher.credentials import write_private, write_when_changed
from launcher.language import in_language
from launcher.part import StartError

ID_FILE = "database-id"
NOTE = "state-folder"  # in the home: where the state folder was at its last start
UNFINISHED = "pgdata.new"  # a database being made: it becomes `pgdata` when it is whole


@dataclass(frozen=True)
class Home:
    """A database under `room`: where it lies, and the state folder that it was last started for."""

    path: Path
    state_dir: Path

    @property
    def is_running(self) -> bool:
        """Whether a server works on its files."""
        return is_served(self.path / "pgdata")

    @property
    def is_orphan(self) -> bool:
        """No state folder at the noted place names it: gone, moved, or on a disk that is not mounted now."""
        number = read_id(self.state_dir)
        if number is None and (self.state_dir / "secrets.json").exists():
            number = _digest_of_path(self.state_dir)
        return number != self.path.name


def home_in_folder(state_dir: Path) -> Path:
    """The state folder itself, when its database is there or none was ever made. Errors: StartError."""
    if not has_database(state_dir) and _had_database(state_dir):
        raise _missing(state_dir, state_dir / "pgdata")
    _mark(state_dir, read_id(state_dir) or secrets.token_hex(8), state_dir)
    return state_dir


def home_in_room(state_dir: Path, room: Path) -> Path:
    """The folder under `room` that keeps this state folder's database; made when none was. Errors: StartError."""
    state_dir = state_dir.resolve()
    number = read_id(state_dir) or _unmarked(state_dir, room)
    home = room / (number or secrets.token_hex(8))
    if number is None:
        _refuse_a_second(state_dir, room)
        home.mkdir(mode=0o755, parents=True)
    elif not has_database(home):
        raise _missing(state_dir, home)
    _refuse_a_copy(state_dir, home)
    _mark(state_dir, home.name, home)
    write_when_changed(home / NOTE, str(state_dir))
    return home


def homes(room: Path) -> Iterator[Home]:
    """All databases under `room`."""
    for note in sorted(room.glob(f"*/{NOTE}")):
        yield Home(note.parent, Path(note.read_text()))


def read_id(state_dir: Path) -> str | None:
    """The id of the folder's database; None before its first start, or when the folder is not there."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return (state_dir / ID_FILE).read_text().strip() or None
    return None


def is_served(data: Path) -> bool:
    """Whether the server named in `postmaster.pid` lives and works on these very files, not on what they were copied
    from (where the system cannot tell: whether one is named).
    """
    note = data / "postmaster.pid"
    try:
        return data.samefile(f"/proc/{int(note.read_text().split()[0])}/cwd")
    except (OSError, ValueError, IndexError):
        return note.exists() and not Path("/proc/self/cwd").exists()


def has_database(home: Path) -> bool:
    """Whether there is a whole database, or one whose making was broken off."""
    return (home / "pgdata" / "PG_VERSION").exists() or (home / UNFINISHED).exists()


def _had_database(state_dir: Path) -> bool:
    return read_id(state_dir) is not None or (state_dir / "schema.json").exists()


def _mark(state_dir: Path, number: str, home: Path) -> None:
    """The database is begun before the folder names it: what is named and not there was lost."""
    if not has_database(home):
        (home / UNFINISHED).mkdir(mode=0o700)
    if read_id(state_dir) is None:
        write_private(state_dir / ID_FILE, number + "\n")


def _unmarked(state_dir: Path, room: Path) -> str | None:
    """The database of a folder that has no id yet, as earlier releases named it: by a hash of the folder's path.

    A folder moved since then is recognized by the port that both remember.
    """
    if not (state_dir / "secrets.json").exists():
        return None
    if has_database(room / _digest_of_path(state_dir)):
        return _digest_of_path(state_dir)
    if not (state_dir / "schema.json").exists():
        return None
    with suppress(OSError, ValueError, KeyError):
        port = json.loads((state_dir / "ports.json").read_text())["postgres"]
        alike = [home.path.name for home in homes(room) if home.is_orphan and _last_port(home) == str(port)]
        if len(alike) == 1:
            return alike[0]
    raise _missing(state_dir, room)


def _last_port(home: Home) -> str | None:
    with suppress(OSError, IndexError):
        options = (home.path / "pgdata" / "postmaster.opts").read_text()
        return options.partition('"-p" "')[2].partition('"')[0]
    return None


def _digest_of_path(state_dir: Path) -> str:
    return hashlib.sha256(str(state_dir.resolve()).encode()).hexdigest()[:12]


def _refuse_a_second(state_dir: Path, room: Path) -> None:
    if (state_dir / "pgdata" / "PG_VERSION").exists():
        raise StartError(
            in_language(
                f"База данных в {state_dir / 'pgdata'} создана обычным пользователем, а PostgreSQL не работает от "
                "root: запустите Голубь от имени её владельца.",
                f"The database in {state_dir / 'pgdata'} was made by an ordinary user, and PostgreSQL refuses root: "
                "start Golub as its owner.",
            )
        )
    for home in homes(room):
        if home.state_dir == state_dir and has_database(home.path):
            raise StartError(
                in_language(
                    f"Папка {state_dir} пуста, а её база данных цела: {home.path}. Подключён ли диск, перенесена ли "
                    "папка? Верните содержимое папки на место. Если папка удалена намеренно, посмотрите "
                    "`python -m launcher.databases`.",
                    f"The folder {state_dir} is empty, yet its database is there: {home.path}. Is the disk mounted, "
                    "was the folder moved? Put the folder's contents back. If it was deleted on purpose, see "
                    "`python -m launcher.databases`.",
                )
            )


def _refuse_a_copy(state_dir: Path, home: Path) -> None:
    with suppress(FileNotFoundError):
        other = Path((home / NOTE).read_text())
        if other != state_dir and read_id(other) == home.name and not other.samefile(state_dir):
            raise StartError(
                in_language(
                    f"Папка {state_dir} — копия папки {other}: у обеих одна база данных {home}. Копию делают командами "
                    "`flask backup` и `flask restore`.",
                    f"The folder {state_dir} is a copy of {other}: both name the one database {home}. "
                    "Copies are made by `flask backup` and `flask restore`.",
                )
            )


def _missing(state_dir: Path, place: Path) -> StartError:
    return StartError(
        in_language(
            f"Базы данных папки {state_dir} нет на месте ({place}). Ничего не изменено. Верните её или восстановите "
            f"копию в новую папку (`flask restore`). Начать с пустой базы: удалите файлы {ID_FILE} и schema.json в "
            f"этой папке.",
            f"The database of the folder {state_dir} is not where it should be ({place}). Nothing was changed. Put it "
            f"back, or restore a backup into a new folder (`flask restore`). To begin with an empty one, delete the "
            f"files {ID_FILE} and schema.json in that folder.",
        )
    )
