"""Settings, one class per kind of deployment, read from the environment (and `.env`) when an app is made.

Beside a running `make run` its database, queue, mail catcher and settings are found by themselves: the launcher leaves
them in `VAR_DIR/running.json`, and they apply wherever the environment says nothing.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from dotenv import dotenv_values, load_dotenv

from launcher.language import InBoth, in_language
from network_settings import bucket, dns_server
from production_rules import INSECURE_SECRET, refused_addresses, refused_secrets, warnings
from setting_values import (
    ConfigError,
    address_of,
    bounce_address,
    flag,
    host_name,
    mailbox_url,
    networks,
    one_of,
    refuse_slips,
    seconds,
    time_zone,
    webhook_secrets,
    whole,
    whole_or_none,
)

HERE = Path(__file__).resolve().parent
REGISTRATIONS = ("open", "invite", "off")  # who may open an account: anybody, the invited, nobody
WEB = ("http", "https")
DATABASES = ("postgresql", "postgres", "postgresql+psycopg2")
DATABASE_EXAMPLE = "postgresql://golub:secret@db.example.org/golub"
QUEUES = ("redis", "rediss", "unix")
QUEUE_EXAMPLE = "rediss://:secret@redis.example.org:6379/0"


def _running(var_dir: Path) -> dict[str, str]:
    """Addresses of the parts started by `make run` here; empty when nothing runs."""
    try:
        found: dict[str, str] = json.loads((var_dir / "running.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def database_url(url: str) -> str:
    """The same URL with the driver named: a bare `postgresql://` would mean psycopg 3 to a later SQLAlchemy."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg2://" + url.removeprefix(prefix)
    return url


def smtp_url(get: Any) -> str:
    """The transport for mailings made of the MAIL_* settings, as one URL (`mailer.smtp.transport` reads it)."""
    from urllib.parse import quote

    scheme = "smtps" if flag(get, "MAIL_USE_SSL") else "smtp+starttls" if flag(get, "MAIL_USE_TLS") else "smtp"
    user = get("MAIL_USERNAME") or ""
    login = f"{quote(user, safe='')}:{quote(get('MAIL_PASSWORD') or '', safe='')}@" if user else ""
    return f"{scheme}://{login}{get('MAIL_SERVER', '127.0.0.1')}:{get('MAIL_PORT', '1025')}"


def _read_env_file() -> None:
    """Put what `.env` says under the environment. Errors: ConfigError, for names that are nearly ones of ours."""
    given = os.environ | {name: value for name, value in dotenv_values(HERE / ".env").items() if value}
    refuse_slips(HERE / ".env", HERE / ".env.example", given)
    load_dotenv(HERE / ".env")


class Config:
    """What every deployment shares; `load()` fills in the environment."""

    TESTING = False
    PRODUCTION = False

    def __init__(self, **overrides: Any) -> None:
        if not self.TESTING:
            _read_env_file()
        var_dir = Path(overrides.get("VAR_DIR") or os.environ.get("VAR_DIR") or HERE / "var").resolve()
        running = {} if self.TESTING else _running(var_dir)

        def get(name: str, default: str | None = None) -> str | None:
            if name in overrides:
                return None if overrides[name] is None else str(overrides[name])
            return os.environ.get(name) or running.get(name) or default

        self.VAR_DIR = str(var_dir)
        self.INSTANCE_ID = get("INSTANCE_ID")  # one word for all hosts that are one service together
        self.SECRET_KEY = get("SECRET_KEY", INSECURE_SECRET)
        # Keys the journal's chain, which a change of it would break: named apart where SECRET_KEY changes.
        self.JOURNAL_KEY = get("JOURNAL_KEY") or self.SECRET_KEY
        self.SITE_URL = address_of(get, "SITE_URL", "http://127.0.0.1:5000", WEB, "https://mail.example.org").rstrip(
            "/"
        )
        self.MEDIA_URL = address_of(get, "MEDIA_URL", self.SITE_URL, WEB, "https://img.example.org").rstrip("/")
        self.MAIL_PAGE_URL = get("MAIL_PAGE_URL")
        self.MAIL_CATCHER_URL = get("MAIL_CATCHER_URL")  # the only place that mail of sample accounts goes to
        # Who answers for this installation; named on the pages on privacy and accessibility.
        self.OPERATOR_NAME = get("OPERATOR_NAME")
        self.OPERATOR_EMAIL = get("OPERATOR_EMAIL")
        self.OPERATOR_ADDRESS = get("OPERATOR_ADDRESS")
        hosts = get("TRUSTED_HOSTS")
        self.TRUSTED_HOSTS = [host.strip() for host in hosts.split(",")] if hosts else None
        self.PROXY_COUNT = whole(get, "PROXY_COUNT", 0, high=10)
        self.PROXY_COUNT_IS_GIVEN = get("PROXY_COUNT") is not None
        # Who may open an account: anybody, the invited, nobody.
        self.REGISTRATION = one_of(get, "REGISTRATION", "open", REGISTRATIONS)

        self.SQLALCHEMY_DATABASE_URI = database_url(
            address_of(get, "DATABASE_URL", "postgresql://127.0.0.1/golub", DATABASES, DATABASE_EXAMPLE)
        )
        # Who owns the tables, for `flask db upgrade`; the role of DATABASE_URL then needs to own nothing.
        owner_url = get("DATABASE_OWNER_URL") and address_of(get, "DATABASE_OWNER_URL", "", DATABASES, DATABASE_EXAMPLE)
        self.DATABASE_OWNER_URL = database_url(owner_url) if owner_url else None
        self.SQLALCHEMY_ENGINE_OPTIONS = {
            "pool_pre_ping": True,
            "hide_parameters": True,  # what a failed statement was about is not for the logs
            "pool_size": 10,
            "max_overflow": 10,
            "connect_args": {"connect_timeout": 5, "application_name": "golub"},
        }
        self.REDIS_URL = address_of(get, "REDIS_URL", "redis://127.0.0.1:6379/0", QUEUES, QUEUE_EXAMPLE)
        self.CACHE_TYPE = "mailer.caching.JsonRedisCache"
        self.CACHE_REDIS_URL = self.REDIS_URL
        self.CACHE_KEY_PREFIX = "cache:"
        self.CACHE_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 2}
        self.CACHE_DEFAULT_TIMEOUT = 30
        self.RATELIMIT_STORAGE_URI = self.REDIS_URL
        self.RATELIMIT_KEY_PREFIX = "limit"
        self.RATELIMIT_SWALLOW_ERRORS = True  # Redis down: the forms stay open, the log says so
        self.RATELIMIT_ENABLED = True

        self.MAIL_SERVER = host_name(get, "MAIL_SERVER", "127.0.0.1")
        self.MAIL_PORT = whole(get, "MAIL_PORT", 1025, 1, 65_535)
        self.MAIL_USERNAME = get("MAIL_USERNAME")
        self.MAIL_PASSWORD = get("MAIL_PASSWORD")
        self.MAIL_USE_TLS = flag(get, "MAIL_USE_TLS")
        self.MAIL_USE_SSL = flag(get, "MAIL_USE_SSL")
        self.MAIL_TIMEOUT_SECONDS = 30
        self.MAIL_DEFAULT_SENDER = get("MAIL_DEFAULT_SENDER", "Golub <no-reply@golub.localhost>")

        self._read_mailings(get)
        # What new accounts may send in 24 hours until a manager raises it, and the size of a run that needs a manager's
        # approval; unset: no limit, no approval.
        self.NEW_ACCOUNT_DAILY_LIMIT = whole_or_none(get, "NEW_ACCOUNT_DAILY_LIMIT")
        self.APPROVAL_ABOVE = whole_or_none(get, "APPROVAL_ABOVE")

        # Managers, editors and administrators see or shape what belongs to others.
        self.STAFF_NEEDS_SECOND_FACTOR = flag(get, "STAFF_NEEDS_SECOND_FACTOR", "1" if self.PRODUCTION else "")

        self.SESSION_COOKIE_HTTPONLY = True
        self.SESSION_COOKIE_SAMESITE = "Lax"
        self.SESSION_COOKIE_SECURE = False
        self.DEVICE_COOKIE_NAME = "golub-device"
        self.PERMANENT_SESSION_LIFETIME = timedelta(days=30)
        self.SESSION_REFRESH_EACH_REQUEST = False  # no cookie where none is due, so that caches may keep what is public
        self.WTF_CSRF_TIME_LIMIT = None  # lives as long as the session, so a long-open form is not lost
        self.MAX_CONTENT_LENGTH = 51 * 1024 * 1024  # an import file of 50 MB and its form
        self.MAX_FORM_MEMORY_SIZE = 2 * 1024 * 1024
        self.MAX_FORM_PARTS = 1600  # more than a draft may have fields: 1,000 chosen clients are as many

        self.LANGUAGES = ("ru", "en")
        self.BABEL_DEFAULT_LOCALE = one_of(get, "DEFAULT_LANGUAGE", "ru", self.LANGUAGES)
        self.BABEL_DEFAULT_TIMEZONE = time_zone(get, "DEFAULT_TIMEZONE", "Europe/Moscow")
        self.BABEL_TRANSLATION_DIRECTORIES = str(HERE / "mailer" / "translations")
        self.MEDIA_DIR = str(var_dir / "media")
        self.BUCKET = bucket(get)  # of S3 storage, for the pictures of letters; None: they lie in MEDIA_DIR
        self.IMPORTS_DIR = str(var_dir / "imports")
        self.LOG_FORMAT = one_of(get, "LOG_FORMAT", "json" if self.PRODUCTION else "console", ("console", "json"))
        self.SHOW_STYLEGUIDE = not self.PRODUCTION
        for name, value in overrides.items():
            if not hasattr(self, name) or not isinstance(value, str):
                setattr(self, name, value)
        self.check()
        self.WARNINGS = self.warnings()

    def _read_mailings(self, get: Any) -> None:
        """Where mailings leave from and come back to, and how they are sent."""
        self.ONLY_CONFIRMED = flag(get, "ONLY_CONFIRMED")  # only people who confirmed by a link get mailings
        # Every mailing leaves from the service's own domain; the owner's address stands in Reply-To only.
        self.MAILINGS_FROM = get("MAILINGS_FROM", "news@golub.localhost")
        # Where mails that cannot be delivered come back to. Reports come for weeks: BOUNCE_KEY outlives SECRET_KEY.
        self.BOUNCE_ADDRESS = bounce_address(get, "BOUNCE_ADDRESS")
        self.BOUNCE_MAILBOX = mailbox_url(get, "BOUNCE_MAILBOX")
        self.WEBHOOKS = webhook_secrets(get)  # what providers' calls are checked with, by provider
        self.BOUNCE_KEY = get("BOUNCE_KEY") or self.SECRET_KEY
        self.BOUNCE_PORT = whole(
            get, "BOUNCE_PORT", 2526, 1, 65_535
        )  # on loopback, where a mail server hands them over
        # Signs the links of mails whose clicks are counted. Links are followed for years: it outlives SECRET_KEY.
        self.LINK_KEY = get("LINK_KEY") or self.SECRET_KEY
        self.CLICKS_KEPT_DAYS = whole(get, "CLICKS_KEPT_DAYS", 90, 1, 3650)  # who clicked; how many did stays
        self.SCANNER_NETWORKS = networks(get, "SCANNER_NETWORKS")
        self.MAILINGS_SMTP_URL = get("MAILINGS_SMTP_URL") or smtp_url(get)
        self.MAILINGS_SMTP_URLS = get("MAILINGS_SMTP_URLS")  # several, the preferred one first; wins over the one
        self.MAILINGS_CONNECTIONS = whole(get, "MAILINGS_CONNECTIONS", 16, 1, 1000)
        self.DKIM_DOMAIN = get("DKIM_DOMAIN")
        self.DKIM_KEYS = get("DKIM_KEYS")
        self.DNS_SERVER = dns_server(get, "DNS_SERVER")  # who is asked about sending domains; None: as the system does
        self.SENDERS_PER_RUN = whole(get, "WORKERS", 2, 1, 64)
        self.TICK_SECONDS = float(whole(get, "TICK_SECONDS", 1, 1, 3600))
        self.SLICE_SIZE = whole(get, "SLICE_SIZE", 500, 1)
        self.LEASE_SECONDS = seconds(get, "LEASE_SECONDS", 60)
        self.JOB_SECONDS = seconds(get, "JOB_SECONDS", 5)

    def check(self) -> None:
        """Refuse to start where a setting would be unsafe."""

    def warnings(self) -> list[InBoth]:
        """What is not refused and should be looked at, a sentence each; for the log and for administrators."""
        return []


class DevelopmentConfig(Config):
    """`make run` and a developer's machine."""


class TestingConfig(Config):
    """The tests' own: takes its addresses from overrides only, no `.env`, no limits on forms unless asked for."""

    TESTING = True
    __test__ = False  # a class of settings, not of tests

    def __init__(self, **overrides: Any) -> None:
        super().__init__(**overrides)
        self.RATELIMIT_ENABLED = bool(overrides.get("RATELIMIT_ENABLED", False))


class ProductionConfig(Config):
    """Behind https, with secrets of its own."""

    PRODUCTION = True

    def __init__(self, **overrides: Any) -> None:
        super().__init__(**overrides)
        self.SESSION_COOKIE_NAME = "__Host-golub"
        self.DEVICE_COOKIE_NAME = "__Host-golub-device"
        self.SESSION_COOKIE_SECURE = True

    def check(self) -> None:
        """Refuse to start with secrets, addresses or proxies that would make the site unsafe. Errors: ConfigError."""
        super().check()
        for text, is_so in (refused_secrets(self) | refused_addresses(self)).items():
            if is_so:
                raise ConfigError(str(text))

    def warnings(self) -> list[InBoth]:
        """What an administrator should look at, though the site starts."""
        return [text for text, is_so in warnings(self).items() if is_so]


KINDS = {"development": DevelopmentConfig, "testing": TestingConfig, "production": ProductionConfig}


def kind_of(name: str) -> type[Config]:
    """The class for a value of `GOLUB_ENV`. Errors: ConfigError."""
    if name not in KINDS:
        names = ", ".join(KINDS)
        raise ConfigError(
            in_language(
                f"GOLUB_ENV — одно из {names}, а не {name!r}.", f"GOLUB_ENV must be one of {names}, not {name!r}."
            )
        )
    return KINDS[name]


def from_environment() -> Config:
    """The configuration that `GOLUB_ENV` names (`development` when unset)."""
    if os.environ.get("GOLUB_ENV") != "testing":
        _read_env_file()  # it may be named there
    return kind_of(os.environ.get("GOLUB_ENV") or "development")()
