"""Where mail of deliveries comes back to, by the settings."""

from __future__ import annotations

from flask import current_app

from mailer.bounces.tokens import ReturnPath


def configured() -> ReturnPath | None:
    """The return path of BOUNCE_ADDRESS; None when it is not set, and nothing that comes back is told apart."""
    address = current_app.config["BOUNCE_ADDRESS"]
    return ReturnPath(address, current_app.config["BOUNCE_KEY"].encode()) if address else None
