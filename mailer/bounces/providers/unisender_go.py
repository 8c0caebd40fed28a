"""UniSender Go: the MD5 of the body in which the API key stands in place of `auth`; no time, no number of an event."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from hmac import compare_digest
from typing import Any

from mailer.bounces.providers.call import METADATA, Call, Provider, ProviderEvent, event, rows, told, value, word
from mailer.bounces.report import Kind

NAME = "unisender-go"
_KINDS = {
    "hard_bounced": Kind.BOUNCE, "soft_bounced": Kind.DELAYED, "spam": Kind.COMPLAINT, "delivered": Kind.DELIVERED,
}  # fmt: skip
_PASSED_OVER = {"sent", "opened", "clicked", "subscribed"}
_NOT_THE_ADDRESS = {  # of delivery_status
    "err_mailbox_full", "err_spam_rejected", "err_too_large", "err_blacklisted", "err_unreachable", "err_lost",
    "err_delivery_failed", "err_destination_misconfigured", "err_spam_skipped", "err_skip_letter",
}  # fmt: skip


def is_authentic(call: Call, api_key: str) -> bool:
    """Whether whoever knows the API key made it."""
    said = word(call.parsed(), "auth")
    if re.fullmatch(r"[0-9a-f]{32}", said) is None or call.body.count(said.encode()) != 1:
        return False
    made = hashlib.md5(call.body.replace(said.encode(), api_key.encode()), usedforsecurity=False).hexdigest()
    return compare_digest(made, said)


def events(said: Any) -> Iterator[ProviderEvent]:
    """A call brings those of many people."""
    for user in rows(said, "events_by_user"):
        for each in rows(user, "events"):
            data = value(each, "event_data")
            name = word(data, "status") or word(each, "event_name")
            kind = None if name in _PASSED_OVER else _KINDS.get(name, Kind.UNKNOWN)
            event_id = "/".join(word(data, part) for part in ("job_id", "email", "status", "event_time"))
            if not event_id.strip("/"):  # as a block of the account
                event_id = hashlib.sha256(json.dumps(each).encode()).hexdigest()
            why = word(data, "delivery_info", "delivery_status")
            text = word(data, "delivery_info", "destination_response") or why
            is_permanent = name == "hard_bounced" and why not in _NOT_THE_ADDRESS
            person = told(word(data, "email"), text, "", is_permanent, name[:32])
            yield event(NAME, name, event_id, kind, each, person, word(data, "metadata", METADATA))


PROVIDER = Provider(
    NAME, "UniSender Go", "WEBHOOK_UNISENDER_GO_KEY",
    lambda token: f"X-UNIONE: {json.dumps({'metadata': {METADATA: token}})}", is_authentic, events,
)  # fmt: skip
