"""A run's letter with the share of people behind each of its links."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace

from mailer.clock import utcnow
from mailer.composing.email import Recipient, compile_email
from mailer.composing.markup import attributes, tokens
from mailer.composing.tracking import Tracking
from mailer.models.run import Run
from mailer.sending import tracking
from mailer.sending.contents import content_of_copy
from mailer.sending.mail_headers import mail_headers_for

STEM = "#link-"  # leads nowhere when it is tried out
NOWHERE = "#"
BADGE = (
    '<span style="display:inline-block;margin:0 3px;padding:1px 6px;border-radius:9px;background:#14532d;color:#ffffff;'
    'font:bold 12px/16px Arial,sans-serif;text-decoration:none;white-space:nowrap">{words}</span>'
)


def with_shares(run: Run, words: Mapping[int, str]) -> str:
    """The HTML as somebody gets it of whom nothing is known, with `words` (by the link's number) behind its links; an
    empty text for a letter without HTML."""
    said = tracking.notice_of(run.snapshot)
    links = tuple((run.snapshot.get("tracking") or {}).get("links", ()))
    headers = mail_headers_for(run.owner_id, run.snapshot)
    headers = replace(headers, tracking=Tracking(STEM, links, notice=said.notice if said else ""))
    compiled = compile_email(content_of_copy(run.snapshot), headers, utcnow())
    reader = Recipient("reader@example.org", {}, "<picture@localhost>", NOWHERE)
    return _marked(compiled.preview(reader).html, words)


def _marked(source: str, words: Mapping[int, str]) -> str:
    pieces: list[str] = []
    number = 0
    for token in tokens(source):
        if token.kind == "start" and token.name == "a":
            number = _number_of(token.inside)
        pieces.append(token.source)
        if token.kind == "end" and token.name == "a":
            if number in words:
                pieces.append(BADGE.format(words=html.escape(words[number])))
            number = 0
    return "".join(pieces)


def _number_of(inside: str) -> int:
    for attribute in attributes(inside)[0]:
        if attribute.name == "href" and (attribute.value or "").startswith(f"{STEM}/"):
            number = (attribute.value or "").removeprefix(f"{STEM}/")
            return int(number) if number.isascii() and number.isdecimal() else 0
    return 0
