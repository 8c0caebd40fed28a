"""Whether a link leads somewhere: asked as a browser would, but never inside the operator's own network."""

from __future__ import annotations

import http.client
import ssl
import time
from collections.abc import Callable, Collection
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import quote, urljoin, urlsplit

from mailer.input_limits import without_impossible
from mailer.outgoing import NotFetched, connection_to, is_public, resolved

SECONDS = 10.0  # for one link, its detours included
SECONDS_OF_ONE = 5.0
MOST_DETOURS = 5
PORTS = frozenset((80, 443, 8080, 8443))  # where web pages are: others' ports are not tried out by us
AGENT = "Mozilla/5.0 (compatible; link check of a mailing by its author)"
_DETOURS = (301, 302, 303, 307, 308)
_IN_PATH = "/%:=&?~#+!$,;'@()*[]"


class LinkEnd(StrEnum):
    """What became of asking."""

    THERE = "there"
    GONE = "gone"  # 404, 410
    REFUSED = "refused"  # another answer of 400 and more: it may be there for people
    BROKEN = "broken"  # 500 and more
    NO_HOST = "no_host"
    PRIVATE = "private"  # not an address of the internet, or an unusual port: not asked
    UNSAFE = "unsafe"  # a certificate that nobody trusts
    SILENT = "silent"
    CIRCLES = "circles"  # too many detours


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """How it ended, the last status (0 without one), and where detours led (empty without any)."""

    end: LinkEnd
    status: int = 0
    led_to: str = ""


def ask(
    url: str, *, may_ask: Callable[[str], bool] = is_public, ports: Collection[int] = PORTS,
    context: ssl.SSLContext | None = None,
) -> LinkAnswer:  # fmt: skip
    """Ask for the head of the page behind an http or https address, and for the page where heads are refused; nothing
    of the content is read. `may_ask` judges each address of each host on the way. Never raises for what it meets."""
    until, at, led_to = time.monotonic() + SECONDS, url, ""
    for _detour in range(MOST_DETOURS + 1):
        answer = _one(at, until, may_ask, ports, context)
        if answer.status not in _DETOURS or not answer.led_to:
            return replace(answer, led_to=led_to)
        try:
            at = led_to = urljoin(at, without_impossible(answer.led_to))
        except ValueError:  # as of "http://[": a browser would say that there is no such page
            return LinkAnswer(LinkEnd.NO_HOST, answer.status, led_to)
    return LinkAnswer(LinkEnd.CIRCLES, led_to=led_to)


def _one(
    url: str, until: float, may_ask: Callable[[str], bool], ports: Collection[int], context: ssl.SSLContext | None
) -> LinkAnswer:
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or port not in ports:
            return LinkAnswer(LinkEnd.PRIVATE)
        host = parts.hostname.encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return LinkAnswer(LinkEnd.NO_HOST)
    try:
        address = resolved(host, port, may_ask)
    except NotFetched:
        return LinkAnswer(LinkEnd.PRIVATE)
    except (OSError, UnicodeError):
        return LinkAnswer(LinkEnd.NO_HOST)
    path = quote((parts.path or "/") + (f"?{parts.query}" if parts.query else ""), safe=_IN_PATH)
    tls = (context or ssl.create_default_context()) if parts.scheme == "https" else None
    answer = LinkAnswer(LinkEnd.SILENT)
    for verb in ("HEAD", "GET"):
        left = min(SECONDS_OF_ONE, until - time.monotonic())
        if left <= 0:
            break
        answer = _asked(verb, path, host, address, left, tls)
        if answer.end in (LinkEnd.THERE, LinkEnd.UNSAFE):
            break  # else the page itself: many refuse heads, or know nothing of them
    return answer


def _asked(
    verb: str, path: str, host: str, address: tuple[str, int], seconds: float, tls: ssl.SSLContext | None
) -> LinkAnswer:
    try:
        with closing(connection_to(host, address, tls, seconds)) as connection:
            connection.request(verb, path, headers={"User-Agent": AGENT, "Accept": "*/*", "Connection": "close"})
            answer = connection.getresponse()
            return LinkAnswer(_end_of(answer.status), answer.status, answer.getheader("Location") or "")
    except ssl.SSLError:
        return LinkAnswer(LinkEnd.UNSAFE)
    except (OSError, http.client.HTTPException, ValueError):
        return LinkAnswer(LinkEnd.SILENT)


def _end_of(status: int) -> LinkEnd:
    if status < 400:
        return LinkEnd.THERE
    if status in (404, 410):
        return LinkEnd.GONE
    return LinkEnd.REFUSED if status < 500 else LinkEnd.BROKEN
