"""Messages on the page that is shown next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import flash
from flask_babel import gettext as _

from mailer.errors import Refusal


def flash_undo(text: str, url: str) -> None:
    """What has been done, with a button that posts to `url` and takes it back."""
    message: Any = {"text": text, "url": url, "label": _("Undo")}
    flash(message, "undo")


@contextmanager
def refusal_flashed() -> Iterator[None]:
    """Around a service and the message of its success: when it refuses, its reason is the message instead."""
    try:
        yield
    except Refusal as refusal:
        flash(str(refusal), "danger")
