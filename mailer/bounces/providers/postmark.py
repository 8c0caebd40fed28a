"""Postmark signs nothing: a password of our making stands in the webhook's address, and TLS carries it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from mailer.bounces.providers.call import METADATA, USER, Provider, ProviderEvent, event, has_password, told, word
from mailer.bounces.report import Kind

NAME = "postmark"
_BOUNCES = {  # by Type; what is missing here is not understood
    **dict.fromkeys(("HardBounce", "BadEmailAddress", "ManuallyDeactivated"), Kind.BOUNCE),
    **dict.fromkeys(("SoftBounce", "DnsError", "Blocked", "DMARCPolicy", "SpamNotification"), Kind.BOUNCE),
    **dict.fromkeys(("VirusNotification", "Undeliverable"), Kind.BOUNCE),
    "Transient": Kind.DELAYED, "AutoResponder": Kind.AUTO_REPLY, "ChallengeVerification": Kind.AUTO_REPLY,
    "SpamComplaint": Kind.COMPLAINT,
}  # fmt: skip
_FOR_GOOD = {"HardBounce", "BadEmailAddress", "ManuallyDeactivated"}
_RECORDS = {"SpamComplaint": Kind.COMPLAINT, "Delivery": Kind.DELIVERED}
_PASSED_OVER = {"Open", "Click"}


def events(said: Any) -> Iterator[ProviderEvent]:
    """The one event of a call."""
    record, kind_of_bounce = word(said, "RecordType"), word(said, "Type")
    kind = _BOUNCES.get(kind_of_bounce) if record == "Bounce" else _RECORDS.get(record)
    if kind is None and record not in _PASSED_OVER:
        kind = Kind.UNKNOWN
    text = word(said, "Details") or word(said, "Description")
    is_permanent = kind_of_bounce in _FOR_GOOD
    person = told(word(said, "Email") or word(said, "Recipient"), text, "", is_permanent, kind_of_bounce.lower()[:32])
    event_id = word(said, "ID") or sha256(json.dumps(said).encode()).hexdigest()
    name = f"{record} {kind_of_bounce}".strip()
    yield event(NAME, name, f"{record}/{event_id}", kind, said, person, word(said, "Metadata", METADATA))


PROVIDER = Provider(
    NAME, "Postmark", "WEBHOOK_POSTMARK_PASSWORD", lambda token: f"X-PM-Metadata-{METADATA}: {token}", has_password,
    events, user=USER,
)  # fmt: skip
