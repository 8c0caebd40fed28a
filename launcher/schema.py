"""Whether the embedded database is at its newest schema already: spares later starts the import of the application."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import psycopg2

from launcher.credentials import write_private
from launcher.part import CHECKOUT


def is_likely_up_to_date(note: Path, versions: Path = CHECKOUT / "migrations" / "versions") -> bool:
    """What can be said before the database runs: no migration is new or changed since the last upgrade."""
    try:
        return bool(json.loads(note.read_text())["migrations"] == _digest(versions))
    except (OSError, ValueError, KeyError):
        return False


def is_up_to_date(url: str, note: Path, versions: Path = CHECKOUT / "migrations" / "versions") -> bool:
    """Whether migrations and the database's own mark are as they were noted after the last upgrade."""
    return note.exists() and note.read_text() == _state(url, versions)


def note_upgrade(url: str, note: Path, versions: Path = CHECKOUT / "migrations" / "versions") -> None:
    """Remember that these migrations brought the database to where it is now."""
    with suppress(OSError):  # a full disk: the next start asks again
        write_private(note, _state(url, versions))


def _state(url: str, versions: Path) -> str:
    return json.dumps({"migrations": _digest(versions), "database": _marks(url)})


def _digest(versions: Path) -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in sorted(versions.glob("*.py")))).hexdigest()


def _marks(url: str) -> list[str]:
    """What Alembic wrote into the database; empty before the first upgrade."""
    connection = psycopg2.connect(url)
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT version_num FROM alembic_version ORDER BY 1")
            return [row[0] for row in cursor.fetchall()]
    except psycopg2.errors.UndefinedTable:
        return []
    finally:
        connection.close()
