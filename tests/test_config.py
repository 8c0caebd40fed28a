"""Settings: what refuses to start, what is found by itself, and that all of them are named for people."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from config import ConfigError, DevelopmentConfig, ProductionConfig, database_url, from_environment
from mailer import create_app
from tests.conftest import ROOT

SOUND = {
    "SECRET_KEY": "x" * 40,
    "SITE_URL": "https://mail.example.org",
    "TRUSTED_HOSTS": "mail.example.org",
    "MAIL_SERVER": "smtp.example.org",
    "MAIL_USE_TLS": "1",
}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("SECRET_KEY", "only-for-development"),
        ("SECRET_KEY", "short"),
        ("SITE_URL", "http://mail.example.org"),
        ("TRUSTED_HOSTS", None),
        ("MAIL_USE_TLS", None),
    ],
)
def test_production_refuses_what_is_unsafe(tmp_path: Path, setting: str, value: str | None) -> None:
    with pytest.raises(ConfigError, match=setting):
        ProductionConfig(VAR_DIR=str(tmp_path), **(SOUND | {setting: value}))


def test_production_starts_with_sound_settings(tmp_path: Path) -> None:
    config = ProductionConfig(VAR_DIR=str(tmp_path), **SOUND)
    assert config.SESSION_COOKIE_SECURE
    assert config.SESSION_COOKIE_NAME.startswith("__Host-")
    assert config.TRUSTED_HOSTS == ["mail.example.org"]


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
    read = set(re.findall(r"""(?<!overrides\.)\bget\("([A-Z_]+)""", (ROOT / "config.py").read_text()))
    named = set(re.findall(r"^#([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read - named - {"MAIL_PAGE_URL"} == set()


def test_an_unknown_name_of_the_site_is_answered_with_400(tmp_path: Path) -> None:
    app = create_app(ProductionConfig(**SOUND, VAR_DIR=str(tmp_path), TESTING=True))
    for path in ("/", "/login", "/nowhere", "/static/css/golub.css"):
        for host in ("evil.example", "mail.example.org.evil.example", "x y"):
            assert app.test_client().get(path, headers={"Host": host}).status_code == 400, (path, host)
