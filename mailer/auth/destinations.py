"""Where to go after signing in or out."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app, url_for


def own_path(target: str | None) -> str | None:
    """`target` when it is a path of this site, else None: never another site's address in any disguise."""
    if not target or not target.startswith("/") or target.startswith("//"):
        return None
    if "\\" in target or any(character <= " " or character == "\x7f" for character in target):
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target


def home_path() -> str:
    """The overview of somebody signed in."""
    return url_for("home.dashboard") if "home.dashboard" in current_app.view_functions else "/"
