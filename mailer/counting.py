"""The limiter of requests, one object for all applications of a process: each counts where its own settings say.

Flask-Limiter keeps what it was initialised with in itself, so the newest application of a process would decide whether
the others count, and where.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, has_app_context
from flask_limiter import Limiter

STATE = "limiter of this application"


class _OfTheApplication:
    """An attribute with a value for each application; what is set outside any is what they begin with."""

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def __get__(self, limiter: Limiter | None, owner: type | None = None) -> Any:
        if limiter is None:
            return self
        values = self._values(limiter)
        if self._name not in values:
            values = vars(limiter)
        return values[self._name]

    def __set__(self, limiter: Limiter, value: Any) -> None:
        self._values(limiter)[self._name] = value

    def _values(self, limiter: Limiter) -> dict[str, Any]:
        if not has_app_context():
            return vars(limiter)
        values: dict[str, Any] = current_app.extensions.setdefault(STATE, {})
        return values


class LimiterOfApplications(Limiter):
    """`Limiter`, whatever other applications the process makes."""

    enabled = _OfTheApplication()
    initialized = _OfTheApplication()
    _strategy = _OfTheApplication()
    _storage = _OfTheApplication()
    _storage_dead = _OfTheApplication()
    _storage_options = _OfTheApplication()
    _limiter = _OfTheApplication()
    _key_prefix = _OfTheApplication()

    def init_app(self, app: Flask) -> None:
        """Count the requests of `app` by its settings."""
        with app.app_context():
            self._storage_options = dict(self._storage_options)
            super().init_app(app)
