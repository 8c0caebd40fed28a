"""What every provider's webhook has in common: a call, the events in it, and how a mail carries our token."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from mailer.bounces.fields import MAX_ADDRESS, reply_in
from mailer.bounces.report import MAX_TEXT, Kind, Report, Said

METADATA = "golub"  # the name under which providers keep our token and give it back
STALE_SECONDS = 15 * 60  # between what a signed time says and our clock
USER = "golub"  # before the password in the address of a webhook, where there is no signature


@dataclass(frozen=True, slots=True)
class Call:
    """One request, before anything of it is believed. `fetch` gets a file of the provider's by its address."""

    body: bytes
    headers: Mapping[str, str]
    now: float  # seconds since 1970
    fetch: Callable[[str], bytes]

    def parsed(self) -> Any:
        """The body as JSON; None when it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One thing that a provider tells. `event_id` comes again when the event does."""

    event_id: str
    name: str  # the provider's word
    report: Report | None = None  # None: nothing that comes back, as an open
    content: bytes = b""  # for an administrator, where it is not understood
    visit: str = ""  # an address to fetch, which confirms that we want more of them


@dataclass(frozen=True, slots=True)
class Provider:
    """A provider, by the name in its webhook's address and in `provider=` of a mail server."""

    name: str
    title: str
    setting: str  # what its calls are checked with
    header: Callable[[str], str]  # the header that makes the provider give a token back, without CRLF
    is_authentic: Callable[[Call, str], bool]
    events: Callable[[Any], Iterator[ProviderEvent]]
    one_time: Callable[[Any], str] = lambda _said: ""  # a word of the signature that may serve for one event only
    user: str = ""  # stands before the password in the webhook's address


def value(said: Any, *path: str) -> Any:
    """What stands at the end of these names; None where there is nothing, whatever the shape."""
    for name in path:
        said = said.get(name) if isinstance(said, dict) else None
    return said


def word(said: Any, *path: str) -> str:
    """The same as text; empty where there is nothing, or no text and no number."""
    found = value(said, *path)
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""


def rows(said: Any, *path: str) -> list[Any]:
    """The same as a list; empty where there is none."""
    found = value(said, *path)
    return found if isinstance(found, list) else []


def told(address: str, text: str = "", status: str = "", permanent: bool | None = None, action: str = "") -> Said:
    """What is said of the recipient; the code, and a status that is not given, are looked for in the text."""
    code, found = reply_in(text)
    is_status = len(parts := status.split(".")) == 3 and all(part.isdecimal() for part in parts)
    return Said(
        address[:MAX_ADDRESS], action, status[:16] if is_status else found, code, " ".join(text.split())[:MAX_TEXT],
        permanent=permanent,
    )  # fmt: skip


def event(
    provider: str, name: str, event_id: str, kind: Kind | None, data: Any, said: Said, token: str
) -> ProviderEvent:
    """An event. Where its token was not given back in its own field, all of the event is searched: it is signed."""
    name, text = name[:100], json.dumps(data, ensure_ascii=False, indent=1)
    if kind is None:
        return ProviderEvent(event_id, name)
    report = Report(kind, (said,), provider, (token[:2000], text), name, provider)
    return ProviderEvent(event_id, name, report, text.encode("utf-8", "replace"))


def has_password(call: Call, password: str) -> bool:
    """Whether the call brings user and password, as they stand in the webhook's address (RFC 7617)."""
    made = b"Basic " + b64encode(f"{USER}:{password}".encode())
    return compare_digest(call.headers.get("Authorization", "").encode("utf-8", "replace"), made)


def is_fresh(stamp: str, now: float, seconds: float = STALE_SECONDS) -> bool:
    """Whether a time in seconds since 1970 is near enough."""
    return stamp.isascii() and stamp.isdecimal() and len(stamp) < 12 and abs(now - int(stamp)) <= seconds
