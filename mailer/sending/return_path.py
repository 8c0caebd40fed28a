"""Where mail of deliveries comes back to, by the settings."""

from __future__ import annotations

from flask import current_app

from mailer.bounces.tokens import ReturnPath


def configured() -> ReturnPath | None:
    """The return path of BOUNCE_ADDRESS, or one without an address where only webhooks bring something back; None when
    neither is set, and nothing that comes back is told apart."""
    config = current_app.config
    address = config["BOUNCE_ADDRESS"]
    return ReturnPath(address or "", config["BOUNCE_KEY"].encode()) if address or config["WEBHOOKS"] else None
