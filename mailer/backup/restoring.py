"""Put a backup back: the whole of it, in one transaction, or nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from threading import Thread
from typing import IO

from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import make_url

from launcher.application_role import ROLE
from launcher.credentials import load_credentials, write_private
from mailer.backup import programs
from mailer.backup.archive import DUMP, KEYS, SECRETS, SETTINGS, UPLOADS, Manifest, files_under
from mailer.backup.making import OWN_TO_A_PLACE, ROOT
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.sending import instance_guard

# The schema as a new database has it. What is restored is a copy until an operator says otherwise
# (`sending.instance_guard`).
BEFORE = """
BEGIN;
SET LOCAL lock_timeout = '15s';
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
GRANT USAGE ON SCHEMA public TO PUBLIC;
"""
AFTER = """
SET LOCAL search_path = public;
INSERT INTO instances (id, number, cluster, database, host, confirmed_at)
VALUES (1, gen_random_uuid(), '{cluster}', 0, '{host}', now())
ON CONFLICT (id) DO UPDATE SET cluster = '{cluster}', host = '{host}';
DO $$ BEGIN
    IF to_regprocedure('grant_to_application(text)') IS NOT NULL THEN
        PERFORM grant_to_application(rolname) FROM pg_roles WHERE rolname = '{role}' AND rolname <> current_user;
    END IF;
END $$;
"""
OWNS = "SELECT pg_has_role(current_user, nspowner, 'USAGE') FROM pg_namespace WHERE nspname = 'public'"
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'golub'"
RESTORED_ENV = "restored.env"
SETTINGS_SINCE = {b"transaction_timeout": 17}
LINES_OF_SETTINGS = 60  # at the head of what pg_restore writes


@dataclass(frozen=True, slots=True)
class Target:
    """What is in the database now, to be asked about."""

    user_count: int
    is_in_use: bool


def look_at(url: str) -> Target:
    """What a restore would replace. Refusal when the database cannot be reached."""
    with closing(programs.connect(url)) as connection:
        is_in_use = programs.ask(connection, OTHERS) > 0
        if programs.ask(connection, OWNS) is False:
            raise Refusal(
                _(
                    "The role %(role)s does not own the schema and cannot replace it: name the owner in "
                    "DATABASE_OWNER_URL.",
                    role=programs.ask(connection, "SELECT current_user"),
                )
            )
        if programs.ask(connection, "SELECT to_regclass('public.users')") is None:
            return Target(0, is_in_use)
        return Target(programs.ask(connection, "SELECT count(*) FROM public.users"), is_in_use)


def require_known(manifest: Manifest) -> None:
    """Refusal when a later release of Golub made it."""
    try:
        ScriptDirectory(str(ROOT / "migrations")).get_revision(manifest.revision)
    except CommandError as error:
        raise Refusal(
            _("The backup is of a newer release of Golub (schema %(revision)s).", revision=manifest.revision)
        ) from error


def restore(url: str, archive: zipfile.ZipFile, manifest: Manifest) -> list[str]:
    """Replace everything by the backup; what the operator should know then. Refusal: nothing was changed."""
    require_known(manifest)
    server = _server_major(url)
    folder, _version = programs.folder_for(max(manifest.tools, server))
    var_dir = Path(current_app.config["VAR_DIR"])
    with tempfile.TemporaryDirectory(dir=var_dir, prefix="restoring-") as staging, tempfile.TemporaryFile() as said:
        try:
            _unpack(archive, Path(staging))
        except OSError as error:
            raise Refusal(_("The uploads could not be unpacked: %(error)s", error=error)) from error
        psql = _start([str(folder / "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1"], url, subprocess.PIPE, said)
        assert psql.stdin is not None
        try:
            is_whole = _feed(psql.stdin, folder, url, archive, said, server)
            if is_whole:
                psql.stdin.write(_after(manifest).encode())
            with _swapped(var_dir, Path(staging)) as kept:
                psql.stdin.write(b"COMMIT;\n" if is_whole else b"ROLLBACK;\n")
                psql.stdin.close()
                if psql.wait() or not is_whole:
                    raise BrokenPipeError
        except BrokenPipeError as error:
            with suppress(OSError):
                psql.stdin.close()
            psql.wait()
            raise Refusal(_("The database did not accept the backup: %(error)s", error=_words(said))) from error
    return [
        *_secrets(archive, var_dir),
        *(_("The former data are kept in: %(folder)s", folder=place) for place in kept),
    ]


def _after(manifest: Manifest) -> str:
    """A copy until somebody confirms, and the application's role may work with it."""
    role = make_url(current_app.config["SQLALCHEMY_DATABASE_URI"]).username or ""
    if current_app.config["DATABASE_OWNER_URL"] is None:
        role = ROLE  # the embedded database's
    made_at = datetime.fromisoformat(manifest.made_at).isoformat()
    host = instance_guard.BACKUP_OF + made_at
    return AFTER.format(cluster=instance_guard.RESTORED, host=host, role=role.replace("'", "''"))


def _feed(sink: IO[bytes], folder: Path, url: str, archive: zipfile.ZipFile, said: IO[bytes], server: int) -> bool:
    """Give the dump, as SQL, to psql, in a transaction left open. Whether all of it went. Errors: BrokenPipeError."""
    sink.write(BEFORE.encode())
    sink.flush()
    command = [str(folder / "pg_restore"), "--no-owner", "--no-privileges", "--file=-"]
    reader = _start(command, url, subprocess.PIPE, said, stdout=subprocess.PIPE)
    assert reader.stdin is not None
    assert reader.stdout is not None
    feeding = Thread(target=_copy_dump, args=[archive, reader.stdin], daemon=True)
    feeding.start()
    try:
        for line in islice(reader.stdout, LINES_OF_SETTINGS):
            sink.write(b"\n" if _is_unknown(line, server) else line)
        shutil.copyfileobj(reader.stdout, sink, 2**20)
    finally:
        reader.stdout.close()
        feeding.join()
        code = reader.wait()
    sink.flush()
    return code == 0


def _is_unknown(line: bytes, server: int) -> bool:
    """Whether it sets what an older server has not: newer programs say it to any."""
    return any(line.startswith(b"SET " + name + b" ") for name, since in SETTINGS_SINCE.items() if server < since)


def _copy_dump(archive: zipfile.ZipFile, sink: IO[bytes]) -> None:
    """To a reader that may end early."""
    with suppress(BrokenPipeError), archive.open(DUMP) as dump, sink:
        shutil.copyfileobj(dump, sink, 2**20)


def _start(
    command: list[str], url: str, stdin: int, said: IO[bytes], stdout: IO[bytes] | int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - PostgreSQL's own programs
        command, env=programs.environment(url), stdin=stdin, stdout=stdout, stderr=said
    )


def _words(said: IO[bytes]) -> str:
    said.seek(0)
    lines = [line for line in said.read().decode("utf-8", "replace").splitlines() if "ERROR" in line or "rror:" in line]
    return "\n".join(lines[:3])


def _server_major(url: str) -> int:
    with closing(programs.connect(url)) as connection:
        return connection.server_version // 10_000


def _unpack(archive: zipfile.ZipFile, staging: Path) -> None:
    for folder in UPLOADS:
        (staging / folder).mkdir(mode=0o700)
        for part, path in files_under(archive, folder):
            target = staging / folder / path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with archive.open(part) as source, target.open("wb") as sink:
                shutil.copyfileobj(source, sink, 2**20)


@contextmanager
def _swapped(var_dir: Path, staging: Path) -> Iterator[list[Path]]:
    """The folders of uploads changed for those restored, and back again if the `with` fails. Yields what is kept."""
    stamp = f"{utcnow():%Y%m%d-%H%M%S-%f}"
    moved: list[tuple[Path, Path]] = []
    kept: list[Path] = []
    try:
        for folder in UPLOADS:
            if (var_dir / folder).exists() and any((var_dir / folder).iterdir()):
                kept.append(var_dir / f"{folder}.before-{stamp}")
                moved.append((var_dir / folder, kept[-1]))
                (var_dir / folder).rename(kept[-1])
            moved.append((staging / folder, var_dir / folder))
            (staging / folder).rename(var_dir / folder)
        yield kept
    except BaseException:
        for before, after in reversed(moved):
            with suppress(OSError):
                after.rename(before)
        raise


def _secrets(archive: zipfile.ZipFile, var_dir: Path) -> list[str]:
    """Put keys and secrets where the service finds them; what an operator has to do by hand."""
    notes = []
    secrets = json.loads(archive.read(SECRETS))
    known = load_credentials(var_dir) | {name: text for name, text in secrets.items() if name not in OWN_TO_A_PLACE}
    write_private(var_dir / "secrets.json", json.dumps(known))
    if settings := archive.read(SETTINGS).decode():
        write_private(var_dir / RESTORED_ENV, settings)
        notes.append(_("Settings it was made with, to compare: %(file)s", file=var_dir / RESTORED_ENV))
    if os.environ.get("SECRET_KEY", secrets["secret_key"]) != secrets["secret_key"]:
        notes.append(
            _(
                "SECRET_KEY is different here: second factors and links in emails work only with the key of the "
                "backup (secret_key in %(file)s).",
                file=var_dir / "secrets.json",
            )
        )
    for part, path in files_under(archive, KEYS):
        target = var_dir / KEYS / path
        if not target.exists():
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_private(target, archive.read(part).decode())
        notes.append(_("DKIM key: DKIM_KEYS=%(setting)s", setting=f"{path.stem}:{target}"))
    return notes
