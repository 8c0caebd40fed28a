"""What those who oversee are told no with."""

from __future__ import annotations

from mailer.errors import Refusal


class LastAdmin(Refusal):
    """Somebody must be left who can give roles."""


class NotWhatWasSeen(Refusal):
    """It was changed after the page was opened."""
