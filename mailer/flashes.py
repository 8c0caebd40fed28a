"""Messages on the page that is shown next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from flask import abort, flash, request
from flask_babel import gettext as _

from mailer.errors import Refusal


def flash_undo(text: str, url: str) -> None:
    """What has been done, with a button that posts to `url` and takes it back."""
    message: Any = {"text": text, "url": url, "label": _("Undo")}
    flash(message, "undo")


def moment_to_undo() -> datetime:
    """The moment (`at`) by which the address of an undo names what was done; 404 for anything else."""
    try:
        moment = datetime.fromisoformat(request.args.get("at", ""))
    except ValueError:
        abort(404)
    if moment.tzinfo is None:
        abort(404)
    return moment


@contextmanager
def refusal_flashed() -> Iterator[None]:
    """Around a service and the message of its success: when it refuses, its reason is the message instead."""
    try:
        yield
    except Refusal as refusal:
        flash(str(refusal), "danger")
