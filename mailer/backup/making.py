"""Make a backup while the service runs: one moment of the database, and every file that it names."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flask import current_app
from flask_babel import gettext as _
from psycopg2.extensions import connection as Connection  # noqa: N812

from mailer.backup import programs
from mailer.backup.archive import DUMP, FORMAT, KEYS, SECRETS, SETTINGS, UPLOADS, Manifest, opened
from mailer.clock import utcnow
from mailer.errors import Refusal

ROOT = Path(__file__).resolve().parents[2]
OWN_TO_A_PLACE = {"database", "application", "queue"}  # passwords of servers that stay where they are
COUNTED = ("users", "clients", "mailings", "runs", "deliveries")


def make(url: str, path: Path, say: Callable[[str], None]) -> Manifest:
    """Write everything into a new file (0600). Refusal when there is one, or it cannot be made; nothing is left then.

    Files are collected before the database's moment and, those that are new, right after it: one that was deleted
    since is not named by the dump, one that came before it is there.
    """
    if path.exists():
        raise Refusal(_("%(file)s exists already.", file=path))
    with _written(path) as archive:
        say(_("Uploads, keys and secrets…"))
        _add_secrets(archive)
        taken = _add_uploads(archive, set())
        with _moment(url) as (connection, snapshot):
            taken |= _add_uploads(archive, taken)
            say(_("Database…"))
            manifest = _describe(connection, len(taken))
            _dump(archive, url, snapshot, *programs.folder_for(manifest.server))
        manifest.write(archive)
    say(_("Verifying the backup…"))
    with opened(path):
        return manifest


@contextmanager
def _written(path: Path) -> Iterator[zipfile.ZipFile]:
    """The archive under another name, which becomes `path` when it is whole and on the disk."""
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w+b") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, strict_timestamps=False) as archive:
                yield archive
            file.flush()
            os.fsync(file.fileno())
        unfinished.rename(path)
    except OSError as error:
        raise Refusal(_("The backup could not be written: %(error)s", error=error)) from error
    finally:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)


@contextmanager
def _moment(url: str) -> Iterator[tuple[Connection, str]]:
    """A transaction that holds one moment of the database, and the name under which others may read it too."""
    connection = programs.connect(url)
    try:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        yield connection, programs.ask(connection, "SELECT pg_export_snapshot()")
    finally:
        connection.close()


def _describe(connection: Connection, file_count: int) -> Manifest:
    if programs.ask(connection, "SELECT to_regclass('alembic_version')") is None:
        raise Refusal(_("The database is empty: there is nothing to back up."))
    revision = programs.ask(connection, "SELECT version_num FROM alembic_version")
    counts = {table: programs.ask(connection, f"SELECT count(*) FROM {table}") for table in COUNTED}  # noqa: S608
    server = connection.server_version // 10_000
    made_at = utcnow().isoformat(timespec="seconds")
    tools = programs.folder_for(server)[1]
    return Manifest(FORMAT, made_at, current_app.config["SITE_URL"], revision, server, tools, counts, file_count)


def _dump(archive: zipfile.ZipFile, url: str, snapshot: str, folder: Path, _version: int) -> None:
    command = [str(folder / "pg_dump"), "--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot}"]
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            command, env=programs.environment(url), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said
        )
        assert process.stdout is not None
        try:
            with archive.open(DUMP, "w", force_zip64=True) as part:
                shutil.copyfileobj(process.stdout, part, 2**20)
        finally:
            process.stdout.close()  # a full disk: it ends too
            code = process.wait()
        if code:
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip()
            raise Refusal(_("pg_dump failed: %(error)s", error=words))


def _add_uploads(archive: zipfile.ZipFile, taken: set[str]) -> set[str]:
    """Add the files not `taken` yet; their names in the archive."""
    var_dir, added = Path(current_app.config["VAR_DIR"]), set()
    for folder in UPLOADS:
        for path in sorted((var_dir / folder).rglob("*")):
            name = f"{folder}/{path.relative_to(var_dir / folder)}"
            if name in taken or not path.is_file() or path.is_symlink():
                continue
            with suppress(FileNotFoundError):  # deleted this moment
                archive.write(path, name)
                added.add(name)
    return added


def _add_secrets(archive: zipfile.ZipFile) -> None:
    var_dir, secrets = Path(current_app.config["VAR_DIR"]), {}
    with suppress(FileNotFoundError):
        known = json.loads((var_dir / "secrets.json").read_text())
        secrets = {name: value for name, value in known.items() if name not in OWN_TO_A_PLACE}
    secrets["secret_key"] = current_app.config["SECRET_KEY"]
    archive.writestr(SECRETS, json.dumps(secrets))
    archive.writestr(SETTINGS, _settings())
    for selector, path in _keys():
        try:
            archive.write(path, f"{KEYS}/{selector}.pem")
        except OSError as error:
            raise Refusal(_("The DKIM key %(file)s cannot be read: %(error)s", file=path, error=error)) from error


def _keys() -> Iterator[tuple[str, Path]]:
    for pair in filter(None, (part.strip() for part in (current_app.config["DKIM_KEYS"] or "").split(","))):
        selector, _colon, path = pair.partition(":")
        yield selector.strip(), Path(path.strip())


def _settings() -> str:
    """What was set by environment or `.env`, of the settings that `.env.example` names: to compare with, by eye."""
    known = re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    return "".join(f"{name}={json.dumps(os.environ[name])}\n" for name in known if os.environ.get(name))
