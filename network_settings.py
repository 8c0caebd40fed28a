"""Settings that name servers, read as those of `setting_values`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from launcher.language import in_language
from setting_values import ConfigError, Get, address_of, flag, whole


def dns_server(get: Get, name: str) -> tuple[str, int] | None:
    """IP address and port of a server, `192.0.2.53` or `[::1]:5353`; None where nothing is set. Errors: ConfigError."""
    given = (get(name) or "").strip()
    if not given:
        return None
    host, _colon, port = given.rpartition(":") if given.count(":") == 1 or "]:" in given else (given, "", "53")
    try:
        return str(ip_address(host.strip("[]"))), whole(lambda _name: port, name, 53, 1, 65_535)
    except ValueError:
        raise ConfigError(
            in_language(
                f"{name} — IP-адрес, например 192.0.2.53 или 127.0.0.1:5353, а не {given!r}.",
                f"{name} must be an IP address such as 192.0.2.53 or 127.0.0.1:5353, not {given!r}.",
            )
        ) from None


BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
PREFIX = re.compile(r"(?:[A-Za-z0-9._-]{1,100}/)*(?:[A-Za-z0-9._-]{1,100})?")
REGION = re.compile(r"[A-Za-z0-9-]{1,60}")


@dataclass(frozen=True, slots=True)
class Bucket:
    """Where pictures lie in S3 storage; `endpoint` None: Amazon's own of that region. `prefix` ends with a slash."""

    name: str
    endpoint: str | None
    region: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    prefix: str = ""
    has_path_style: bool = True  # endpoint/bucket/key, not bucket.endpoint/key

    @property
    def place(self) -> str:
        """What people are told: no keys."""
        return f"s3://{self.name}/{self.prefix} ({urlsplit(self.endpoint).netloc if self.endpoint else self.region})"


def bucket(get: Get) -> Bucket | None:
    """The bucket of the S3_* settings; None where they name none. Errors: ConfigError, without a key."""
    name = _matching(get, "S3_BUCKET", BUCKET_NAME, "golub-pictures")
    if name is None:
        stray = next((given for given in ("S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY") if get(given)), None)
        if stray:
            raise ConfigError(
                in_language(
                    f"Задано {stray}, а S3_BUCKET нет: назовите бакет.",
                    f"{stray} is set, and S3_BUCKET is not: name the bucket.",
                )
            )
        return None
    keys = [(get(key) or "").strip() for key in ("S3_ACCESS_KEY", "S3_SECRET_KEY")]
    if not all(re.fullmatch(r"[\x21-\x7e]{1,256}", key) for key in keys):
        raise ConfigError(
            in_language(
                "С S3_BUCKET нужны S3_ACCESS_KEY и S3_SECRET_KEY: латинские буквы, цифры и знаки без пробелов.",
                "S3_BUCKET needs S3_ACCESS_KEY and S3_SECRET_KEY: letters, digits and signs of ASCII without spaces.",
            )
        )
    endpoint = get("S3_ENDPOINT") and address_of(get, "S3_ENDPOINT", "", ("http", "https"), "https://s3.example.org")
    region = _matching(get, "S3_REGION", REGION, "eu-central-1") or "us-east-1"
    prefix = (_matching(get, "S3_PREFIX", PREFIX, "golub/pictures") or "").strip("/")
    is_path_style = flag(get, "S3_PATH_STYLE", "1" if endpoint else "0")
    prefix = f"{prefix}/" if prefix else ""
    endpoint = endpoint.rstrip("/") if endpoint else None
    return Bucket(name, endpoint, region, keys[0], keys[1], prefix, has_path_style=is_path_style)


def _matching(get: Get, name: str, pattern: re.Pattern[str], example: str) -> str | None:
    given = (get(name) or "").strip()
    if given and not pattern.fullmatch(given):
        raise ConfigError(
            in_language(
                f"{name} не читается: {given[:80]!r}. Вид такой: {example}.",
                f"{name} cannot be read: {given[:80]!r}. It must look like {example}.",
            )
        )
    return given or None
