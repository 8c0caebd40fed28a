"""Amazon SES, whose events come by SNS: RSA over chosen fields, by a certificate that is fetched from Amazon.

A valid signature proves only that somebody's topic spoke, since anybody can have one: the topic is pinned, and with it
the region that certificates and confirmations are fetched from.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any
from urllib.parse import quote

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, HashAlgorithm
from cryptography.x509 import load_pem_x509_certificate

from mailer.bounces.providers.call import METADATA, Call, Provider, ProviderEvent, event, rows, told, value, word
from mailer.bounces.report import Kind

NAME = "ses"
TOPIC = re.compile(r"arn:aws(?:-cn|-us-gov)?:sns:([a-z0-9-]{1,30}):\d{12}:[A-Za-z0-9_-]{1,256}", re.ASCII)
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_STALE_SECONDS = 65 * 60  # it tries for an hour
_KINDS = {
    "Bounce": Kind.BOUNCE, "Complaint": Kind.COMPLAINT, "DeliveryDelay": Kind.DELAYED, "Delivery": Kind.DELIVERED,
    "Reject": Kind.BOUNCE,
}  # fmt: skip
_PASSED_OVER = {"Send", "Open", "Click", "AmazonSnsSubscriptionSucceeded"}
_NO_COMPLAINTS = {"not-spam", "auth-failure"}  # RFC 5965


def host_of(topic: str) -> str:
    """Where the region of a topic is asked."""
    found = TOPIC.fullmatch(topic)
    return f"sns.{found[1] if found else ''}.amazonaws.com" + (".cn" if topic.startswith("arn:aws-cn:") else "")


def is_authentic(call: Call, topic: str) -> bool:
    """Whether SNS signed it, for our topic, of late. Errors: those of `call.fetch`."""
    said = call.parsed()
    fields, url = _SIGNED.get(word(said, "Type")), word(said, "SigningCertURL")
    if fields is None or not compare_digest(word(said, "TopicArn").encode("utf-8", "replace"), topic.encode()):
        return False
    file = re.escape(f"https://{host_of(topic)}/") + r"SimpleNotificationService-[a-f0-9]{1,64}\.pem"
    if re.fullmatch(file, url) is None or not _is_of_late(word(said, "Timestamp"), call.now):
        return False
    text = "".join(f"{name}\n{word(said, name)}\n" for name in fields if value(said, name) is not None)
    digest: HashAlgorithm = SHA256() if word(said, "SignatureVersion") == "2" else SHA1()  # noqa: S303 - its default
    return _is_signed(call.fetch(url), word(said, "Signature"), text, digest, call.now)


def _is_of_late(stamp: str, now: float) -> bool:
    try:
        at = datetime.fromisoformat(stamp)
    except ValueError:
        return False
    return at.tzinfo is not None and abs(now - at.timestamp()) <= _STALE_SECONDS


def _is_signed(pem: bytes, signature: str, text: str, digest: HashAlgorithm, now: float) -> bool:
    try:
        certificate = load_pem_x509_certificate(pem)
        key, at = certificate.public_key(), datetime.fromtimestamp(now, UTC)
        is_valid = certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
        if not isinstance(key, RSAPublicKey) or not is_valid:
            return False
        key.verify(b64decode(signature), text.encode("utf-8", "replace"), PKCS1v15(), digest)
    except (InvalidSignature, NotBase64, ValueError):
        return False
    return True


def events(said: Any) -> Iterator[ProviderEvent]:
    """What a message of SNS, already known to be authentic, tells."""
    if word(said, "Type") == "SubscriptionConfirmation":
        topic = word(said, "TopicArn")
        query = f"Action=ConfirmSubscription&TopicArn={quote(topic, safe='')}&Token={quote(word(said, 'Token'))}"
        yield ProviderEvent(
            word(said, "MessageId"), "SubscriptionConfirmation", visit=f"https://{host_of(topic)}/?{query}"
        )
    elif word(said, "Type") == "Notification":
        try:
            yield from _events_of(json.loads(word(said, "Message")), word(said, "MessageId"))
        except (ValueError, RecursionError):
            yield event(NAME, "Notification", word(said, "MessageId"), Kind.UNKNOWN, said, told(""), "")


def _events_of(message: Any, message_id: str) -> Iterator[ProviderEvent]:
    name = word(message, "eventType") or word(message, "notificationType")
    part = value(message, name[:1].lower() + name[1:])
    kind = None if name in _PASSED_OVER else _KINDS.get(name, Kind.UNKNOWN)
    if word(part, "complaintFeedbackType") in _NO_COMPLAINTS:
        kind = Kind.UNKNOWN
    token = next(map(str, rows(message, "mail", "tags", METADATA)), "")
    event_id = word(part, "feedbackId") or message_id  # a retry has the same
    people = rows(part, "bouncedRecipients") or rows(part, "complainedRecipients") or rows(part, "delayedRecipients")
    for number, person in enumerate(people or [{}]):
        text = word(person, "diagnosticCode") or word(part, "complaintFeedbackType") or word(part, "reason")
        is_permanent = word(part, "bounceType") == "Permanent"
        said = told(word(person, "emailAddress"), text, word(person, "status"), is_permanent, name.lower()[:32])
        yield event(NAME, name, f"{event_id}/{name}/{number}", kind, message, said, token)


PROVIDER = Provider(
    NAME, "Amazon SES (SNS)", "WEBHOOK_SES_TOPIC", lambda token: f"X-SES-MESSAGE-TAGS: {METADATA}={token}",
    is_authentic, events,
)  # fmt: skip
