"""Waiting for what other processes and threads do."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import has_app_context

from mailer.extensions import db

# Looking costs the two cores of those who are waited for: what takes long is looked at less often, and a twentieth
# of its time is lost at most.
SHORTEST, LONGEST, SHARE = 0.002, 0.05, 0.05  # seconds, and of the time waited so far


def wait_until(condition: Callable[[], object], seconds: float = 300, told: Callable[[], object] | None = None) -> None:
    """Return as soon as `condition` holds; fail after `seconds` (none should ever need so many).

    A failure says what `told` finds then. Each look begins a transaction of its own, so that it sees what others have
    committed.
    """
    began = time.monotonic()
    while not condition():
        waited = time.monotonic() - began
        assert waited < seconds, f"it did not happen: {told() if told else ''}"
        if has_app_context():
            db.session.rollback()
        time.sleep(min(LONGEST, max(SHORTEST, waited * SHARE)))
