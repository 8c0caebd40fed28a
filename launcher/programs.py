"""How our own programs are started and asked: what the launcher and `flask self-test` share."""

from __future__ import annotations

import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from launcher.part import Part

PYTHON = sys.executable
FLASK = (PYTHON, "-m", "flask")


def mail_catcher(smtp_port: int, page_port: int, folder: Path, environment: Mapping[str, str]) -> Part:
    """Takes mail on one port and shows it on the other; what comes back goes to BOUNCE_PORT, if that is set."""
    returns = (environment["BOUNCE_PORT"],) if environment.get("BOUNCE_PORT") else ()
    return Part(
        name="mail-catcher",
        command=(PYTHON, "-m", "launcher.catcher", str(smtp_port), str(page_port), str(folder), *returns),
        environment=environment,
        log=folder.parent / "logs" / "mail-catcher.log",
        is_ready=lambda: answers(f"http://127.0.0.1:{page_port}/health"),
        is_needed=False,
    )


def answers(url: str, host: str | None = None) -> bool:
    """Whether a page of one of our programs is well. Errors: OSError when nothing listens or it says otherwise."""
    with ask(url, host) as answer:
        return bool(answer.status == 200)


def ask(url: str, host: str | None = None, seconds: float = 5) -> Any:
    """The open answer of one of our programs, asked under the name `host`. Errors: OSError."""
    request = urllib.request.Request(url, headers={"Host": host} if host else {})  # noqa: S310 - our own URL
    return urllib.request.urlopen(request, timeout=seconds)  # noqa: S310
