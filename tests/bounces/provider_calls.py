"""Calls as the six providers make them, signed with keys of the test's own. Shapes follow the providers' documents."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

TOPIC = "arn:aws:sns:eu-central-1:123456789012:golub"
CERTIFICATE_URL = "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-0123abcdef.pem"
PASSWORD = "a-password-of-our-making"
ADDRESS, SAID = "r@far.example", "550 5.1.1 no such user"
_RSA = rsa.generate_private_key(65537, 2048)
_EC = ec.generate_private_key(ec.SECP256R1())
SECRETS = {
    "ses": TOPIC,
    "mailgun": "key-of-mailgun-0123",
    "sendgrid": b64encode(_EC.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).decode(),
    "postmark": PASSWORD,
    "brevo": PASSWORD,
    "unisender-go": "api-key-of-unisender",
}
PASSWORD_HEADERS = {"Authorization": "Basic " + b64encode(f"golub:{PASSWORD}".encode()).decode()}


def certificate() -> bytes:
    """What SNS would show at CERTIFICATE_URL."""
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")]), datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(_RSA.public_key())
    made = made.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    return made.sign(_RSA, hashes.SHA256()).public_bytes(Encoding.PEM)


@dataclass
class Made:
    """One request."""

    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def sns(said: dict[str, Any], version: str = "2", now: datetime | None = None, **more: str) -> Made:
    """A message of SNS; `more` replaces fields before it is signed."""
    stamp = f"{now or datetime.now(UTC):%Y-%m-%dT%H:%M:%S}.000Z"
    message = {"Type": "Notification", "MessageId": "m-1", "TopicArn": TOPIC, "Message": json.dumps(said)}
    message |= {"Timestamp": stamp, "SignatureVersion": version, "SigningCertURL": CERTIFICATE_URL} | more
    names = ["Message", "MessageId", "SubscribeURL", "Subject", "Timestamp", "Token", "TopicArn", "Type"]
    text = "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()
    digest: hashes.HashAlgorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
    message["Signature"] = b64encode(_RSA.sign(text, padding.PKCS1v15(), digest)).decode()
    return Made(json.dumps(message).encode(), {"Content-Type": "text/plain; charset=UTF-8"})


def ses(token: str, **more: Any) -> Made:
    person = {"emailAddress": ADDRESS, "action": "failed", "status": "5.1.1", "diagnosticCode": f"smtp; {SAID}"}
    bounce = {"feedbackId": "f-1", "bounceType": "Permanent", "bouncedRecipients": [person]} | more
    return sns({"eventType": "Bounce", "bounce": bounce, "mail": {"messageId": "0100", "tags": {"golub": [token]}}})


def mailgun(token: str, once: str = "once", at: float | None = None, **more: Any) -> Made:
    stamp = str(int(at if at is not None else datetime.now(UTC).timestamp()))
    signature = hmac.new(SECRETS["mailgun"].encode(), (stamp + once).encode(), hashlib.sha256).hexdigest()
    data: dict[str, Any] = {"id": "e1", "event": "failed", "severity": "permanent", "recipient": ADDRESS}
    data |= {"user-variables": {"golub": token}} | {"delivery-status": {"code": 550, "message": SAID}} | more
    return Made(json.dumps({"signature": {"timestamp": stamp, "token": once, "signature": signature},
                            "event-data": data}).encode())  # fmt: skip


def sendgrid_call(events: Any, at: float | None = None) -> Made:
    body, stamp = json.dumps(events).encode(), str(int(at if at is not None else datetime.now(UTC).timestamp()))
    signature = b64encode(_EC.sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))).decode()
    name = "X-Twilio-Email-Event-Webhook-"
    return Made(body, {f"{name}Timestamp": stamp, f"{name}Signature": signature})


def sendgrid(token: str, **more: Any) -> Made:
    event = {"email": ADDRESS, "event": "bounce", "type": "bounce", "status": "5.1.1", "reason": SAID}
    return sendgrid_call([{"event": "processed"}, event | {"sg_event_id": "s1", "golub": token} | more])


def postmark(token: str, **more: Any) -> Made:
    said = {"RecordType": "Bounce", "Type": "HardBounce", "ID": 4323372036854775807, "Email": ADDRESS}
    said |= {"Details": f"smtp;{SAID}", "Metadata": {"golub": token}} | more
    return Made(json.dumps(said).encode(), PASSWORD_HEADERS)


def brevo(token: str, **more: Any) -> Made:
    said = {"event": "hard_bounce", "email": ADDRESS, "message-id": "<1@x>", "ts_epoch": 1764500000000, "id": 7}
    return Made(json.dumps(said | {"reason": SAID, "X-Mailin-custom": f"golub:{token}"} | more).encode(),
                PASSWORD_HEADERS)  # fmt: skip


def unisender_go(token: str, **more: Any) -> Made:
    data: dict[str, Any] = {
        "job_id": "j",
        "email": ADDRESS,
        "status": "hard_bounced",
        "event_time": "2026-11-29 20:00:00",
    }
    data |= {"metadata": {"golub": token, "ключ": "я"}}
    data |= {"delivery_info": {"delivery_status": "err_user_unknown", "destination_response": SAID}} | more
    event = {"event_name": "transactional_email_status", "event_data": data}
    said = {"auth": "0" * 32, "events_by_user": [{"user_id": 1, "events": [event]}]}
    body = json.dumps(said, ensure_ascii=False).encode()
    made = hashlib.md5(body.replace(b"0" * 32, SECRETS["unisender-go"].encode()), usedforsecurity=False).hexdigest()
    return Made(body.replace(b"0" * 32, made.encode()))


HARD: dict[str, Callable[[str], Made]] = {
    "ses": ses, "mailgun": mailgun, "sendgrid": sendgrid, "postmark": postmark, "brevo": brevo,
    "unisender-go": unisender_go,
}  # fmt: skip
