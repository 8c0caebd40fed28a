"""Every link of a message, asked whether it leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urldefrag

from flask import current_app

from mailer.composing.inspection import links_of
from mailer.extensions import db
from mailer.messages.check import A_LINK, UNSUBSCRIBE, as_everybody
from mailer.models.examination import Examination
from mailer.models.message import Message
from mailer.models.user import User
from mailer.outgoing_links import ask

MOST_LINKS = 100
AT_ONCE = 4


def links_to_ask(message: Message, owner: User) -> list[str]:
    """The addresses of the web that everybody gets alike, each once; those of this site and those that are made of a
    person's value are left out."""
    html = as_everybody(message, owner)
    own = tuple(f"{current_app.config[base]}/" for base in ("SITE_URL", "MEDIA_URL"))
    found = dict.fromkeys(urldefrag(address)[0] for address in links_of(html))
    return [
        address
        for address in found
        if address.lower().startswith(("http://", "https://")) and not address.startswith((UNSUBSCRIBE, A_LINK, *own))
    ][:MOST_LINKS]


def ask_links(looked_at: Examination) -> Iterator[tuple[int, int, dict[str, Any]]]:
    """Some at a time, going on behind those that were asked. No transaction is open meanwhile."""
    message = db.session.get_one(Message, looked_at.message_id)
    addresses = links_to_ask(message, db.session.get_one(User, looked_at.owner_id))
    answers: list[dict[str, Any]] = list(looked_at.result.get("links", ()))
    db.session.commit()
    known = {answer["address"] for answer in answers}
    left = [address for address in addresses if address not in known]
    yield len(answers), len(addresses), {"links": answers}
    with ThreadPoolExecutor(AT_ONCE) as threads:
        for at in range(0, len(left), AT_ONCE):
            some = left[at : at + AT_ONCE]
            for address, answer in zip(some, threads.map(ask, some), strict=True):
                told = {"end": answer.end.value, "status": answer.status, "led_to": answer.led_to[:500]}
                answers.append({"address": address[:2000], **told})
            yield len(answers), len(addresses), {"links": answers}
