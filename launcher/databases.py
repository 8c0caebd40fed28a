"""Databases kept for root's installations: list them, and remove one that nobody owns any more, after asking.

python -m launcher.databases                list
python -m launcher.databases remove ID      asks; --yes does not
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from launcher.homes import ID_FILE, Home, homes, read_id
from launcher.language import in_language
from launcher.nobody import ROOM


class NotRemoved(RuntimeError):
    """The database stays; the text says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0 when done, 1 when it was not."""
    parser = argparse.ArgumentParser("python -m launcher.databases", description="Databases of root's installations")
    commands = parser.add_subparsers(dest="command")
    remove = commands.add_parser("remove", help="remove a database that nobody owns any more")
    remove.add_argument("id")
    remove.add_argument("--yes", action="store_true", help="do not ask")
    given = parser.parse_args(arguments)
    if given.command != "remove":
        show()
        return 0
    try:
        remove_orphan(given.id, is_asked=not given.yes)
    except NotRemoved as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def show() -> None:
    """One line for each database: id, size, whose it is."""
    found = list(homes(ROOM))
    for home in found:
        print(f"{home.path.name}  {_size(home.path) / 2**20:8.1f} MiB  {_state(home)}  {home.state_dir}")
    if not found:
        print(in_language(f"В {ROOM} нет баз данных.", f"There are no databases in {ROOM}."))


def remove_orphan(number: str, *, is_asked: bool) -> None:
    """Remove the database for good. Errors: NotRemoved when it is in use, is somebody's, or the answer is no."""
    home = next((home for home in homes(ROOM) if home.path.name == number), None)
    if home is None:
        raise NotRemoved(in_language(f"Базы данных {number} нет.", f"There is no database {number}."))
    if home.is_running:
        raise NotRemoved(in_language("База данных работает.", "The database is running."))
    if not home.is_orphan:
        raise NotRemoved(
            in_language(
                f"Эта база данных принадлежит папке {home.state_dir}.",
                f"This database belongs to the folder {home.state_dir}.",
            )
        )
    if is_asked:
        print(f"{home.path}  {_size(home.path) / 2**20:.1f} MiB  {home.state_dir}")
        print(
            in_language(
                f"Папки {home.state_dir} с этой базой на месте нет: она удалена, перенесена или её диск не подключён.",
                f"No folder at {home.state_dir} names this database: deleted, moved, or its disk is not mounted.",
            )
        )
        if input(in_language("Удалить навсегда? Введите id: ", "Remove for good? Type the id: ")).strip() != number:
            raise NotRemoved(in_language("Ничего не удалено.", "Nothing was removed."))
    shutil.rmtree(home.path)


def remove_with_folder(state_dir: Path) -> None:
    """For tests, which throw their own state folder away: its database goes first, if root's."""
    number = read_id(state_dir)
    if number and (ROOM / number).is_dir():
        shutil.rmtree(ROOM / number)
        (state_dir / ID_FILE).unlink()


def _state(home: Home) -> str:
    if home.is_running:
        return in_language("работает   ", "running    ")
    if home.is_orphan:
        return in_language("без папки  ", "no folder  ")
    return in_language("остановлена", "stopped    ")


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*"))


if __name__ == "__main__":
    sys.exit(main())
