"""Whether what receivers check belongs to the domain that readers see (DMARC's alignment, RFC 9989)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alignment:
    """Three domains of a mail. Relaxed alignment, told without a list of public suffixes: equal, or one below the
    other."""

    from_domain: str
    envelope_domain: str  # of MAIL FROM, whose SPF is checked
    signing_domains: Sequence[str]  # of DKIM

    @property
    def of_spf(self) -> bool:
        """Whether SPF counts for the domain of From."""
        return _belong_together(self.from_domain, self.envelope_domain)

    @property
    def of_dkim(self) -> bool:
        """Whether a signature counts for it."""
        return any(_belong_together(self.from_domain, domain) for domain in self.signing_domains)


def _belong_together(one: str, other: str) -> bool:
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
