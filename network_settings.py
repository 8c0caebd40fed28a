"""Settings that name servers by their numbers, read as those of `setting_values`."""

from __future__ import annotations

from ipaddress import ip_address

from launcher.language import in_language
from setting_values import ConfigError, Get, whole


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
