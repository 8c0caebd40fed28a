"""Long work has few places: it never takes all threads of a process, nor the memory of many at once."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import request

from mailer.errors import Busy

P = ParamSpec("P")
R = TypeVar("R")


class Places:
    """At most `count` at once in this process. Nobody waits for one: those who wait would hold the threads."""

    def __init__(self, count: int) -> None:
        self._places = threading.BoundedSemaphore(count)

    @contextmanager
    def one(self) -> Iterator[None]:
        """A place for the length of the `with`; raises `Busy` (503 with Retry-After) when there is none."""
        if not self._places.acquire(blocking=False):
            raise Busy
        try:
            yield
        finally:
            self._places.release()

    def on(self, *methods: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
        """Guard a view: each request by one of `methods` (any, when none is named) takes a place."""

        def guard(view: Callable[P, R]) -> Callable[P, R]:
            @wraps(view)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
                if methods and request.method not in methods:
                    return view(*args, **kwargs)
                with self.one():
                    return view(*args, **kwargs)

            return guarded

        return guard


drawing = Places(1)  # pictures: tens of megabytes each
reading = Places(1)  # uploaded lists of clients, read for their preview
exporting = Places(2)  # files that are sent while they are made
previewing = Places(4)  # mails as they would look
