"""What ProductionConfig refuses to start with, and what it only warns of: a sentence each, beside whether it is so."""

from __future__ import annotations

import os
import re
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from launcher.language import InBoth
from network_settings import Bucket

RANDOM_CHARACTERS = 10  # different ones that a key has at least: 32 hexadecimal digits have fewer once in a million
PLACEHOLDER = re.compile(r"change.?me|example|password|secret.?key|placeholder|0123456789|abcdefgh|…", re.IGNORECASE)
HOW_TO_MAKE_A_KEY = "python3 -c 'import secrets; print(secrets.token_hex(32))'"
INSECURE_SECRET = "only-for-development"  # noqa: S105 - refused in production


class Settings(Protocol):
    """The settings that are judged here."""

    SECRET_KEY: str | None
    SITE_URL: str
    TRUSTED_HOSTS: list[str] | None
    PROXY_COUNT: int
    PROXY_COUNT_IS_GIVEN: bool
    SQLALCHEMY_DATABASE_URI: str
    REDIS_URL: str
    MAIL_SERVER: str
    MAIL_USE_TLS: bool
    MAIL_USE_SSL: bool
    REGISTRATION: str
    NEW_ACCOUNT_DAILY_LIMIT: int | None
    BUCKET: Bucket | None


def refused_secrets(settings: Settings) -> dict[InBoth, bool]:
    """Keys that somebody could guess."""
    return {
        InBoth(
            "SECRET_KEY на боевом сервере — не менее 32 случайных знаков.",
            "SECRET_KEY must be set to at least 32 random characters in production.",
        ): settings.SECRET_KEY == INSECURE_SECRET or len(settings.SECRET_KEY or "") < 32,
        InBoth(
            f"SECRET_KEY не случаен. Получить новый: {HOW_TO_MAKE_A_KEY}",
            f"SECRET_KEY is not random. Make one: {HOW_TO_MAKE_A_KEY}",
        ): len(set(settings.SECRET_KEY or "")) < RANDOM_CHARACTERS
        or bool(PLACEHOLDER.search(settings.SECRET_KEY or "")),
    }


def refused_addresses(settings: Settings) -> dict[InBoth, bool]:
    """Addresses and proxies that would leave the site unreachable, or what it says readable on the way."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    redis = urlsplit(settings.REDIS_URL or "")
    return {
        InBoth(
            "SITE_URL на боевом сервере начинается с https://.",
            "SITE_URL must start with https:// in production.",
        ): not settings.SITE_URL.startswith("https://"),
        InBoth(
            "TRUSTED_HOSTS на боевом сервере называет имя сайта (несколько — через запятую).",
            "TRUSTED_HOSTS must name the site's host in production (comma-separated).",
        ): not settings.TRUSTED_HOSTS,
        InBoth(
            f"В TRUSTED_HOSTS нет имени из SITE_URL, {host}: ни одна страница не открылась бы.",
            f"TRUSTED_HOSTS does not name the host of SITE_URL, {host}: every page would be refused.",
        ): not host_is_trusted(host, settings.TRUSTED_HOSTS or []),
        InBoth(
            "В PROXY_COUNT укажите, сколько прокси стоит перед Голубем: https:// даёт один из них, значит, не "
            "меньше 1. Без этого у всех посетителей один адрес, и один из них исчерпывает ограничения за всех.",
            "PROXY_COUNT must say how many proxies stand in front: https:// comes from one, so 1 at least. Without "
            "it all visitors share one address, and one of them uses up the limits of all.",
        ): not settings.PROXY_COUNT_IS_GIVEN,
        InBoth(
            "В REDIS_URL нужен пароль: Redis не на этой машине.",
            "REDIS_URL must have a password for a Redis off this machine.",
        ): not (redis.password or is_local(redis.hostname)),
        InBoth(
            "Задайте MAIL_USE_TLS или MAIL_USE_SSL: почтовый сервер не на этой машине.",
            "MAIL_USE_TLS or MAIL_USE_SSL must be set for a mail server off this machine.",
        ): not (is_local(settings.MAIL_SERVER) or settings.MAIL_USE_TLS or settings.MAIL_USE_SSL),
    }


def warnings(settings: Settings) -> dict[InBoth, bool]:
    """What an administrator should look at, though the site starts."""
    database, redis = urlsplit(settings.SQLALCHEMY_DATABASE_URI), urlsplit(settings.REDIS_URL or "")
    endpoint = urlsplit((settings.BUCKET and settings.BUCKET.endpoint) or "")
    is_encrypted = {"require", "verify-ca", "verify-full"} & set(parse_qs(database.query).get("sslmode", []))
    has_password = database.password or {"PGPASSWORD", "PGPASSFILE"} & set(os.environ)
    return {
        InBoth(
            "PROXY_COUNT=0: если перед Голубем прокси, у всех посетителей его адрес, и ограничения одни на всех.",
            "PROXY_COUNT=0: if a proxy stands in front, all visitors share its address, and limits hit everybody.",
        ): settings.PROXY_COUNT == 0,
        InBoth(
            "В DATABASE_URL нет пароля, а PostgreSQL не на этой машине.",
            "DATABASE_URL has no password for a PostgreSQL off this machine.",
        ): not (has_password or is_local(database.hostname)),
        InBoth(
            "В DATABASE_URL нет sslmode=verify-full (или require): обмен с базой данных можно прочесть в пути.",
            "DATABASE_URL has no sslmode=verify-full (or require): it can be read on the way.",
        ): not (is_encrypted or is_local(database.hostname)),
        InBoth(
            "REDIS_URL — не rediss://: всё, что идёт в Redis, и пароль тоже, можно прочесть в пути.",
            "REDIS_URL is not rediss://: what goes to Redis, its password too, can be read on its way.",
        ): redis.scheme != "rediss" and not is_local(redis.hostname),
        InBoth(
            "S3_ENDPOINT — не https://: картинки и подписи запросов к хранилищу можно прочесть в пути.",
            "S3_ENDPOINT is not https://: pictures and signatures of requests can be read on their way.",
        ): endpoint.scheme == "http" and not is_local(endpoint.hostname),
        InBoth(
            "Любой может зарегистрироваться и отправлять без ограничений: задайте NEW_ACCOUNT_DAILY_LIMIT или "
            "REGISTRATION=invite.",
            "Anybody may register and send without a limit: set NEW_ACCOUNT_DAILY_LIMIT or REGISTRATION=invite.",
        ): settings.REGISTRATION == "open" and settings.NEW_ACCOUNT_DAILY_LIMIT is None,
    }


def host_is_trusted(host: str, trusted: list[str]) -> bool:
    """By the rule of Werkzeug: a name, or `.name` for it and everything under it."""
    names = [name.partition(":")[0].lower() for name in trusted]
    return any(host == name.lstrip(".") or (name.startswith(".") and host.endswith(name)) for name in names)


def is_local(host: str | None) -> bool:
    """Whether this host is the machine itself, or a socket on it."""
    return host is None or host in {"", "localhost", "::1"} or host.startswith("127.")
