"""What must be there, as a type without None."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def one(value: T | None) -> T:
    """The value: a row, a match, a header that the test cannot go on without."""
    assert value is not None
    return value
