"""A sign between the launcher and its parts, made once and seen from then on: also by a part that fell and came back.

The launcher holds both ends open for as long as it lives; parts are given one end by its number.
"""

from __future__ import annotations

import contextlib
import socket
import sys


class Sign:
    """`reading` goes to a part that waits for it, `writing` to a part that makes it."""

    def __init__(self) -> None:
        self.reading, self.writing = socket.socketpair()
        self.writing.setblocking(False)

    def make(self) -> None:
        """From here on it is seen."""
        _make(self.writing)

    def is_made(self) -> bool:
        """Whether anybody has made it."""
        with contextlib.suppress(BlockingIOError):
            return bool(self.reading.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT))
        return False


def wait_for(fd: int) -> None:
    """In a part: return when the sign is made; end with it when nobody is left who could make it."""
    with socket.socket(fileno=fd) as reading:
        if not reading.recv(1, socket.MSG_PEEK):
            sys.exit("The launcher is gone.")


def make(fd: int) -> None:
    """In a part: make the sign."""
    with socket.socket(fileno=fd) as writing:
        _make(writing)


def _make(writing: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):  # full of signs made before
        writing.send(b"!")
