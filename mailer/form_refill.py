"""A form drawn again from a draft: filled as it was typed, looked over, and never taken for one that was sent."""

from __future__ import annotations

from typing import Any

from flask import g, has_request_context, request


def is_refilled() -> bool:
    """Whether the page shows a draft."""
    return has_request_context() and "refilled" in g


class Refillable:
    """A form that a draft can fill. Put it before the other bases."""

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        """As ever; but a draft that was only opened is never valid, so that no view acts on it."""
        is_valid: bool = super().validate(*args, **kwargs)  # type: ignore[misc]
        if not is_refilled():
            return is_valid
        request.method = "GET"  # what it really is: the fields have been read
        token = getattr(self, "csrf_token", None)
        if token is not None:
            token.errors = ()  # a draft keeps none
        return False
