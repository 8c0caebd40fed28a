"""Waiting for what other processes and threads do."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import has_app_context

from mailer.extensions import db

PAUSE = 0.01  # seconds: what is waited for comes between two looks, and looking costs the two cores of the others


def wait_until(condition: Callable[[], object], seconds: float = 120, told: Callable[[], object] | None = None) -> None:
    """Return as soon as `condition` holds; fail after `seconds`, with what `told` finds then.

    Each look begins a transaction of its own, so that it sees what others have committed.
    """
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not happen: {told() if told else ''}"
        if has_app_context():
            db.session.rollback()
        time.sleep(PAUSE)
