"""Webhooks of providers: whose calls are believed, and what each event means."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mailer.bounces.providers.call import Call
from mailer.bounces.providers.known import PROVIDERS
from mailer.bounces.report import Kind, Report
from tests.bounces import provider_calls as calls
from tests.bounces.provider_calls import HARD, SECRETS, Made

PEM = calls.certificate()
FETCHED: list[str] = []


def fetch(url: str) -> bytes:
    FETCHED.append(url)
    return PEM


def is_believed(name: str, made: Made, secret: str | None = None, late: float = 0) -> bool:
    call = Call(made.body, made.headers, time.time() + late, fetch)
    return PROVIDERS[name].is_authentic(call, SECRETS[name] if secret is None else secret)


def reports(name: str, made: Made) -> list[Report]:
    found = PROVIDERS[name].events(json.loads(made.body))
    return [event.report for event in found if event.report is not None]


@pytest.mark.parametrize("name", sorted(HARD))
def test_a_call_is_believed_as_it_was_signed_only(name: str) -> None:
    made = HARD[name]("TOKEN")
    assert is_believed(name, made)
    others = {"sendgrid": "bm8ga2V5IGF0IGFsbA=="}
    assert not is_believed(name, made, others.get(name, SECRETS[name] + "x"))
    if made.headers and name != "ses":
        assert not is_believed(name, Made(made.body))
    for hostile in (b"", b"[]", b"null", b'{"signature":"x"}', b"\xff\xfe", b"[" * 100_000, b'{"auth":["x"]}'):
        assert not is_believed(name, Made(hostile)), hostile[:20]
    if name in ("ses", "sendgrid", "unisender-go"):  # the content is signed, too
        assert not is_believed(name, Made(made.body.replace(b"no such", b"nu such"), made.headers))
    stale = {"ses": 4000, "mailgun": 1000, "sendgrid": 90_000}
    if name in stale:
        assert not is_believed(name, made, late=stale[name])
        assert not is_believed(name, made, late=-stale[name])
    (report,) = reports(name, made)
    assert (report.kind, report.read_by, report.worst.is_permanent) == (Kind.BOUNCE, name, True)
    assert (report.worst.address, report.worst.code, report.worst.status) == ("r@far.example", 550, "5.1.1")
    assert "TOKEN" in report.places[0]
    header = PROVIDERS[name].header("abc")
    assert header.isascii() and header.count("abc") == 1 and ": " in header and "\n" not in header


def test_sns_is_asked_for_its_own_certificates_only() -> None:
    FETCHED.clear()
    assert is_believed("ses", calls.sns({}, version="1"))
    asked = len(FETCHED)
    good = calls.CERTIFICATE_URL
    for url in (
        good.replace("amazonaws.com/", "amazonaws.com.evil.example/"), f"https://evil.example/?{good}",
        good.replace("https", "http"), "https://sns.eu-central-1.amazonaws.com/?Action=GetSubscriptionAttributes",
        good.replace("amazonaws.com/", "amazonaws.com@evil.example/"), good + "?x", good + "\n",
        good.replace("eu-central-1", "us-east-1"),
    ):  # fmt: skip
        assert not is_believed("ses", calls.sns({}, SigningCertURL=url)), url
    assert not is_believed("ses", calls.sns({}, TopicArn=calls.TOPIC + "2"))
    assert not is_believed("ses", calls.sns({}, Timestamp="2026-11-29T20:00:00"))
    assert not is_believed("ses", calls.sns({}, now=datetime.now(UTC) - timedelta(hours=2)))
    assert len(FETCHED) == asked
    confirm = calls.sns({}, Type="SubscriptionConfirmation", Token="t&x", SubscribeURL="https://evil.example/")
    assert is_believed("ses", confirm)
    (event,) = PROVIDERS["ses"].events(json.loads(confirm.body))
    assert event.visit.startswith(
        "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn%3Aaws"
    )
    assert event.visit.endswith("Token=t%26x")


SES_COMPLAINT = {"eventType": "Complaint", "complaint": {"complainedRecipients": [{"emailAddress": "a@b"}]}}
SES_NO_COMPLAINT = {"eventType": "Complaint", "complaint": {"complaintFeedbackType": "not-spam"}}
SES_DELAY = {"eventType": "DeliveryDelay", "deliveryDelay": {"delayedRecipients": [{}]}}
FULL = {"delivery_status": "err_mailbox_full"}
MEANT: list[tuple[str, Made, Kind | None, bool]] = [
    ("ses", calls.ses("T", bounceType="Transient"), Kind.BOUNCE, False),
    ("ses", calls.ses("T", bounceType="Undetermined"), Kind.BOUNCE, False),
    ("ses", calls.sns(SES_COMPLAINT), Kind.COMPLAINT, False),
    ("ses", calls.sns(SES_NO_COMPLAINT), Kind.UNKNOWN, False),
    ("ses", calls.sns(SES_DELAY), Kind.DELAYED, False),
    ("ses", calls.sns({"eventType": "Delivery"}), Kind.DELIVERED, False),
    ("ses", calls.sns({"eventType": "Reject", "reject": {"reason": "Bad content"}}), Kind.BOUNCE, False),
    ("ses", calls.sns({"eventType": "Open"}), None, False),
    ("ses", calls.sns({"eventType": "Rendering Failure"}), Kind.UNKNOWN, False),
    ("ses", calls.sns({}, Message="not JSON"), Kind.UNKNOWN, False),
    ("mailgun", calls.mailgun("T", severity="temporary"), Kind.DELAYED, False),
    ("mailgun", calls.mailgun("T", reason="old"), Kind.BOUNCE, False),
    ("mailgun", calls.mailgun("T", event="complained"), Kind.COMPLAINT, False),
    ("mailgun", calls.mailgun("T", event="opened"), None, False),
    ("mailgun", calls.mailgun("T", event="unsubscribed"), Kind.UNKNOWN, False),
    ("sendgrid", calls.sendgrid("T", type="blocked"), Kind.BOUNCE, False),
    ("sendgrid", calls.sendgrid("T", event="dropped", reason="Bounced Address"), Kind.BOUNCE, True),
    ("sendgrid", calls.sendgrid("T", event="dropped", reason="Spam Content"), Kind.BOUNCE, False),
    ("sendgrid", calls.sendgrid("T", event="deferred"), Kind.DELAYED, False),
    ("sendgrid", calls.sendgrid("T", event="spamreport"), Kind.COMPLAINT, False),
    ("sendgrid", calls.sendgrid("T", event="group_unsubscribe"), Kind.UNKNOWN, False),
    ("postmark", calls.postmark("T", Type="SoftBounce"), Kind.BOUNCE, False),
    ("postmark", calls.postmark("T", Type="Transient"), Kind.DELAYED, False),
    ("postmark", calls.postmark("T", Type="AutoResponder"), Kind.AUTO_REPLY, False),
    ("postmark", calls.postmark("T", Type="AddressChange"), Kind.UNKNOWN, False),
    ("postmark", calls.postmark("T", RecordType="SpamComplaint", Type="SpamComplaint"), Kind.COMPLAINT, False),
    ("postmark", calls.postmark("T", RecordType="Open"), None, False),
    ("brevo", calls.brevo("T", event="soft_bounce"), Kind.BOUNCE, False),
    ("brevo", calls.brevo("T", event="invalid_email"), Kind.BOUNCE, True),
    ("brevo", calls.brevo("T", event="spam"), Kind.COMPLAINT, False),
    ("brevo", calls.brevo("T", event="deferred"), Kind.DELAYED, False),
    ("brevo", calls.brevo("T", event="unsubscribed"), Kind.UNKNOWN, False),
    ("unisender-go", calls.unisender_go("T", status="soft_bounced"), Kind.DELAYED, False),
    ("unisender-go", calls.unisender_go("T", status="spam"), Kind.COMPLAINT, False),
    ("unisender-go", calls.unisender_go("T", delivery_info=FULL), Kind.BOUNCE, False),
    ("unisender-go", calls.unisender_go("T", status="clicked"), None, False),
]  # fmt: skip


def test_each_event_means_what_the_provider_says() -> None:
    for name, made, kind, is_permanent in MEANT:
        found = [
            (report.kind, report.kind is Kind.BOUNCE and report.worst.is_permanent) for report in reports(name, made)
        ]
        assert found == ([] if kind is None else [(kind, is_permanent)]), made.body


@pytest.mark.parametrize("name", sorted(HARD))
def test_a_signed_call_of_any_shape_is_read_without_harm(name: str) -> None:
    shapes: list[Any] = [None, [], {}, 7, "x", [None, 7], {"event-data": [1]}]
    shapes += [{"events_by_user": [{"events": [[]]}, 7]}]
    for message in ("[1]", '{"eventType":7,"mail":[]}', '{"eventType":"Bounce","bounce":{"bouncedRecipients":[7,{}]}}'):
        shapes.append({"Type": "Notification", "Message": message})
    for shape in shapes:
        for event in PROVIDERS[name].events(shape):
            assert event.report is None or event.report.kind is not Kind.COMPLAINT
