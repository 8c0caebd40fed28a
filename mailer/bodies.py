"""How large the body of a request may be, by where it goes: forms are small, files are not."""

from __future__ import annotations

import flask

KB, MB = 1024, 1024 * 1024
USUAL = 512 * KB
# By endpoint, else by blueprint. Texts are counted as browsers send them: six bytes for a letter of Cyrillic.
LIMITS = {
    "clients.imports.new": 51 * MB,
    "auth.set_avatar": 6 * MB,
    "webhooks": MB,
    "articles": 6 * MB,
    "posts": 6 * MB,
    "messages": 4 * MB,
    "messages.add_file": 8 * MB,
    "messages.import_file": 46 * MB,
    "media.upload": 46 * MB,  # three large pictures; with script they come one by one
}


class Request(flask.Request):
    """A request whose body is refused with 413 before it is read. It must be here: the form token is looked for in the
    form before any view is asked."""

    @property
    def max_content_length(self) -> int | None:
        """Bytes."""
        blueprints = [LIMITS[name] for name in self.blueprints if name in LIMITS]
        return LIMITS.get(self.endpoint or "", next(iter(blueprints), USUAL))

    @max_content_length.setter
    def max_content_length(self, value: int | None) -> None:
        raise AttributeError("Limits stand in LIMITS.")
