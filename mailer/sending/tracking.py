"""What is counted of a mailing's mails: as its form says, as a run's copy keeps it, and as its links are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, current_app

from mailer.composing.html import text_from_html
from mailer.composing.languages import counted_text
from mailer.composing.link_tokens import delivery_of, tokens_of
from mailer.composing.placeholders import PlaceholderError
from mailer.composing.tracking import Tracking, links_of
from mailer.models.mailing import Mailing
from mailer.models.run import Run

LINK_PATH = "/l/"  # a test holds it to the route of the page


def asked_for(mailing: Mailing) -> dict[str, Any]:
    """For a snapshot: `tracking`, where anything is counted."""
    if not (mailing.counts_clicks or mailing.counts_opens):
        return {}
    return {"tracking": {"clicks": mailing.counts_clicks, "opens": mailing.counts_opens}}


def with_links(snapshot: dict[str, Any]) -> dict[str, Any]:
    """The snapshot with the addresses that its links lead to, whatever may later be read out of the same text."""
    tracking = snapshot.get("tracking")
    if not tracking or not tracking["clicks"]:
        return snapshot
    html, text = snapshot["html"], snapshot["text"]
    try:
        links = links_of(html, text if text.strip() else text_from_html(html))
    except PlaceholderError:  # nothing of it can be sent, and whoever sends says so
        links = []
    return {**snapshot, "tracking": {**tracking, "links": links}}


def notice_of(about: Mapping[str, Any]) -> Tracking | None:
    """What a mail by this snapshot says of the counting, its links being left alone; None where nothing is counted."""
    tracking = about.get("tracking")
    if not tracking:
        return None
    return Tracking("", notice=counted_text(about["language"], clicks=tracking["clicks"], opens=tracking["opens"]))


def of_run(run: Run) -> Tracking | None:
    """What is counted of the mails that a run sends; None where nothing is."""
    said, tracking = notice_of(run.snapshot), run.snapshot.get("tracking")
    if said is None or not tracking:
        return None
    stem = str(current_app.config["SITE_URL"]) + LINK_PATH
    return Tracking(stem, tuple(tracking.get("links", ())), tracking["opens"], said.notice)


def link_tokens(run: Run) -> Callable[[int], str] | None:
    """How the tokens of the run's links are made of positions; None where nothing is counted."""
    return tokens_of(_key(current_app), run.id) if run.snapshot.get("tracking") else None


def delivery_in(app: Flask, token: str) -> tuple[int, int] | None:
    """Run and position of a link's token; None for one that is not ours. Needs no context."""
    return delivery_of(_key(app), token)


def _key(app: Flask) -> bytes:
    return str(app.config["LINK_KEY"]).encode()
