"""An answer that leads on carries no more than the next request could: what was sent may be as long as it likes."""

from __future__ import annotations

import re

from flask import Flask, Response, redirect, request

# What nginx takes as the first line of a request (`large_client_header_buffers`), and Apache; browsers read more.
LONGEST = 8_000
ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|//", re.IGNORECASE)  # RFC 3986, 4.2: no relative reference of ours


def init_app(app: Flask) -> None:
    """Look at every answer."""
    app.after_request(shorten)


def shorten(response: Response) -> Response:
    """The same answer; where it leads to an address of this site longer than `LONGEST`, it leads to that page without
    its query.

    Half a query would be another choice than the one that was made. A path that is itself so long names nothing here:
    then it leads to the first page. Where a link of a mail leads is bounded when the mail is composed.
    """
    target = response.headers.get("Location", "")
    # In this order: of a host that is not ours, whose refusal passes here too, `host_url` raises.
    if is_too_long(target) and (not ELSEWHERE.match(target) or target.startswith(request.host_url)):
        page = target.partition("#")[0].partition("?")[0]
        short = f"{request.root_path}/" if is_too_long(page) else page
        response.set_data(redirect(short).get_data())  # its text names the address, too
        response.headers["Location"] = short
    return response


def is_too_long(target: str) -> bool:
    """Whether an answer may not lead there; letters count as they are sent, a Cyrillic one as six."""
    sent = target.encode("utf-8", "replace")
    return len(sent) + 2 * sum(byte > 127 for byte in sent) > LONGEST
