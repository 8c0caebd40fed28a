"""TXT records with tags: DKIM (RFC 6376), DMARC (RFC 9989), TLS reports (RFC 8460), MTA-STS (RFC 8461), our proof."""

from __future__ import annotations

import re

from mailer.domain_checks.asking import BadName, DnsAsker
from mailer.domain_checks.findings import Away, Check, DnsFinding, RecordVerdict, unknown

POLICIES = ("none", "quarantine", "reject")
MOST_LABELS = 8  # of a name at which DMARC is still looked for (RFC 9989, section 4.10)


def tags(record: str) -> dict[str, str]:
    """`tag=value;` pairs, white space left out."""
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): re.sub(r"\s+", "", value) for name, sign, value in pairs if sign}


def dkim(ask: DnsAsker, name: str, wanted: str, if_missing: RecordVerdict = RecordVerdict.MISSING) -> DnsFinding:
    """Whether just our key stands there; `wanted` is the record's text, as `Signer.dns_text` gives it."""
    found, records = _texts(ask, DnsFinding(Check.DKIM, name, if_missing))
    if not records:
        return found
    found.verdict = RecordVerdict.RIGHT
    if len(records) > 1:
        found.blame("several")
    said, ours = tags(records[0]), tags(wanted)
    if said.get("v", "DKIM1") != "DKIM1":
        found.blame("word", f"v={said['v']}")
    if said.get("p", "") == "":
        found.blame("revoked")
    elif said["p"] != ours["p"]:
        found.blame("cut" if ours["p"].startswith(said["p"]) else "another-key")
    elif said.get("k", "rsa") != ours["k"]:
        found.blame("word", f"k={said.get('k', 'rsa')}")
    if "y" in said.get("t", "").split(":"):
        found.blame("test-mode")
    if "h" in said and "sha256" not in said["h"].split(":"):
        found.blame("word", f"h={said['h']}")
    return found


def dmarc(ask: DnsAsker, domain: str) -> DnsFinding:
    """The policy that governs the domain, found by walking up the tree."""
    found = DnsFinding(Check.DMARC, f"_dmarc.{domain}", RecordVerdict.MISSING)
    try:
        for place in _tree(domain):
            records = [text for text in ask.texts(f"_dmarc.{place}") if _is(text, "v=dmarc1")]
            if records:
                found.show(records)
                found.name = f"_dmarc.{place}"
                _judge_policy(found, records, is_own=place == domain)
                return found
    except (Away, BadName):
        return unknown(Check.DMARC, found.name)
    return found


def _tree(domain: str) -> list[str]:
    labels = domain.split(".")
    above = range(max(1, len(labels) - MOST_LABELS + 1), len(labels))
    return [domain, *(".".join(labels[at:]) for at in above)]


def _judge_policy(found: DnsFinding, records: list[str], *, is_own: bool) -> None:
    found.verdict = RecordVerdict.RIGHT
    if len(records) > 1:
        found.blame("several")
    said = tags(records[0])
    policy = said.get("p", "none") if is_own else said.get("sp", said.get("p", "none"))
    if policy.lower() not in POLICIES:
        found.blame("word", f"p={policy}")


def tls_reports(ask: DnsAsker, domain: str) -> DnsFinding:
    """Whether others are asked to tell of failed encryption on the way to the domain: good to have."""
    return _hint(ask, Check.TLS_RPT, f"_smtp._tls.{domain}", "v=tlsrptv1", "rua")


def mta_sts(ask: DnsAsker, domain: str) -> DnsFinding:
    """Whether others are told to encrypt on the way to the domain: good to have."""
    return _hint(ask, Check.MTA_STS, f"_mta-sts.{domain}", "v=stsv1", "id")


def _hint(ask: DnsAsker, check: Check, name: str, version: str, tag: str) -> DnsFinding:
    found, records = _texts(ask, DnsFinding(check, name, RecordVerdict.ADVICE), version)
    if records:
        found.verdict = RecordVerdict.RIGHT
        if len(records) > 1:
            found.blame("several")
        if not tags(records[0]).get(tag):
            found.blame("word", f"{tag}=")
    return found


def proof(ask: DnsAsker, name: str, wanted: str) -> DnsFinding:
    """Whether one of the texts there is ours; others may stand beside it."""
    found, records = _texts(ask, DnsFinding(Check.PROOF, name, RecordVerdict.MISSING))
    if wanted in [record.strip() for record in records]:
        found.verdict = RecordVerdict.RIGHT
    elif records:
        found.blame("another-proof")
    return found


def _texts(ask: DnsAsker, found: DnsFinding, version: str = "") -> tuple[DnsFinding, list[str]]:
    """The records where `found` says, of that version if one is named, shown in it; nothing known when nobody says."""
    try:
        records = [text for text in ask.texts(found.name) if not version or _is(text, version)]
    except (Away, BadName):
        return unknown(found.check, found.name), []
    found.show(records)
    return found, records


def _is(record: str, version: str) -> bool:
    return record.partition(";")[0].lower().replace(" ", "") == version
