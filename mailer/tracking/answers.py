"""What a hit is answered with, and what of it is counted: the same for the page and for its shortcut."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address
from typing import Any, NamedTuple

from flask import Flask
from werkzeug.urls import iri_to_uri

from mailer.clock import utcnow
from mailer.input_limits import without_impossible
from mailer.models.reaction import MAX_AGENT, MAX_PURPOSE, OPEN
from mailer.sending import tracking
from mailer.tracking import targets
from mailer.tracking.hits import HitBuffer, HitRow

PIXEL = b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
PURPOSES = ("HTTP_SEC_PURPOSE", "HTTP_PURPOSE", "HTTP_X_PURPOSE", "HTTP_X_MOZ")
ADDRESSES_KNOWN = 5000  # of links, as they stand in a header


class HitAnswer(NamedTuple):
    """For WSGI; the headers are this answer's own, without those that every page has."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes


def answer(app: Flask, token: str, number: int, environ: Mapping[str, Any]) -> HitAnswer | None:
    """Count the hit and say what to answer: a redirect, or the pixel for 0; None for what stood in no mail.

    HEAD is answered alike, and counted as a machine's. Errors: those of the database, for the first hit of a run.
    """
    delivery = tracking.delivery_in(app, token)
    if delivery is None:
        return None
    of_run = targets.of_run(app, delivery[0])
    if of_run is None or (number == OPEN and not of_run.counts_opens) or number > len(of_run.links):
        return None
    waiting: HitBuffer = app.extensions["golub_hits"]
    waiting.add(_hit(app, *delivery, number, environ))
    headers = [("Cache-Control", "no-store"), ("Referrer-Policy", "no-referrer")]
    if number == OPEN:
        headers += [("Content-Type", "image/gif"), ("Cross-Origin-Resource-Policy", "cross-origin")]
        return HitAnswer("200 OK", headers, PIXEL)
    return HitAnswer("302 FOUND", [*headers, ("Location", _in_header(of_run.links[number - 1]))], b"")


@lru_cache(maxsize=ADDRESSES_KNOWN)
def _in_header(link: str) -> str:
    return iri_to_uri(link)


def _hit(app: Flask, run_id: int, position: int, number: int, environ: Mapping[str, Any]) -> HitRow:
    purpose = next((environ[name] for name in PURPOSES if name in environ), "")
    is_head, is_listed = environ["REQUEST_METHOD"] == "HEAD", _is_listed(app, environ.get("REMOTE_ADDR"))
    return HitRow(
        run_id, position, number, utcnow(), is_head, is_listed,
        without_impossible(purpose)[:MAX_PURPOSE], without_impossible(environ.get("HTTP_USER_AGENT", ""))[:MAX_AGENT],
    )  # fmt: skip


def _is_listed(app: Flask, address: str | None) -> bool:
    """Whether it lies in a network of scanners; nothing else is done with the address."""
    networks = app.config["SCANNER_NETWORKS"]
    if not networks or not address:
        return False
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
