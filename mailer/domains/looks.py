"""What a look at the DNS found, and when: the last one is kept, since nobody should wait for it twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app

from mailer.clock import utcnow
from mailer.domain_checks.asking import DnsAsker
from mailer.domain_checks.findings import Check, DnsFinding, RecordVerdict
from mailer.extensions import limiter
from mailer.limiting import per_user, say_when

# Each look asks other people's servers some dozen questions.
few_looks = limiter.shared_limit("10 per minute", scope="dns", key_func=per_user, on_breach=say_when)


@dataclass(frozen=True, slots=True)
class DnsLook:
    """The findings of one moment."""

    at: datetime
    findings: Sequence[DnsFinding]

    def of(self, check: Check) -> list[DnsFinding]:
        """Those of one kind."""
        return [finding for finding in self.findings if finding.check is check]

    @property
    def is_away(self) -> bool:
        """Whether nobody could say anything at all."""
        return bool(self.findings) and all(finding.verdict is RecordVerdict.UNKNOWN for finding in self.findings)

    def as_json(self) -> list[dict[str, Any]]:
        """The findings, as they are kept."""
        return [finding.as_json() for finding in self.findings]

    @classmethod
    def from_json(cls, at: datetime, kept: Iterable[dict[str, Any]]) -> DnsLook | None:
        """The same again; None for what another release has kept and nobody understands."""
        try:
            return cls(at, [DnsFinding.from_json(each) for each in kept])
        except (KeyError, ValueError, TypeError):
            return None


def now_looked(findings: Sequence[DnsFinding]) -> DnsLook:
    """A look that has just ended."""
    return DnsLook(utcnow(), findings)


def asker() -> DnsAsker:
    """For one look, at the server of DNS_SERVER or those of the system."""
    return DnsAsker(current_app.config["DNS_SERVER"])
