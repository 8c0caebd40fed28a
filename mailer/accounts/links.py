"""Links in mails: always to the configured site, whatever Host header a request came with."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import current_app


def site_link(endpoint: str, **values: str | int) -> str:
    """The absolute address of a page under `SITE_URL`; works outside a request too."""
    site = urlsplit(current_app.config["SITE_URL"])
    adapter = current_app.url_map.bind(site.netloc, site.path or "/", url_scheme=site.scheme)
    return adapter.build(endpoint, values, force_external=True)
