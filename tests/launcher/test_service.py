"""What a `flask …` in another shell knows of the running service."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from config import DevelopmentConfig
from launcher.part import Part, StartError
from launcher.ports import first_free, kept_port
from launcher.postgres import Postgres
from launcher.service import Service
from launcher.settings import Settings, load_settings
from launcher.sign import Sign
from launcher.supervisor import Supervisor
from tests.conftest import ROOT

GIVEN = {
    "INSTANCE_ID": "two-hosts",
    "JOURNAL_KEY": "the-key-before-this-one-0123456789",
    "MAILINGS_FROM": "news@example.org",
    "MAILINGS_SMTP_URL": "smtps://u:p@one.example.org?rate=14",
    "NEW_ACCOUNT_DAILY_LIMIT": "200",
    "REGISTRATION": "invite",
    "DATABASE_URL": "postgresql://golub@127.0.0.1:1/golub",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "MAIL_SERVER": "127.0.0.1",
}


def test_a_command_beside_the_service_has_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in GIVEN:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "running.json").write_text('{"OPERATOR_NAME": "left by a start that was killed"}')
    settings = load_settings({**GIVEN, "VAR_DIR": str(tmp_path)}, tmp_path / "none")
    service = Service(settings, Supervisor(tmp_path / "parts.json"), lambda _line: None)
    monkeypatch.setattr("launcher.service.require_database", lambda _environment: None)
    with pytest.raises(StartError):  # there is no such database: the addresses are written before that
        service.start(no_parts)
    found = DevelopmentConfig(VAR_DIR=str(tmp_path))
    for name, value in GIVEN.items():
        if name not in ("DATABASE_URL", "NEW_ACCOUNT_DAILY_LIMIT"):
            assert getattr(found, name) == value, name
    assert found.NEW_ACCOUNT_DAILY_LIMIT == 200
    assert found.OPERATOR_NAME is None


@pytest.mark.parametrize(("more", "is_refused"), [({}, False), ({"SITE_URL": "https://mail.example.org"}, True)])
def test_another_port_is_taken_only_where_nobody_was_told_an_address(
    tmp_path: Path, more: dict[str, str], is_refused: bool
) -> None:
    said: list[str] = []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        settings = load_settings({**GIVEN, **more, "VAR_DIR": str(tmp_path), "PORT": port}, tmp_path / "none")
        service = Service(settings, Supervisor(tmp_path / "parts.json"), said.append)
        with pytest.raises(
            StartError, match=rf"{port} is taken|{port} занят" if is_refused else "cannot be reached|недоступна"
        ):
            service.start(no_parts)
    assert any(port in line for line in said) is not is_refused


def no_parts(_settings: Settings, _environment: dict[str, str], _port: int, _gate: Sign) -> list[Part]:
    return []


def catcher_ports(folder: Path) -> tuple[str, str]:
    settings = load_settings({name: GIVEN[name] for name in ("DATABASE_URL", "REDIS_URL")} | {"VAR_DIR": str(folder)})
    service = Service(settings, Supervisor(folder / "parts.json"), lambda _line: None)
    service._servers()
    return service.environment["MAIL_PORT"], service.environment["MAIL_PAGE_URL"]


@contextmanager
def taken(port: int) -> Iterator[None]:
    """The next free port from this one on is somebody else's; the tests beside this one look for free ones too."""
    with socket.socket() as other:
        for _try in range(10):
            with suppress(OSError):
                other.bind(("127.0.0.1", first_free(port)))
                break
        yield


def test_the_mail_catcher_keeps_its_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Far from the usual ones, where services of the tests beside this one come and go.
    monkeypatch.setattr(
        "launcher.service.kept_port", lambda folder, name, usual: kept_port(folder, name, usual + 20000)
    )
    with taken(21025), taken(28025):
        first = catcher_ports(tmp_path)
    assert catcher_ports(tmp_path) == first, "though the usual ones are free now"
    with socket.socket() as other:
        other.bind(("127.0.0.1", int(first[0])))
        assert catcher_ports(tmp_path)[0] != first[0]
    assert catcher_ports(tmp_path) == first, "that was for once"


def test_a_database_that_is_away_is_said_at_once(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "LC_ALL": "C.UTF-8", "PORT": "18999",
                   "DATABASE_URL": "postgresql://golub:hidden-word@127.0.0.1:1/golub"}  # fmt: skip
    command = [sys.executable, "-m", "launcher"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("The database of DATABASE_URL (127.0.0.1) cannot be reached: ")
    assert "hidden-word" not in done.stdout + done.stderr
    assert not (tmp_path / "logs").exists(), "nothing was started for it"


@pytest.mark.parametrize(("kind", "has_samples"), [("production", False), ("development", True)])
def test_a_new_database_has_sample_accounts_only_where_nobody_works(
    kind: str, has_samples: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = load_settings({"GOLUB_ENV": kind, "VAR_DIR": str(tmp_path)}, tmp_path / "none")
    said: list[str] = []
    service = Service(settings, Supervisor(tmp_path / "parts.json"), said.append)
    postgres = Postgres.__new__(Postgres)
    monkeypatch.setattr(Postgres, "ensure_database", lambda _self, *, is_expected: not is_expected)
    service._ensure_database(postgres)
    assert (tmp_path / "sample-wanted").exists() is has_samples
    assert any("create-user" in line for line in said) is not has_samples
