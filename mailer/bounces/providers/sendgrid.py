"""SendGrid: ECDSA (P-256, SHA-256) over a time and the raw body; the public key is on its page of settings."""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailer.bounces.providers.call import (
    METADATA,
    STALE_SECONDS,
    Call,
    Provider,
    ProviderEvent,
    event,
    is_fresh,
    told,
    word,
)
from mailer.bounces.report import Kind

NAME = "sendgrid"
_DAY = 86_400  # it stamps a call when it is made, and repeats it for a day
_KINDS = {
    "bounce": Kind.BOUNCE, "dropped": Kind.BOUNCE, "deferred": Kind.DELAYED, "spamreport": Kind.COMPLAINT,
    "delivered": Kind.DELIVERED,
}  # fmt: skip
_PASSED_OVER = {"processed", "open", "click"}
_DROPPED_FOR_GOOD = {"Bounced Address", "Invalid"}


def is_authentic(call: Call, public_key: str) -> bool:
    """Whether SendGrid signed it, within a day."""
    stamp = call.headers.get("X-Twilio-Email-Event-Webhook-Timestamp", "")
    try:
        key = load_der_public_key(b64decode(public_key))
        signature = b64decode(call.headers.get("X-Twilio-Email-Event-Webhook-Signature", ""))
        if not isinstance(key, EllipticCurvePublicKey):
            return False
        key.verify(signature, stamp.encode("utf-8", "replace") + call.body, ECDSA(SHA256()))
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return is_fresh(stamp, call.now, _DAY + STALE_SECONDS)


def events(said: Any) -> Iterator[ProviderEvent]:
    """A call brings many."""
    for data in said if isinstance(said, list) else [said]:
        name = word(data, "event")
        kind = None if name in _PASSED_OVER else _KINDS.get(name, Kind.UNKNOWN)
        text = word(data, "reason") or word(data, "response")
        is_permanent = name == "bounce" and word(data, "type") != "blocked"
        is_permanent = is_permanent or (name == "dropped" and text in _DROPPED_FOR_GOOD)
        person = told(word(data, "email"), text, word(data, "status"), is_permanent, name[:32])
        event_id = word(data, "sg_event_id") or sha256(json.dumps(data).encode()).hexdigest()
        yield event(NAME, name, event_id, kind, data, person, word(data, METADATA))


PROVIDER = Provider(
    NAME, "SendGrid", "WEBHOOK_SENDGRID_KEY",
    lambda token: f"X-SMTPAPI: {json.dumps({'unique_args': {METADATA: token}})}", is_authentic, events,
)  # fmt: skip
