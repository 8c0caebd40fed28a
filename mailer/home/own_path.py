"""Where a redirect may lead: our own pages, nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit


def own_path(target: str | None) -> str | None:
    """The path if it is one of this site, else None.

    Browsers take `//host`, `/\\host` and addresses with tabs or line breaks in them for other sites.
    """
    if not target or not target.startswith("/") or target[1:2] in {"/", "\\"}:
        return None
    if any(character == "\\" or ord(character) < 33 or ord(character) == 127 for character in target):
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return None if parts.scheme or parts.netloc else target
