"""Settings: what refuses to start, what is found by itself, and that all of them are named for people."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from dotenv import dotenv_values

from config import DevelopmentConfig, ProductionConfig, database_url, from_environment
from mailer import create_app
from setting_values import ConfigError, refuse_slips
from tests.conftest import ROOT

RUSSIAN = re.compile("[а-яё]", re.IGNORECASE)
SOUND = {
    "SECRET_KEY": secrets.token_hex(32),
    "SITE_URL": "https://mail.example.org",
    "TRUSTED_HOSTS": "mail.example.org",
    "MAIL_SERVER": "smtp.example.org",
    "MAIL_USE_TLS": "1",
    "PROXY_COUNT": "1",
    "DATABASE_URL": "postgresql://golub:secret@db.example.org/golub?sslmode=verify-full",
    "REDIS_URL": "rediss://:secret@redis.example.org:6379/0",
    "REGISTRATION": "invite",
}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SECRET_KEY", "only-for-development"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "x" * 40),
        ("SECRET_KEY", "change-me-to-something-long-and-random-1"),
        ("SECRET_KEY", "0123456789abcdef0123456789abcdef"),
        ("TRUSTED_HOSTS", "other.example.org"),
        ("TRUSTED_HOSTS", "example.org"),
        ("PROXY_COUNT", None),
        ("REDIS_URL", "rediss://redis.example.org:6379/0"),
        ("REGISTRATION", "closed"),
        ("SITE_URL", "http://mail.example.org"),
        ("TRUSTED_HOSTS", None),
        ("MAIL_USE_TLS", None),
    ],
)
def test_production_refuses_what_is_unsafe_in_the_terminals_language(
    tmp_path: Path, setting: str, value: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for language, is_russian in (("en_GB.UTF-8", False), ("ru_RU.UTF-8", True)):
        monkeypatch.setenv("LC_ALL", language)
        with pytest.raises(ConfigError, match=setting) as refusal:
            ProductionConfig(VAR_DIR=str(tmp_path), **(SOUND | {setting: value}))
        assert bool(RUSSIAN.search(str(refusal.value))) is is_russian


def test_production_starts_with_sound_settings(tmp_path: Path) -> None:
    config = ProductionConfig(VAR_DIR=str(tmp_path), **SOUND)
    assert config.SESSION_COOKIE_SECURE
    assert config.SESSION_COOKIE_NAME.startswith("__Host-")
    assert config.TRUSTED_HOSTS == ["mail.example.org"]


@pytest.mark.parametrize(
    ("setting", "value", "word"),
    [
        ("PROXY_COUNT", "0", "PROXY_COUNT=0"),
        ("DATABASE_URL", "postgresql://golub@db.example.org/golub?sslmode=require", "no password"),
        ("DATABASE_URL", "postgresql://golub:secret@db.example.org/golub", "sslmode"),
        ("REDIS_URL", "redis://:secret@redis.example.org:6379/0", "rediss"),
        ("REGISTRATION", "open", "NEW_ACCOUNT_DAILY_LIMIT"),
    ],
)
def test_production_warns_of_what_it_cannot_refuse(
    tmp_path: Path, setting: str, value: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    (warning,) = ProductionConfig(VAR_DIR=str(tmp_path), **(SOUND | {setting: value})).WARNINGS
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert word in str(warning) and not RUSSIAN.search(str(warning))
    monkeypatch.setenv("LC_ALL", "ru_RU.UTF-8")
    assert RUSSIAN.search(str(warning)) and setting in str(warning)


def test_nothing_is_said_of_sound_settings_and_of_servers_on_this_machine(tmp_path: Path) -> None:
    here = {"DATABASE_URL": "postgresql://golub@127.0.0.1/golub", "REDIS_URL": "redis://127.0.0.1:6379/0"}
    limited = {"REGISTRATION": "open", "NEW_ACCOUNT_DAILY_LIMIT": "200", "TRUSTED_HOSTS": ".example.org"}
    for settings in ({}, here, limited):
        assert ProductionConfig(VAR_DIR=str(tmp_path), **(SOUND | settings)).WARNINGS == []


@pytest.mark.parametrize("readme", ["README.md", "README.ru.md"])
def test_the_block_of_the_readme_works_as_an_env_file(tmp_path: Path, readme: str) -> None:
    text = (ROOT / readme).read_text()
    block = re.search(r"```\n(GOLUB_ENV=production\n.*?)```", text, re.DOTALL)
    assert block
    filled = block[1].replace("SECRET_KEY=…", f"SECRET_KEY={secrets.token_hex(32)}").replace("…", "secret")
    values = dotenv_values(stream=StringIO(filled))
    assert values.pop("GOLUB_ENV") == "production"
    assert all(values.values())
    known = set(re.findall(r"^#?([A-Z][A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert set(values) <= known
    config = ProductionConfig(VAR_DIR=str(tmp_path), **values)
    assert (config.MAIL_PORT, config.MAIL_DEFAULT_SENDER) == (587, "Golub <no-reply@example.org>")
    assert config.WARNINGS == []
    # systemd's EnvironmentFile= knows no comments behind a value
    assert all(line.startswith("#") or " #" not in line for line in block[1].splitlines())


def test_an_unknown_kind_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLUB_ENV", "staging")
    with pytest.raises(ConfigError, match="staging"):
        from_environment()


def test_a_running_service_is_found_beside_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "running.json").write_text(json.dumps({"DATABASE_URL": "postgresql://here/golub", "MAIL_PORT": "2525"}))
    config = DevelopmentConfig(VAR_DIR=str(tmp_path))
    assert config.SQLALCHEMY_DATABASE_URI == "postgresql+psycopg2://here/golub"
    assert config.MAIL_PORT == 2525


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d", "postgresql+psycopg2://u@h/d"])
def test_the_driver_is_always_named(url: str) -> None:
    assert database_url(url) == "postgresql+psycopg2://u@h/d"


def test_every_setting_is_named_in_the_example() -> None:
    read = set(re.findall(r"""(?<!overrides\.)\bget\("([A-Z0-9_]+)""", (ROOT / "config.py").read_text()))
    named = set(re.findall(r"^#([A-Z0-9_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read - named - {"MAIL_PAGE_URL"} == set()


def test_an_unknown_name_of_the_site_is_answered_with_400(tmp_path: Path) -> None:
    app = create_app(ProductionConfig(**SOUND, VAR_DIR=str(tmp_path), TESTING=True, RATELIMIT_ENABLED=False))
    for path in ("/", "/login", "/nowhere", "/static/css/golub.css"):
        for host in ("evil.example", "mail.example.org.evil.example", "x y"):
            assert app.test_client().get(path, headers={"Host": host}).status_code == 400, (path, host)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("MAIL_PORT", "smtp"),
        ("MAIL_PORT", "0"),
        ("PROXY_COUNT", "one"),
        ("MAILINGS_CONNECTIONS", "-1"),
        ("WORKERS", "two"),
        ("TICK_SECONDS", "0.5"),
        ("LEASE_SECONDS", "nan"),
        ("JOB_SECONDS", "0"),
        ("APPROVAL_ABOVE", "10 000"),
        ("MAIL_USE_TLS", "y"),
        ("MAIL_SERVER", "smtp://smtp.example.org"),
        ("MAIL_SERVER", "smtp.example.org:587"),
        ("DATABASE_URL", "postgres//golub:hidden-word@db/golub"),
        ("DATABASE_URL", "postgresql://golub:hidden-word#1@db:5432/golub"),
        ("DATABASE_OWNER_URL", "mysql://golub:hidden-word@db/golub"),
        ("REDIS_URL", "redis:/:hidden-word@127.0.0.1"),
        ("REDIS_URL", "http://:hidden-word@127.0.0.1"),
        ("SITE_URL", "mail.example.org"),
        ("SITE_URL", "https://"),
        ("DEFAULT_LANGUAGE", "de"),
        ("DEFAULT_TIMEZONE", "Moscow"),
        ("DEFAULT_TIMEZONE", "../../etc/passwd"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_value_that_cannot_be_read_is_named_with_its_setting(tmp_path: Path, setting: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{setting} ") as refusal:
        DevelopmentConfig(VAR_DIR=str(tmp_path), **{setting: value})
    assert "hidden-word" not in str(refusal.value)


@pytest.mark.parametrize("server", ["127.0.0.1", "::1", "mail_relay", "smtp.example.org", "почта.рф"])
def test_the_usual_names_of_mail_servers_are_taken(tmp_path: Path, server: str) -> None:
    assert server == DevelopmentConfig(VAR_DIR=str(tmp_path), MAIL_SERVER=server).MAIL_SERVER


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("PORT=8000\nMAIL_SERVR=smtp.example.org\n", r"line 2: MAIL_SERVR .*MAIL_SERVER\?"),
        ("mail_server=smtp.example.org\n", "line 1: mail_server .*MAIL_SERVER"),
        ("MAIL_SERVER\n", "line 1: .*NAME=value"),
        ("# the mail\nMAIL_SERVER: smtp.example.org\n", "line 2: .*NAME=value"),
    ],
)
def test_a_slip_in_the_env_file_is_not_passed_over(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / ".env").write_text(text)
    with pytest.raises(ConfigError, match=said):
        refuse_slips(tmp_path / ".env", ROOT / ".env.example")


@pytest.mark.parametrize("name", ["GOLUB_EVN", "golub_env", "MAIL_SERVR"])
def test_a_slip_in_the_environment_is_not_passed_over_either(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} is no setting"):
        refuse_slips(tmp_path / ".env", ROOT / ".env.example", {"PATH": "/bin", name: "x"})


def test_what_others_put_beside_a_setting_is_no_slip(tmp_path: Path) -> None:
    beside = {"DATABASE_URL": "postgresql://db/golub", "DATABASE_USER": "golub", "HOSTNAME": "a", "PGPASSWORD": "b"}
    refuse_slips(tmp_path / ".env", ROOT / ".env.example", beside)


def test_the_kind_is_read_from_the_env_file_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLUB_ENV", "to be put back")
    monkeypatch.delenv("GOLUB_ENV")
    (tmp_path / ".env").write_text("GOLUB_ENV=staging\n")
    monkeypatch.setattr("config.HERE", tmp_path)
    with pytest.raises(ConfigError, match="staging"):
        from_environment()


def test_a_sound_env_file_may_say_more_than_our_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# mine\n\nexport MAIL_SERVER='smtp.example.org'\nPGPASSWORD=x\nHTTPS_PROXY=\n")
    refuse_slips(tmp_path / ".env", ROOT / ".env.example")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"MAIL_PORT": "smtp"}, "Error: MAIL_PORT must be a whole number from 1 to 65535, not 'smtp'."),
        (
            {"DATABASE_URL": "postgresql://golub:hidden-word@127.0.0.1:1/golub", "LC_ALL": "C.UTF-8"},
            "DATABASE_URL",
        ),
    ],
)
def test_a_command_ends_with_a_sentence(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path), "FLASK_APP": "wsgi.py", **settings}
    command = [sys.executable, "-m", "flask", "db", "upgrade"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert "hidden-word" not in ended.stderr


def test_the_launcher_starts_nothing_with_a_setting_that_cannot_be_read(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(tmp_path / "var"), "MAIL_PORT": "smtp"}
    command = [sys.executable, "-m", "launcher"]
    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "MAIL_PORT must be" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "var" / "database-id").exists()
