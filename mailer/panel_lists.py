"""Lists of Flask-Admin, whose addresses carry nothing on that would mean something else there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from flask import abort, request

LAST_PAGE = 1_000_000
RESERVED = {"endpoint", "id", "self", "url", "values", "view"}  # of `url_for` and of Flask-Admin's own links


class PlainArguments:
    """To be mixed into a ModelView, which gives every argument of its address on to `url_for`: those that mean
    something to `url_for` itself (`_method`, `_scheme`, …) do not pass, and a page is a number in reason. A way back
    (`url`) that cannot be read as an address is a bad request."""

    def _handle_view(self, name: str, **kwargs: Any) -> Any:
        try:
            urlsplit(request.values.get("url", ""))
        except ValueError:  # Flask-Admin would stumble over it
            abort(400)
        return super()._handle_view(name, **kwargs)  # type: ignore[misc]

    def _get_list_extra_args(self) -> Any:
        found = super()._get_list_extra_args()  # type: ignore[misc]
        found.extra_args = {
            name: value for name, value in found.extra_args.items() if not name.startswith("_") and name not in RESERVED
        }
        found.page = min(max(found.page or 0, 0), LAST_PAGE)
        return found
