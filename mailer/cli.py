"""The `flask` commands: each turns its words into one call."""

from __future__ import annotations

from flask import Flask


def init_app(app: Flask) -> None:
    """Add the commands to `flask`."""
