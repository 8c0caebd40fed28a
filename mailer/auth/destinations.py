"""Where to go after signing in or out."""

from __future__ import annotations

from flask import current_app, url_for


def home_path() -> str:
    """The overview of somebody signed in."""
    return url_for("home.dashboard") if "home.dashboard" in current_app.view_functions else "/"
