"""Signatures that an independent verifier (dkimpy) holds for good, whatever stands in a mail."""

from __future__ import annotations

import re

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from mailer.composing.dkim import KeyRefused, Signer, relaxed_body, signed, unstuffed
from tests.composing.emails import compiled, recipient

DOMAIN = "golub.example.com"


def pem(
    key: rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey, password: bytes = b""
) -> bytes:
    """The key as a file holds it."""
    lock: KeySerializationEncryption = BestAvailableEncryption(password) if password else NoEncryption()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)


RSA_PEM = pem(rsa.generate_private_key(65537, 2048))
RSA = Signer(DOMAIN, "r1", RSA_PEM)
ED25519 = Signer(DOMAIN, "e1", pem(ed25519.Ed25519PrivateKey.generate()))
BOTH = pytest.mark.parametrize("signer", [RSA, ED25519], ids=lambda signer: signer.algorithm)
RECORDS = {signer.dns_name: signer.dns_text.encode() for signer in (RSA, ED25519)}


def arrived(content: bytes) -> bytes:
    """What the receiver has: dots undone."""
    return re.sub(rb"(?m)^\.", b"", content)


def is_valid(message: bytes, index: int = 0) -> bool:
    """What dkimpy says."""

    def look_up(name: bytes, timeout: int = 5) -> bytes:
        return RECORDS[name.decode().rstrip(".")]

    try:
        return bool(dkim.DKIM(message).verify(index, dnsfunc=look_up))
    except dkim.ValidationError:  # its word for a body that was changed
        return False


MAILS = {
    "cyrillic": compiled("Скидка 50 % на всё, {{ имя }}! " * 4, "Здравствуйте, {{ имя }}!\n").build(
        recipient(first_name="Анна-Мария", last_name="Длиннофамильная")
    ),
    "dots": compiled("Dots", ".\n..\n...three\n.\n").build(recipient()),
    "html": compiled("Both", "", "<p>  two  spaces\t tab </p>\n.\n<p>Привет</p>").build(recipient()),
    "trailing blank lines": b"From: a@golub.test\r\nSubject:  two  spaces \t\r\n\r\nbody \t\r\n\r\n \r\n\r\n",
    "empty body": b"From: a@golub.test\r\nSubject: nothing\r\n\r\n",
    "no blank line": b"From: a@golub.test\r\nSubject: nothing\r\n",
    "folded": b"FROM:\r\n a@golub.test\r\nSubject: one\r\n\ttwo\r\n   three \r\nX-Other: x\r\n\r\n..x\r\n",
}


@BOTH
@pytest.mark.parametrize("mail", MAILS.values(), ids=MAILS)
def test_an_independent_verifier_holds_it_good(signer: Signer, mail: bytes) -> None:
    whole = signed(mail, [signer])
    assert whole.endswith(mail)
    assert is_valid(arrived(whole))


@BOTH
@given(body=st.text(alphabet=" \t.aЯ=\n", max_size=60))
def test_it_holds_for_any_body(signer: Signer, body: str) -> None:
    octets = body.encode().replace(b"\n", b"\r\n")
    mail = b"From: a@golub.test\r\nSubject: any\r\n\r\n" + re.sub(rb"(?m)^\.", b"..", octets) + b"\r\n"
    assert unstuffed(mail.partition(b"\r\n\r\n")[2]) == octets + b"\r\n"
    assert is_valid(arrived(signed(mail, [signer])))


@given(st.text(alphabet=" \t.a\n", max_size=60))
def test_the_relaxed_body_is_what_the_rfc_says_line_by_line(body: str) -> None:
    lines = [re.sub(r"[ \t]+", " ", line).rstrip(" ") for line in body.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    expected = "".join(f"{line}\r\n" for line in lines)
    assert relaxed_body(body.replace("\n", "\r\n").encode()) == expected.encode()


def test_the_example_of_the_rfc() -> None:
    assert relaxed_body(b" C \r\nD \t E\r\n\r\n\r\n") == b" C\r\nD E\r\n"  # RFC 6376, section 3.4.5


@BOTH
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Subject: ", b"Subject: Re: "),
        (b"news@example.com", b"boss@example.com"),
        (b"List-Unsubscribe: <https", b"List-Unsubscribe: <http"),
        (b"Reply-To: ", b"Reply-To: x"),
        (b"Content-Type: ", b"Content-Type: x"),
        (
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
            b"Content-Transfer-Encoding: quoted-printable\r\n\r\nx",
        ),
    ],
)
def test_whoever_changes_what_counts_breaks_it(signer: Signer, old: bytes, new: bytes) -> None:
    whole = arrived(signed(MAILS["html"], [signer]))
    start, found, rest = whole.rpartition(old) if b"Encoding" in old else whole.partition(old)
    assert found
    assert not is_valid(start + new + rest)


@BOTH
def test_a_second_sender_cannot_be_added(signer: Signer) -> None:
    whole = arrived(signed(MAILS["html"], [signer]))
    assert is_valid(b"X-Other: y\r\n" + whole)
    assert not is_valid(b"From: boss@example.com\r\n" + whole)


def test_two_keys_give_two_signatures_that_know_nothing_of_each_other() -> None:
    whole = arrived(signed(MAILS["cyrillic"], [RSA, ED25519]))
    assert is_valid(whole, 0)
    assert is_valid(whole, 1)
    assert b"a=rsa-sha256" in whole
    assert b"a=ed25519-sha256" in whole


@BOTH
def test_the_same_mail_has_the_same_signature_in_lines_that_fit(signer: Signer) -> None:
    whole = signed(MAILS["cyrillic"], [signer])
    assert whole == signed(MAILS["cyrillic"], [signer])
    added = whole.removesuffix(MAILS["cyrillic"])
    assert max(map(len, added.split(b"\r\n"))) <= 78
    assert b"h=from:from:to:subject" in added


@pytest.mark.parametrize(
    ("domain", "selector", "key", "said"),
    [
        (DOMAIN, "s", b"nonsense", "PEM"),
        (DOMAIN, "s", pem(ed25519.Ed25519PrivateKey.generate(), b"password"), "password"),
        (DOMAIN, "s", pem(rsa.generate_private_key(65537, 1024)), "1024"),
        (DOMAIN, "s", pem(ec.generate_private_key(ec.SECP256R1())), "Ed25519"),
        ("bad domain", "s", RSA_PEM, "bad domain"),
        (DOMAIN, "s; x=1", RSA_PEM, "x=1"),
    ],
)
def test_what_cannot_sign_is_refused(domain: str, selector: str, key: bytes, said: str) -> None:
    with pytest.raises(KeyRefused, match=said):
        Signer(domain, selector, key)


def test_the_record_for_dns_holds_the_public_key_only() -> None:
    assert RSA.dns_name == "r1._domainkey.golub.example.com"
    assert RSA.dns_text.startswith("v=DKIM1; k=rsa; p=MII")
    assert re.fullmatch(r"v=DKIM1; k=ed25519; p=[A-Za-z0-9+/]{43}=", ED25519.dns_text)
    assert load_pem_private_key(RSA_PEM, None) is not None
