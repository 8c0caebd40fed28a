"""SPF (RFC 7208): the record of an envelope's domain, and what it costs a receiver."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailer.domain_checks.asking import BadName, DnsAsker
from mailer.domain_checks.findings import Away, Check, DnsFinding, RecordVerdict, unknown

MOST_LOOKUPS = 10  # section 4.6.4
MOST_VOID = 2  # of them without an answer
GIVE_UP = 3 * MOST_LOOKUPS  # wrong in any case, and a hostile record has no end
_TERM = re.compile(r"([+\-~?]?)([a-z0-9_.\-]+)(?:([:=/])(.*))?", re.IGNORECASE)
_ASKING = {"include", "a", "mx", "ptr", "exists", "redirect"}
_KNOWN = _ASKING | {"ip4", "ip6", "all", "exp"}


def spf(ask: DnsAsker, domain: str) -> DnsFinding:
    """Whether there is one sound record. Which servers it allows is for whoever runs the relay: shown, not judged."""
    found = DnsFinding(Check.SPF, domain, RecordVerdict.RIGHT)
    try:
        records = _records(ask, domain)
        found.show(records)
        if not records:
            found.verdict = RecordVerdict.MISSING
            return found
        walk = _Walk(ask, found)
        walk.into(records, domain, ())
    except Away:
        return unknown(Check.SPF, domain)
    except BadName:
        found.blame("bad-name", domain)
        return found
    if found.lookups > MOST_LOOKUPS:
        found.blame("lookups", str(found.lookups))
    if walk.void_count > MOST_VOID:
        found.blame("void", str(walk.void_count))
    return found


def _records(ask: DnsAsker, domain: str) -> list[str]:
    return [text for text in ask.texts(domain) if text.lower().partition(" ")[0] == "v=spf1"]


@dataclass(slots=True)
class _Walk:
    """Through a record and all that it includes, as receivers go."""

    ask: DnsAsker
    found: DnsFinding
    void_count: int = 0

    def into(self, records: list[str], domain: str, above: tuple[str, ...]) -> None:
        """One domain's records."""
        if len(records) != 1:
            self.found.blame("several" if records else "included-none", domain)
            return
        redirect = ""
        for term in records[0].split()[1:]:
            matched = _TERM.fullmatch(term)
            name, value = (matched[2].lower(), (matched[4] or "").lower()) if matched else ("", "")
            if matched is None or (name not in _KNOWN and matched[3] != "="):  # unknown modifiers are passed over
                self.found.blame("word", term)
            elif name == "all":
                if matched[1] in ("", "+") and not above:
                    self.found.blame("everybody")
                return  # what stands behind it is never looked at
            elif name == "redirect":
                redirect = value
            else:
                self._count(name, value, domain, above)
            if self.found.lookups > GIVE_UP:
                return
        if redirect:
            self._count("redirect", redirect, domain, above)

    def _count(self, name: str, value: str, domain: str, above: tuple[str, ...]) -> None:
        self.found.lookups += name in _ASKING
        if name in ("include", "redirect"):
            self._follow(value, domain, above)

    def _follow(self, target: str, domain: str, above: tuple[str, ...]) -> None:
        if "%" in target:  # a macro: it depends on the mail
            return
        if target in (domain, *above):
            self.found.blame("loop", target)
            return
        try:
            records = _records(self.ask, target) if target else []
        except BadName:
            self.found.blame("bad-name", target)
            return
        self.void_count += not records
        self.into(records, target, (*above, domain))
