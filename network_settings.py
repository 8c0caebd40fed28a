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


# As Amazon's rules for names of buckets have it: 3 to 63 signs, each part between dots begins and ends with a letter
# or digit, no IP address, no beginning or end that has a meaning of its own.
BUCKET_NAME = re.compile(
    r"(?=.{3,63}\Z)(?!\d+\.\d+\.\d+\.\d+\Z)(?!xn--|sthree-|amzn-s3-demo-)(?!.*(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)\Z)"
    r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
)
_FOLDER = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9._-]{1,100}"  # `.` and `..` are no names: clients refuse them
PREFIX = re.compile(rf"(?=.{{0,500}}\Z)(?:{_FOLDER}/)*(?:{_FOLDER})?")
BESIDE = ("S3_ENDPOINT", "S3_ACCESS_KEY", "S3_SECRET_KEY", "S3_REGION", "S3_PREFIX", "S3_PATH_STYLE")  # of a bucket
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
        """What people are told: no keys, and of the endpoint its host and port alone."""
        at = urlsplit(self.endpoint or "").netloc.rpartition("@")[2] or self.region
        return f"s3://{self.name}/{self.prefix} ({at})"


def bucket(get: Get) -> Bucket | None:
    """The bucket of the S3_* settings; None where they name none. Errors: ConfigError, without a key."""
    name = _matching(get, "S3_BUCKET", BUCKET_NAME, "golub-pictures")
    if name is None:
        stray = next((given for given in BESIDE if (get(given) or "").strip()), None)
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
    endpoint = _endpoint(get)
    region = _matching(get, "S3_REGION", REGION, "eu-central-1") or "us-east-1"
    prefix = (_matching(get, "S3_PREFIX", PREFIX, "golub/pictures") or "").strip("/")
    is_path_style = flag(get, "S3_PATH_STYLE", "1" if endpoint else "0")
    prefix = f"{prefix}/" if prefix else ""
    return Bucket(name, endpoint, region, keys[0], keys[1], prefix, has_path_style=is_path_style)


def _endpoint(get: Get) -> str | None:
    """Scheme, host and port alone: the keys have settings of their own, and the bucket's name is put behind it."""
    given = (get("S3_ENDPOINT") or "").strip()
    if not given:
        return None
    address_of(lambda _name, _default=None: given, "S3_ENDPOINT", "", ("http", "https"), "https://s3.example.org")
    parts = urlsplit(given)
    if not re.fullmatch(r"[A-Za-z0-9._-]+(?::\d+)?|\[[0-9A-Fa-f:.]+\](?::\d+)?", parts.netloc) or given.rstrip("/") != (
        f"{parts.scheme}://{parts.netloc}"
    ):
        raise ConfigError(
            in_language(
                "S3_ENDPOINT — только схема, имя сервера и порт, например https://s3.example.org:9000: без имени и "
                "пароля, пути и того, что после «?». Ключи — в S3_ACCESS_KEY и S3_SECRET_KEY, папка — в S3_PREFIX.",
                "S3_ENDPOINT is a scheme, a host and a port alone, such as https://s3.example.org:9000, without user "
                "name, password, path and query. Keys are S3_ACCESS_KEY and S3_SECRET_KEY, a folder is S3_PREFIX.",
            )
        )
    return given.rstrip("/")


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
