"""A backup holds everything of one moment, and comes back whole or not at all."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
import time
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from mailer.backup import making, programs, restoring
from mailer.backup.archive import opened
from mailer.backup.making import make
from mailer.backup.restoring import look_at, restore
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.models.user import User
from mailer.sending import instance_guard
from tests.conftest import ROOT, Servers, run_sql
from tests.factories import make_client, make_mailing
from tests.waiting import wait_until


def say(_text: str) -> None:
    pass


@pytest.fixture
def var_dir(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setitem(app.config, "VAR_DIR", str(tmp_path / "var"))
    (tmp_path / "var" / "media" / "blog").mkdir(parents=True)
    (tmp_path / "var" / "media" / "blog" / "picture.webp").write_bytes(b"a picture")
    return tmp_path / "var"


@pytest.fixture
def elsewhere(servers: Servers) -> Iterator[str]:
    """Another database, empty."""
    name = f"golub_restored_{uuid.uuid4().hex[:8]}"
    run_sql(servers.database_url, f"CREATE DATABASE {name}")
    yield servers.database_url.rpartition("/")[0] + "/" + name
    run_sql(servers.database_url, f"DROP DATABASE {name} WITH (FORCE)")


def ask(url: str, question: str) -> Any:
    with closing(programs.connect(url)) as connection:
        return programs.ask(connection, question)


def put_back(url: str, path: Path) -> list[str]:
    with opened(path) as (archive, manifest):
        return restore(url, archive, manifest)


def rewritten(path: Path, to: Path, **parts: bytes) -> Path:
    """The same archive with other contents under some names."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(to, "w") as new:
        for part in old.infolist():
            new.writestr(part.filename, parts.get(part.filename.partition(".")[0], old.read(part)))
        for name, content in parts.items():
            if name not in {part.filename.partition(".")[0] for part in old.infolist()}:
                new.writestr(name, content)
    return to


def test_everything_comes_back_elsewhere_and_is_held(
    app: Flask,
    servers: Servers,
    var_dir: Path,
    elsewhere: str,
    owner: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_mailing(owner, [make_client(owner)])
    assert not instance_guard.sending_is_blocked()
    key = tmp_path / "key.pem"
    key.write_text("a private key")
    monkeypatch.setitem(app.config, "DKIM_KEYS", f"s2026:{key}")
    make(servers.database_url, tmp_path / "b.zip", say)
    assert stat.S_IMODE((tmp_path / "b.zip").stat().st_mode) == 0o600

    monkeypatch.setitem(app.config, "VAR_DIR", str(there := tmp_path / "there"))
    there.mkdir()
    notes = put_back(elsewhere, tmp_path / "b.zip")
    assert ask(elsewhere, "SELECT email FROM users") == owner.email
    assert ask(elsewhere, "SELECT count(*) FROM mailings") == 1
    assert ask(elsewhere, "SELECT cluster FROM instances") == "restored"
    assert ask(elsewhere, "SELECT host FROM instances").startswith("backup of 20")
    allowed = "SELECT has_table_privilege('golub_app', 'public.attempts', 'INSERT')"
    assert ask(elsewhere, f"{allowed} AND NOT has_table_privilege('golub_app', 'public.attempts', 'DELETE')")
    assert (there / "media" / "blog" / "picture.webp").read_bytes() == b"a picture"
    assert (there / "dkim" / "s2026.pem").read_text() == "a private key"
    assert json.loads((there / "secrets.json").read_text())["secret_key"] == app.config["SECRET_KEY"]
    assert any(f"s2026:{there}/dkim/s2026.pem" in note for note in notes)
    for name in ("secrets.json", "dkim/s2026.pem"):
        assert stat.S_IMODE((there / name).stat().st_mode) == 0o600


def test_passwords_of_servers_stay_where_they_are(
    servers: Servers, var_dir: Path, elsewhere: str, tmp_path: Path
) -> None:
    (var_dir / "secrets.json").write_text(
        json.dumps({"database": "d" * 48, "application": "a" * 48, "queue": "q" * 48, "later": "l"})
    )
    make(servers.database_url, tmp_path / "b.zip", say)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        assert set(json.loads(archive.read("secrets.json"))) == {"secret_key", "later"}


@pytest.mark.usefixtures("by_the_owner")
def test_one_moment_while_work_goes_on(
    app: Flask,
    servers: Servers,
    var_dir: Path,
    elsewhere: str,
    owner: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each picture is there that a row of the dump names, though pictures come and go all the while."""
    db.session.execute(db.text("CREATE TABLE drawn_pictures (name text)"))
    db.session.commit()
    folder, is_over = var_dir / "media" / "blog", threading.Event()

    names: list[str] = []

    def work() -> None:
        with closing(programs.connect(servers.database_url)) as connection, connection.cursor() as cursor:
            connection.autocommit = True
            while not is_over.is_set():
                names.append(uuid.uuid4().hex)
                (folder / names[-1]).write_bytes(b"x" * 2000)  # first the file, then the row
                cursor.execute("INSERT INTO drawn_pictures VALUES (%s)", (names[-1],))
                if len(names) > 400:  # none comes and goes within a look at the folder, as nobody's does
                    cursor.execute("DELETE FROM drawn_pictures WHERE name = %s", (names[0],))
                    (folder / names.pop(0)).unlink()  # first the row, then the file
                time.sleep(0.001)

    worker = threading.Thread(target=work)
    worker.start()
    try:
        wait_until(lambda: len(names) >= 20)
        for number in range(3):
            make(servers.database_url, tmp_path / f"{number}.zip", say)
    finally:
        is_over.set()
        worker.join()
        db.session.rollback()
    try:
        for number in range(3):
            put_back(elsewhere, tmp_path / f"{number}.zip")
            with closing(programs.connect(elsewhere)) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT name FROM drawn_pictures")
                named = {name for (name,) in cursor.fetchall()}
            assert named
            assert named <= {path.name for path in folder.iterdir()}
    finally:
        db.session.execute(db.text("DROP TABLE drawn_pictures"))
        db.session.commit()


def test_a_file_that_is_there_stays(servers: Servers, var_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "b.zip").write_text("mine")
    with pytest.raises(Refusal):
        make(servers.database_url, tmp_path / "b.zip", say)
    assert (tmp_path / "b.zip").read_text() == "mine"


def test_what_could_not_be_made_leaves_nothing(
    servers: Servers, var_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "_dump", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    before = set(tmp_path.iterdir())
    with pytest.raises(Refusal, match="No space left"):
        make(servers.database_url, tmp_path / "b.zip", say)
    assert set(tmp_path.iterdir()) == before


def test_nothing_is_half_restored(
    app: Flask, servers: Servers, var_dir: Path, elsewhere: str, owner: User, tmp_path: Path
) -> None:
    good = tmp_path / "good.zip"
    make(servers.database_url, good, say)
    put_back(elsewhere, good)
    (picture := var_dir / "media" / "blog" / "picture.webp").write_bytes(b"newer")
    whole = zipfile.ZipFile(good).read("database.dump")
    cut = tmp_path / "cut.zip"
    cut.write_bytes(good.read_bytes()[:-200])
    flipped = tmp_path / "flipped.zip"
    flipped.write_bytes(good.read_bytes().replace(whole[2000:2010], b"0123456789", 1))
    bad = [
        cut,
        flipped,
        rewritten(good, tmp_path / "dump-cut.zip", database=whole[: len(whole) * 2 // 3]),
        rewritten(good, tmp_path / "no-dump.zip", database=b"PGDMP"),
        rewritten(good, tmp_path / "strange.zip", **{"../../evil": b"x"}),
        rewritten(good, tmp_path / "manifest.zip", manifest=b"[]"),
        rewritten(good, tmp_path / "later.zip", manifest=b'{"format": 2}'),
        tmp_path / "not-there.zip",
        Path(__file__),
    ]
    for path in bad:
        with pytest.raises(Refusal) as refused:
            put_back(elsewhere, path)
        assert len(str(refused.value)) > 20, path
        assert ask(elsewhere, "SELECT email FROM users") == owner.email, path
        assert picture.read_bytes() == b"newer", path
        assert not list(var_dir.glob("restoring-*")), path
    assert not (tmp_path.parent / "evil").exists()


def test_a_backup_of_a_later_release_is_refused(
    servers: Servers, var_dir: Path, elsewhere: str, tmp_path: Path
) -> None:
    make(servers.database_url, tmp_path / "b.zip", say)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        manifest = json.loads(archive.read("manifest.json")) | {"revision": "9999"}
    later = rewritten(tmp_path / "b.zip", tmp_path / "later.zip", manifest=json.dumps(manifest).encode())
    with pytest.raises(Refusal, match="9999"):
        put_back(elsewhere, later)


def test_who_does_not_own_the_schema_is_told_before_anything_happens(app: Flask) -> None:
    with pytest.raises(Refusal, match=r"golub_app .* DATABASE_OWNER_URL"):
        look_at(app.config["SQLALCHEMY_DATABASE_URI"])


def test_an_older_server_is_not_told_what_it_does_not_know() -> None:
    """Programs of PostgreSQL 18 say this to a server of 15 too, which would refuse the whole backup for it."""
    assert restoring._is_unknown(b"SET transaction_timeout = 0;\n", 15)
    assert not restoring._is_unknown(b"SET transaction_timeout = 0;\n", 18)
    assert not restoring._is_unknown(b"SET statement_timeout = 0;\n", 15)


def test_a_server_whose_programs_are_missing_is_told(monkeypatch: pytest.MonkeyPatch, app: Flask) -> None:
    assert programs.folder_for(18)[1] >= 18
    with pytest.raises(Refusal, match="postgresql-client-99"):
        programs.folder_for(99)


def test_no_password_stands_in_a_list_of_processes() -> None:
    found = programs.environment("postgresql+psycopg2://u:p%40ss@db.test:5433/golub?sslmode=require")
    assert (found["PGPASSWORD"], found["PGHOST"], found["PGPORT"]) == ("p@ss", "db.test", "5433")
    assert found["PGSSLMODE"] == "require"


def test_the_commands_ask_before_they_replace(
    app: Flask,
    servers: Servers,
    var_dir: Path,
    elsewhere: str,
    owner: User,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DATABASE_URL", servers.database_url)
    monkeypatch.setitem(app.config, "DATABASE_OWNER_URL", servers.database_url)
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    email, file = owner.email, str(tmp_path / "b.zip")
    flask = app.test_cli_runner().invoke
    assert "users 1" in flask(args=["backup", file]).output

    monkeypatch.setitem(app.config, "DATABASE_OWNER_URL", elsewhere)
    checked = flask(args=["restore", "--check", file])
    assert (checked.exit_code, look_at(elsewhere).user_count) == (0, 0)
    assert "confirm-instance" in flask(args=["restore", file]).output
    run_sql(elsewhere, "UPDATE users SET email = 'changed@golub.test'")
    refused = flask(args=["restore", file], input="n\n")
    assert (refused.exit_code, ask(elsewhere, "SELECT email FROM users")) == (1, "changed@golub.test")
    with closing(programs.connect(elsewhere)) as working, working.cursor() as cursor:
        cursor.execute("SET application_name = 'golub'")
        assert "stop it first" in flask(args=["restore", "--yes", file]).output
    assert flask(args=["restore", "--yes", file]).exit_code == 0
    assert ask(elsewhere, "SELECT email FROM users") == email


@pytest.mark.slow
def test_a_command_says_what_it_did_and_nothing_else(
    servers: Servers, var_dir: Path, owner: User, tmp_path: Path
) -> None:
    given = {"DATABASE_URL": servers.database_url, "REDIS_URL": servers.redis_url, "VAR_DIR": str(var_dir)}
    done = subprocess.run(
        [sys.executable, "-m", "flask", "backup", str(tmp_path / "b.zip")],
        cwd=ROOT,
        env=os.environ | given | {"LC_ALL": "ru_RU.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Загрузки, ключи и секреты…\nБаза данных…\n")
    assert "В файле секреты" in done.stdout
