"""An owner's own domain in From: proven, signed for, rotated, and given up when the DNS says so twice."""

from __future__ import annotations

from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

import dkim
import pytest
import time_machine
from flask import Flask
from sqlalchemy import func, select, update

from mailer import queue
from mailer.clock import utcnow
from mailer.domains import looking, services
from mailer.domains.queries import view_of
from mailer.domains.services import DomainRefused
from mailer.extensions import db
from mailer.jobs.ticking import wake_domains
from mailer.models.account_email import AccountEmail
from mailer.models.run import Run
from mailer.models.sending_domain import MOST_DOMAINS, SendingDomain
from mailer.models.user import User
from mailer.queue import LOOK_AT_DOMAIN
from mailer.sending import own_domains
from mailer.sending.senders import sender_of
from mailer.sending.servers import dkim_keys
from mailer.smtp.testserver import Lab
from tests.conftest import Browser
from tests.domains.name_server import NameServer
from tests.factories import make_client, make_due_run, save
from tests.sending.conftest import finish, lab

__all__ = ["lab"]
NAME = "shop.example"


@pytest.fixture
def domain(as_owner: Browser, asked_dns: NameServer) -> SendingDomain:
    """One that the owner has just added; its key is made and looked for."""
    answer = as_owner.post("/domains/", data={"domain": f" HTTPS://{NAME.upper()}/ "})
    assert answer.status_code == 303
    made = db.session.scalars(select(SendingDomain)).one()
    looking.look_when_due(made.id)
    return db.session.get_one(SendingDomain, made.id)


def publish(dns: NameServer, domain: SendingDomain) -> None:
    """Do what the page asks for."""
    view = view_of(domain)
    for record in (*view.first, *view.second):
        dns.put(record.name, record.kind, record.value)


def look_again(domain: SendingDomain) -> SendingDomain:
    """As the job does when the look is due."""
    db.session.execute(update(SendingDomain).values(look_due_at=func.now()))
    db.session.commit()
    looking.look_when_due(domain.id)
    return db.session.get_one(SendingDomain, domain.id, populate_existing=True)


@pytest.fixture
def used(domain: SendingDomain, asked_dns: NameServer, as_owner: Browser) -> SendingDomain:
    """One that the owner's mailings leave from."""
    publish(asked_dns, domain)
    as_owner.post(f"/domains/{domain.id}/check")
    assert as_owner.post(f"/domains/{domain.id}/use", data={"local_part": "hello"}).status_code == 303
    return db.session.get_one(SendingDomain, domain.id, populate_existing=True)


def test_a_domain_is_proven_by_its_dns_and_then_used(
    domain: SendingDomain, asked_dns: NameServer, as_owner: Browser, as_stranger: Browser, stranger: User, owner: User
) -> None:
    address = f"/domains/{domain.id}"
    page = as_owner.get(address).text
    records = view_of(domain).first
    assert records[0].name == f"_golub.{NAME}"
    assert len(records) == 2, "the proof and the key"
    (second,) = view_of(domain).second
    assert second.value.startswith("v=DKIM1; k=ed25519; p=")
    assert second.name.startswith(records[1].name.partition(".")[0] + "-ed._domainkey.")
    assert all(f'data-copy="{record.value}"' in page for record in (*records, second))
    assert "emails would be taken for forgeries" not in page
    refused = as_owner.post(f"{address}/use", data={"local_part": "news"})
    assert (refused.status_code, sender_of(owner).address) == (409, "news@golub.localhost"), "not before it is proven"
    asked_dns.put(records[0].name, "TXT", records[0].value)
    as_owner.post(f"{address}/check")
    assert as_owner.post(f"{address}/use", data={"local_part": "news"}).status_code == 409, "nor before a key signs"
    publish(asked_dns, domain)
    as_owner.post(f"{address}/check")
    assert as_owner.post(f"{address}/use", data={"local_part": "новости"}).status_code == 422
    assert as_owner.post(f"{address}/use", data={"local_part": "hello"}).status_code == 303
    assert sender_of(owner).address == f"hello@{NAME}"
    assert f"hello@{NAME}" in as_owner.get("/mailings/new").text

    # Another account may say so too, and prove it: one at a time has it.
    other = save(SendingDomain(owner_id=stranger.id, name=NAME))
    looking.look_when_due(other.id)
    assert own_domains.proof_text(stranger.id, NAME) != own_domains.proof_text(owner.id, NAME)
    asked_dns.put(f"_golub.{NAME}", "TXT", *(own_domains.proof_text(each.id, NAME) for each in (owner, stranger)))
    assert look_again(other).proven_at is None
    assert 'id="held"' in as_stranger.get(f"/domains/{other.id}").text
    services.delete_domain(db.session.get_one(SendingDomain, domain.id))
    assert look_again(other).proven_at is not None
    assert sender_of(owner).address == "news@golub.localhost"


def test_the_worker_signs_with_the_key_of_the_domain_and_no_other(
    app: Flask, used: SendingDomain, owner: User, lab: Lab, asked_dns: NameServer, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    service = dkim_keys.make_key("ed25519", "golub.localhost", "s1", tmp_path / "s1.pem")
    monkeypatch.setitem(app.config, "DKIM_KEYS", f"s1:{tmp_path / 's1.pem'}")
    asked_dns.put(service.dns_name, "TXT", service.dns_text)

    def send() -> bytes:
        finish(make_due_run(owner, [make_client(owner)]))
        content = lab.accepted[-1].content
        assert content is not None
        return content

    def verified(content: bytes, count: int) -> list[bool]:
        def look_up(name: bytes, timeout: int = 5) -> bytes:
            (text,) = asked_dns.records[name.decode().rstrip(".").lower(), "TXT"]
            return str(text).encode()

        return [bool(dkim.DKIM(content).verify(index, dnsfunc=look_up)) for index in range(count)]

    content = send()
    mail = message_from_bytes(content, policy=SMTP)
    assert mail["From"] == f"hello@{NAME}"
    assert f"d={NAME};" in mail["DKIM-Signature"], "the first"
    assert [line.replace(" ", "").split(";")[1] for line in mail.get_all("DKIM-Signature", [])] == [
        "a=rsa-sha256", "a=ed25519-sha256", "a=ed25519-sha256"
    ]  # fmt: skip
    assert verified(content, 3) == [True] * 3, "both of the domain and that of the service"

    # What postmaster pages group figures by: the same for every run of a mailing, nobody else's, and signed.
    campaign, customer, kind, sender = mail["Feedback-ID"].split(":")
    mailing_id = db.session.scalars(select(Run.mailing_id)).one()
    assert (campaign, customer, kind) == (f"mailing-{mailing_id}", f"owner-{owner.id}", "mailing")
    assert 5 <= len(sender) <= 15
    assert mail["X-Postmaster-Msgtype"] == campaign
    assert f"<{campaign}.{customer}.golub.localhost>" in mail["List-Id"]
    assert {"feedback-id", "list-id", "x-postmaster-msgtype"} <= set(
        mail["DKIM-Signature"].replace(" ", "").partition("h=")[2].partition(";")[0].split(":")
    )

    # Without the second record it is RSA's alone, and nothing ends.
    (second,) = view_of(used).second
    kept = asked_dns.records.pop((second.name, "TXT"))
    assert (look_again(used).missed_at, used.is_used) == (None, True)
    content = send()
    assert (content.count(b"DKIM-Signature:"), verified(content, 2)) == (2, [True, True])
    asked_dns.broken.add("*")
    asked_dns.records[second.name, "TXT"] = kept
    look_again(used)
    assert send().count(b"DKIM-Signature:") == 2, "silence changes nothing"
    asked_dns.broken.clear()
    look_again(used)
    assert send().count(b"DKIM-Signature:") == 3

    # A run that was made before the domain was lost leaves from the service's address.
    run = make_due_run(owner, [make_client(owner)])
    assert run.snapshot["from_email"] == f"hello@{NAME}"
    services.delete_domain(db.session.get_one(SendingDomain, used.id))
    finish(run)
    lost = lab.accepted[-1].content or b""
    assert b"From: news@golub.localhost" in lost
    assert (lost.count(b"DKIM-Signature:"), verified(lost, 1)) == (1, [True])
    assert NAME.encode() not in lost


def test_a_new_key_signs_when_the_dns_shows_it_and_the_old_one_rests(
    used: SendingDomain, asked_dns: NameServer, as_owner: Browser
) -> None:
    (old,) = own_domains.keys_of(used)
    old_second = old.ed25519_record
    as_owner.post(f"/domains/{used.id}/rotate")
    looking.look_when_due(used.id)
    new, _old = own_domains.keys_of(used)
    assert (new.signs_since, _old.retired_at) == (None, None), "the old one signs until then"
    assert "BEGIN" not in new.sealed + (new.ed25519_sealed or "")
    as_owner.post(f"/domains/{used.id}/rotate")
    looking.look_when_due(used.id)
    assert len(own_domains.keys_of(used)) == 2, "one waits at a time"
    publish(asked_dns, used)
    as_owner.post(f"/domains/{used.id}/check")
    db.session.expire_all()
    assert new.signs_since is not None
    assert old.retired_at == new.signs_since
    own_domains.forget_old_keys(utcnow() + timedelta(days=6))
    assert len(own_domains.keys_of(used)) == 2
    own_domains.forget_old_keys(utcnow() + timedelta(days=8))
    assert own_domains.keys_of(used) == [new]
    assert (new.ed25519_seen_at is not None, new.ed25519_record != old_second) == (True, True), "both are made anew"

    # A key of an earlier release gets its second one with the next look, and goes on signing meanwhile.
    new.ed25519_record = new.ed25519_sealed = new.ed25519_seen_at = None
    db.session.commit()
    look_again(used)
    assert (new.signs_since is not None, new.ed25519_seen_at) == (True, None)
    publish(asked_dns, used)
    look_again(used)
    (again,) = own_domains.keys_of(used)
    assert again.ed25519_seen_at is not None
    page = as_owner.get(f"/domains/{used.id}").text
    assert again.ed25519_selector in page
    assert "(Ed25519)" in page


def test_two_sure_noes_end_the_use_and_silence_never_does(
    used: SendingDomain, asked_dns: NameServer, owner: User, as_owner: Browser
) -> None:
    assert timedelta(days=6) < used.look_due_at - utcnow() <= timedelta(days=7), "looked at weekly"
    proven = dict(asked_dns.records)
    with time_machine.travel(utcnow(), tick=False) as clock:
        for days in range(3):
            asked_dns.broken.add("*")
            clock.shift(timedelta(days=1))
            assert look_again(used).missed_at is None, days
        asked_dns.broken.clear()
        asked_dns.records.pop((f"_golub.{NAME}", "TXT"))
        for _minute in range(3):
            clock.shift(timedelta(minutes=1))
            look_again(used)
        assert (used.is_used, used.missed_at is not None) == (True, True), "several at once are one"
        assert 'id="missed"' in as_owner.login(owner).get(f"/domains/{used.id}").text
        asked_dns.records.update(proven)
        assert look_again(used).missed_at is None, "a yes between them begins anew"
        asked_dns.records.clear()
        look_again(used)
        clock.shift(timedelta(days=1))
        assert look_again(used).proven_at is None
        assert (used.is_used, used.ended_at is not None) == (False, True)
    assert sender_of(owner).address == "news@golub.localhost"
    mail = db.session.scalars(select(AccountEmail).where(AccountEmail.template == "domain-ended")).one()
    assert (mail.user_id, mail.context["domain"]) == (owner.id, NAME)
    assert 'id="ended"' in as_owner.login(owner).get(f"/domains/{used.id}").text


def test_another_secret_key_makes_new_keys_and_no_mail_without_a_signature_of_its_domain(
    app: Flask, used: SendingDomain, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "SECRET_KEY", "another secret, long enough to be one")
    about, signers = own_domains.as_it_may_leave(owner.id, {"from_email": used.address, "language": "en"})
    assert (about, signers) == ({"language": "en"}, ())
    assert look_again(used).is_used is False
    (key,) = own_domains.keys_of(used)
    assert own_domains.signer_of(used, key) is not None
    assert key.signs_since is None


TYPED: dict[str, str | None] = {
    "example.org": "example.org", " Example.ORG. ": "example.org", "https://example.org:8080/path?x": "example.org",
    "anna@example.org": "example.org", "*.example.org": "example.org", "почта.рф": "xn--80a1acny.xn--p1ai",
    "localhost": None, "192.0.2.1": None, "example..org": None, "-a.example": None, "a b.example": None,
    "x" * 64 + ".example": None, ".".join(["abcdefghi"] * 20): None, "golub.localhost": None, "": None,
    "example.org\r\nX: y": None,
}  # fmt: skip


def test_what_people_type_becomes_a_domain_or_a_clear_no(app: Flask, as_owner: Browser, owner: User) -> None:
    for typed, name in TYPED.items():
        with app.test_request_context():
            if name is not None:
                assert services.read_name(typed) == name, typed
                continue
            with pytest.raises(DomainRefused):
                services.read_name(typed)
    for number in range(MOST_DOMAINS):
        assert as_owner.post("/domains/", data={"domain": f"d{number}.example"}).status_code == 303
    for name in ("one-more.example", "d1.example", "nonsense", "x" * 400):
        answer = as_owner.post("/domains/", data={"domain": name})
        assert answer.status_code == 422
        assert name[:300] in answer.text, "the form keeps what was typed"
    assert db.session.scalar(select(func.count()).select_from(SendingDomain)) == MOST_DOMAINS
    wake_domains()
    assert len(queue.waiting(LOOK_AT_DOMAIN)) == MOST_DOMAINS
    queue.connection().flushdb()
    wake_domains()
    assert len(queue.waiting(LOOK_AT_DOMAIN)) == MOST_DOMAINS, "a lost wake-up is made good"
