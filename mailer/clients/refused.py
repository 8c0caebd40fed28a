"""A value that cannot be taken, as a code: pages and reports turn it into words in the reader's language."""

from __future__ import annotations

from typing import Any


class ValueRefused(Exception):
    """`code` names the reason (`mailer.clients.reasons` has the sentence), `params` fill the sentence in."""

    def __init__(self, code: str, **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


class ChoiceRefused(ValueRefused):
    """An argument `name` of the list's address whose `value` is none."""

    def __init__(self, code: str, name: str, value: str) -> None:
        super().__init__(code)
        self.name, self.value = name, value
