"""Mailgun: an HMAC of a time and a word that serves once. It binds nothing of the content: TLS carries the rest."""

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator
from typing import Any

from mailer.bounces.providers.call import METADATA, Call, Provider, ProviderEvent, event, is_fresh, told, value, word
from mailer.bounces.report import Kind

NAME = "mailgun"
_KINDS = {"failed": Kind.BOUNCE, "complained": Kind.COMPLAINT, "delivered": Kind.DELIVERED, "rejected": Kind.BOUNCE}
_PASSED_OVER = {"accepted", "opened", "clicked", "stored"}
_NOT_FOR_GOOD = {"old", "espblock"}  # given up after days; refused for what we are, not for whom it was to


def is_authentic(call: Call, key: str) -> bool:
    """Whether whoever knows the signing key made it, of late."""
    signature = value(call.parsed(), "signature")
    stamp, once, said = (word(signature, name) for name in ("timestamp", "token", "signature"))
    made = hmac.new(key.encode(), (stamp + once).encode("utf-8", "replace"), "sha256").hexdigest()
    is_right = hmac.compare_digest(made.encode(), said.encode("utf-8", "replace"))
    return is_right and bool(once) and is_fresh(stamp, call.now)


def events(said: Any) -> Iterator[ProviderEvent]:
    """The one event of a call."""
    data = value(said, "event-data")
    name, is_temporary = word(data, "event"), word(data, "severity") == "temporary"
    kind = None if name in _PASSED_OVER else _KINDS.get(name, Kind.UNKNOWN)
    if name == "failed" and is_temporary:  # it tries again
        kind = Kind.DELAYED
    status = value(data, "delivery-status")
    code = word(status, "code")
    text = word(status, "message") or word(status, "description") or word(data, "reason")
    is_permanent = name == "failed" and not is_temporary and word(data, "reason") not in _NOT_FOR_GOOD
    if code[:1] in ("4", "5") and not text.startswith(code):
        text = f"{code} {text}"
    person = told(word(data, "recipient"), text, word(status, "enhanced-code"), is_permanent, name[:32])
    token = word(data, "user-variables", METADATA)
    yield event(NAME, name, word(data, "id") or word(said, "signature", "token"), kind, data, person, token)


PROVIDER = Provider(
    NAME, "Mailgun", "WEBHOOK_MAILGUN_KEY", lambda token: f"X-Mailgun-Variables: {json.dumps({METADATA: token})}",
    is_authentic, events, one_time=lambda said: word(said, "signature", "token"),
)  # fmt: skip
