"""One setting's text as a value. What cannot be read is refused with a sentence that names the setting and never shows
a password; nothing is guessed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from dotenv.parser import parse_stream

from launcher.language import in_language

Get = Callable[..., str | None]
YES, NO = frozenset({"1", "true", "yes", "on"}), frozenset({"", "0", "false", "no", "off"})
NAMED = re.compile(r"^#?([A-Z][A-Z0-9_]+)=", re.MULTILINE)  # a setting in .env.example
MAILBOX_PORTS = {"imaps": 993, "pop3s": 995}
SLIP = 0.85  # how alike two names are that mean one: PGPASSWORD and MAIL_PASSWORD are not


class ConfigError(RuntimeError):
    """A setting makes it unsafe or impossible to start; the text says which and what to do."""


def whole(get: Get, name: str, default: int, low: int = 0, high: int = 10**9) -> int:
    """A whole number from `low` to `high`. Errors: ConfigError."""
    text = (get(name) or str(default)).strip()
    if not (text.isascii() and text.isdecimal() and low <= int(text) <= high):
        raise ConfigError(
            in_language(
                f"{name} — целое число от {low} до {high}, а не {text!r}.",
                f"{name} must be a whole number from {low} to {high}, not {text!r}.",
            )
        )
    return int(text)


def whole_or_none(get: Get, name: str) -> int | None:
    """A whole number, None where nothing is set. Errors: ConfigError."""
    return whole(get, name, 0) if get(name) else None


def seconds(get: Get, name: str, default: float) -> float:
    """More than no seconds. Errors: ConfigError."""
    text = get(name) or str(default)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < math.inf:
        raise ConfigError(
            in_language(
                f"{name} — число секунд больше 0, а не {text!r}.",
                f"{name} must be a number of seconds above 0, not {text!r}.",
            )
        )
    return number


def flag(get: Get, name: str, default: str = "") -> bool:
    """1 or 0, and the usual words for them. Errors: ConfigError: who writes `MAIL_USE_TLS=y` wants TLS."""
    text = get(name, default) or ""
    if text.strip().lower() not in YES | NO:
        raise ConfigError(in_language(f"{name} — 1 или 0, а не {text!r}.", f"{name} must be 1 or 0, not {text!r}."))
    return text.strip().lower() in YES


def one_of(get: Get, name: str, default: str, known: tuple[str, ...]) -> str:
    """One word of `known`. Errors: ConfigError."""
    word = get(name, default) or default
    if word not in known:
        raise ConfigError(
            in_language(
                f"{name} — одно из {', '.join(known)}, а не {word!r}.",
                f"{name} must be one of {', '.join(known)}, not {word!r}.",
            )
        )
    return word


def time_zone(get: Get, name: str, default: str) -> str:
    """A name of the IANA database. Errors: ConfigError."""
    zone = get(name, default) or default
    try:
        ZoneInfo(zone)
    except (OSError, ValueError, KeyError):
        raise ConfigError(
            in_language(
                f"{name} — часовой пояс, например {default}, а не {zone!r}.",
                f"{name} must be a time zone such as {default}, not {zone!r}.",
            )
        ) from None
    return zone


def address_of(get: Get, name: str, default: str, schemes: tuple[str, ...], example: str) -> str:
    """A URL of one of these schemes, with a port that is one. Errors: ConfigError, without the URL: it has a
    password."""
    url = get(name, default) or default
    try:
        parts = urlsplit(url)
        is_sound = parts.scheme in schemes and url.startswith(f"{parts.scheme}://") and (parts.port or 1) > 0
        is_sound = is_sound and (bool(parts.hostname) or not parts.scheme.startswith("http"))
    except ValueError:
        is_sound = False
    if not is_sound:
        raise ConfigError(
            in_language(
                f"{name} не читается. Вид такой: {example}; знаки @ : / ? # % в имени и пароле пишутся через %-коды.",
                f"{name} cannot be read. It must look like {example}; signs such as @ : / ? # % in user name and "
                "password are percent-encoded.",
            )
        )
    return url


def host_name(get: Get, name: str, default: str) -> str:
    """A server's name or number alone. Errors: ConfigError."""
    host = (get(name, default) or default).strip()
    is_ipv6 = host.count(":") > 1 and re.fullmatch(r"[0-9A-Fa-f:.%\w]+", host)
    if not (is_ipv6 or re.fullmatch(r"[\w.-]+", host)):
        raise ConfigError(
            in_language(
                f"{name} — только имя сервера, например smtp.example.org, а не {host!r}.",
                f"{name} must be the name of the server alone, such as smtp.example.org, not {host!r}.",
            )
        )
    return host


TOKEN_ROOM = 64 - 24  # octets of a local part (RFC 5321, section 4.5.3.1) without the 24 of a token
BOUNCE_ADDRESS = re.compile(r"([\w.+=~-]*\*)@((?:[a-z0-9-]+\.)+[a-z0-9-]+)", re.ASCII | re.IGNORECASE)


def bounce_address(get: Get, name: str) -> str | None:
    """An address with a `*` where each email puts its token; without one it goes behind a `+`. Errors: ConfigError."""
    given = (get(name) or "").strip()
    if not given:
        return None
    address = given if "*" in given else given.replace("@", "+*@", 1)
    found = BOUNCE_ADDRESS.fullmatch(address)
    if found is None or len(found[1]) - 1 > TOKEN_ROOM or len(address) > 220 or address.startswith("."):
        raise ConfigError(
            in_language(
                f"{name} — адрес, например bounces@example.org или *@bounce.example.org (до @ не больше {TOKEN_ROOM} "
                f"знаков), а не {given!r}.",
                f"{name} must be an address such as bounces@example.org or *@bounce.example.org (no more than "
                f"{TOKEN_ROOM} characters before the @), not {given!r}.",
            )
        )
    return address


@dataclass(frozen=True, slots=True)
class Mailbox:
    """As BOUNCE_MAILBOX says: `imaps://user:password@host/FOLDER?done=Golub-read`, `pop3s://user:password@host`."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    done: str = "Golub-read"  # where mails are moved once they are kept; IMAP only
    ca_file: str | None = None

    @classmethod
    def from_url(cls, url: str) -> Mailbox:
        """Read the setting. Errors: ValueError, without the URL: it has a password."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ValueError("cannot be read") from None
        asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        is_named = parts.scheme in MAILBOX_PORTS and all((parts.hostname, parts.username, parts.password)) and port != 0
        # A folder stands between quotes.
        if not is_named or set(asked) - {"done", "ca_file"} or '"' in url + unquote(parts.path + parts.query):
            raise ValueError("cannot be read")
        return cls(
            parts.scheme, parts.hostname or "", port or MAILBOX_PORTS[parts.scheme],
            unquote(parts.username or ""), unquote(parts.password or ""),
            unquote(parts.path.strip("/")) or "INBOX", asked.get("done", "Golub-read"), asked.get("ca_file"),
        )  # fmt: skip

    @property
    def name(self) -> str:
        """What people are told: no password."""
        return f"{self.user} @ {self.host}:{self.port}"


def mailbox_url(get: Get, name: str) -> str | None:
    """The URL of a `Mailbox`. Errors: ConfigError, without the URL."""
    url = get(name)
    if not url:
        return None
    try:
        Mailbox.from_url(url)
    except ValueError:
        raise ConfigError(
            in_language(
                f"{name} не читается. Вид такой: imaps://имя:пароль@imap.example.org/INBOX или pop3s://…; знаки "
                "@ : / ? # % в имени и пароле пишутся через %-коды.",
                f"{name} cannot be read. It must look like imaps://user:password@imap.example.org/INBOX or pop3s://…; "
                "signs such as @ : / ? # % in user name and password are percent-encoded.",
            )
        ) from None
    return url


# How the providers' webhooks are checked: what is to be entered, and what it looks like.
WEBHOOKS = {
    "ses": ("WEBHOOK_SES_TOPIC", r"arn:aws(-cn|-us-gov)?:sns:[a-z0-9-]{1,30}:\d{12}:[A-Za-z0-9_-]{1,256}",
            "arn:aws:sns:eu-central-1:123456789012:golub"),
    "mailgun": ("WEBHOOK_MAILGUN_KEY", r"\S{16,200}", "16…200"),
    # A key of the curve P-256 begins so.
    "sendgrid": ("WEBHOOK_SENDGRID_KEY", r"MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE[A-Za-z0-9+/]{86}==", "MFkwEw…=="),
    "postmark": ("WEBHOOK_POSTMARK_PASSWORD", r"[A-Za-z0-9_-]{20,200}", "A…Z a…z 0…9 _ -, 20…200"),
    "brevo": ("WEBHOOK_BREVO_PASSWORD", r"[A-Za-z0-9_-]{20,200}", "A…Z a…z 0…9 _ -, 20…200"),
    "unisender-go": ("WEBHOOK_UNISENDER_GO_KEY", r"\S{16,200}", "16…200"),
}  # fmt: skip


def webhook_secrets(get: Get) -> dict[str, str]:
    """What the calls of each provider are checked with, for those that are set up. Errors: ConfigError, without it."""
    found = {}
    for provider, (name, pattern, example) in WEBHOOKS.items():
        given = (get(name) or "").strip()
        if not given:
            continue
        if re.fullmatch(pattern, given, re.ASCII) is None:
            raise ConfigError(
                in_language(
                    f"{name} не читается. Вид такой: {example}.", f"{name} cannot be read. It must look like {example}."
                )
            )
        found[provider] = given
    return found


def networks(get: Get, name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Networks as `192.0.2.0/24`, with commas between them. Errors: ConfigError."""
    found = [text.strip() for text in (get(name) or "").split(",") if text.strip()]
    try:
        return tuple(ip_network(text, strict=False) for text in found)
    except ValueError as error:
        raise ConfigError(
            in_language(
                f"{name} — сети через запятую, как 192.0.2.0/24: {error}.",
                f"{name} must be networks with commas between them, as 192.0.2.0/24: {error}.",
            )
        ) from error


def names_of_settings(example: Path) -> set[str]:
    """Every setting there is, as `.env.example` lists them."""
    return set(NAMED.findall(example.read_text("utf-8")))


def refuse_slips(env_file: Path, example: Path, environment: Mapping[str, str] = MappingProxyType({})) -> None:
    """A line of `.env` that cannot be read, or a name there or in the environment that is nearly one of ours, would be
    passed over in silence. Errors: ConfigError."""
    if not example.is_file():
        return
    known = names_of_settings(example)
    for given in environment:
        # What others have put there (DATABASE_USER) beside a setting that is given is no slip.
        meant = [] if given in known else get_close_matches(given.upper(), known, 1, SLIP)
        if meant and not environment.get(meant[0]):
            raise ConfigError(
                in_language(
                    f"В окружении: настройки {given} нет. Может быть, {meant[0]}?",
                    f"In the environment: {given} is no setting. Do you mean {meant[0]}?",
                )
            )
    if not env_file.is_file():
        return
    with env_file.open(encoding="utf-8") as lines:
        bindings = list(parse_stream(lines))
    for binding in bindings:
        where, name = f"{env_file}, line {binding.original.line}", binding.key
        if binding.error or (name and binding.value is None):
            raise ConfigError(in_language(f"{where}: это не ИМЯ=значение.", f"{where}: this is not NAME=value."))
        if name and name not in known and (meant := get_close_matches(name.upper(), known, 1, SLIP)):
            raise ConfigError(
                in_language(
                    f"{where}: настройки {name} нет. Может быть, {meant[0]}?",
                    f"{where}: {name} is no setting. Do you mean {meant[0]}?",
                )
            )
