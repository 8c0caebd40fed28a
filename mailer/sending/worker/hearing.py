"""What providers say of our pace while a relay tries them."""

from __future__ import annotations

from collections.abc import Callable

from mailer.recipient_domains import GROUPS, domain_of, group_of
from mailer.sending.worker.delivery_rules import SUSPECT_PHASES
from mailer.smtp.provider_pace import hands_on_too_fast
from mailer.smtp.results import Result


class Hearing:
    """Tells of each provider that it gets too much, once a turn."""

    def __init__(self, tell: Callable[[str, str], None]) -> None:
        self._tell = tell  # an address, and the words
        self._told: set[str] = set()

    def note(self, address: str, result: Result) -> None:
        """Look at one more answer."""
        if result.code is None or not 400 <= result.code < 500 or result.phase not in SUSPECT_PHASES:
            return
        domain = domain_of(address)
        name = group_of(domain)
        if name in self._told:
            return
        if hands_on_too_fast(result.code, result.enhanced or "", result.text, GROUPS.get(name, (domain,))):
            self._told.add(name)
            self._tell(address, result.text)
