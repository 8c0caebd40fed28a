"""The parts of sending, each alone in this process: composing, signing, planning, recording."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from sqlalchemy import delete

from bench import material
from bench.service import Service
from mailer.composing.dkim import Signer, signed
from mailer.composing.email import CompiledEmail, Content, MailHeaders, Recipient, compile_email
from mailer.extensions import db
from mailer.models.run import Run
from mailer.models.user import User
from mailer.sending.database_connections import connector
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due
from mailer.sending.worker.claims import AttemptEntry, Claim
from mailer.sending.worker.group_commit import Writer
from mailer.sending.worker.ledger import Ledger
from mailer.smtp.results import Outcome, Phase, Result

ROUND = 32  # marks and results in a commit
LETTERHEAD = MailHeaders(
    "news@golub.test", "Голубятня", "owner@golub.test", "owner-1.golub.test", "Голубятня", "golub.test", "Отписаться"
)


def recipient(number: int) -> Recipient:
    """One of many."""
    values = {"first_name": material.first_name(number), "last_name": "Иванов"}
    link = f"http://golub.test/u/5f9a1c3e-8b7d-4e2f-9a1c-{number:012}"
    return Recipient(material.email(number), values, f"a0f3b5c7d9e1f3a5.{number}@golub.test", link)


def compiled() -> CompiledEmail:
    """The letter of all measurements."""
    return compile_email(Content(material.SUBJECT, "", material.HTML), LETTERHEAD, datetime.now(UTC))


def mail_size() -> int:
    """Bytes of one mail on the wire."""
    return len(compiled().build(recipient(12345)))


def composing_us(count: int = 20_000) -> float:
    """Microseconds a mail."""
    email, people = compiled(), [recipient(number) for number in range(count)]
    return _us(lambda number: email.build(people[number]), count)


def signing_us() -> dict[str, float]:
    """Microseconds a DKIM signature of that mail, by algorithm."""
    content = compiled().build(recipient(1))
    rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    signers = {
        "rsa-2048": Signer("golub.test", "r", _pem(rsa_key)),
        "ed25519": Signer("golub.test", "e", _pem(ed25519.Ed25519PrivateKey.generate())),
    }

    def sign_with(signer: Signer) -> Callable[[int], object]:
        return lambda _number: signed(content, [signer])

    return {name: _us(sign_with(signer), 500) for name, signer in signers.items()}


def _pem(key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def planned_rows_per_second(service: Service, owner: User, count: int) -> tuple[float, int]:
    """From a due mailing to its deliveries: rows per second, and the run."""
    service.mailing_of(owner)
    began = time.perf_counter()
    (run_id,) = start_due()
    write_recipient_list(run_id)
    return count / (time.perf_counter() - began), run_id


def recorded_rows_per_second(run_id: int, rounds: int = 300) -> float:
    """Marks and results of `ROUND` mails a commit, durable, one after another."""
    ledger = Ledger(connector(), Writer(run_id, "bench", "bench", 600))
    try:
        claims = [_claim(ledger) for _ in range(1 + rounds * ROUND // 500)]
        people = [(claim, position) for claim in claims for position in claim.people]
        batches = [people[start : start + ROUND] for start in range(0, rounds * ROUND, ROUND)]
        return ROUND * 1e6 / _us(lambda number: _record(ledger, batches[number]), rounds)
    finally:
        ledger.close()


def forget(run_id: int) -> None:
    """The run goes: workers that come later would send it, and measure that."""
    db.session.execute(delete(Run).where(Run.id == run_id))
    db.session.commit()


def _claim(ledger: Ledger) -> Claim:
    found = ledger.claim()
    assert found is not None
    return found[0]


def _record(ledger: Ledger, people: list[tuple[Claim, int]]) -> None:
    now = datetime.now(UTC)
    words = "2.0.0 Ok: queued as 4dN3Yf1B2czQ"
    entries = [
        AttemptEntry(
            claim, position, 1, Result(None, Outcome.ACCEPTED, Phase.CONTENT, 250, "2.0.0", words, now, now, None)
        )
        for claim, position in people
    ]
    marks: dict[int, list[int]] = {}
    for claim, position in people:
        marks.setdefault(claim.slice_id, []).append(position)
    ledger.mark_and_record({claim.slice_id: claim for claim, _position in people}.values(), marks, entries)


def _us(work: Callable[[int], object], count: int) -> float:
    began = time.perf_counter()
    for number in range(count):
        work(number)
    return (time.perf_counter() - began) / count * 1e6
