"""Certificates that providers sign with: fetched once a day by each process."""

from __future__ import annotations

import time

from mailer import outgoing

KEPT_SECONDS = 86_400
MOST = 16
_known: dict[str, tuple[float, bytes]] = {}


def certificate(url: str) -> bytes:
    """The certificate at this address, which the caller has matched whole. Errors: outgoing.NotFetched."""
    until, content = _known.get(url, (0.0, b""))
    if until < time.monotonic():
        content = outgoing.fetch(url)
        keep(url, content)
    return content


def keep(url: str, content: bytes) -> None:
    """Take this one as known."""
    if len(_known) >= MOST:
        _known.clear()
    _known[url] = (time.monotonic() + KEPT_SECONDS, content)
