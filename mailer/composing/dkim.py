"""DKIM signatures (RFC 6376; Ed25519: RFC 8463), relaxed/relaxed. No time stamp: the same mail, the same signature.

The same mail signs alike, which is why `t=` and `x=` are left out; both key types sign without randomness.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from functools import lru_cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

SIGNED = (
    b"from", b"to", b"subject", b"date", b"message-id", b"reply-to", b"list-unsubscribe", b"list-unsubscribe-post",
    b"list-id", b"feedback-id", b"x-postmaster-msgtype", b"mime-version", b"content-type",
)  # fmt: skip
LEAST_RSA_BITS = 2048
_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SPACES = re.compile(rb"  +")
_FOLD = 72  # characters of base64 a line
_NAMES = 5  # of headers a line


class KeyRefused(ValueError):
    """A key, selector or domain that mails cannot be signed with; the text never holds any of the key."""


class Signer:
    """Signs for one domain with one private key; `algorithm` follows from the key: rsa-sha256 or ed25519-sha256."""

    def __init__(self, domain: str, selector: str, pem: bytes) -> None:
        for name in (domain, selector):
            if not _NAME.fullmatch(name):
                raise KeyRefused(f"{name!r} is not a name in DNS")
        self.domain, self.selector = domain, selector
        self._key = _key(pem)
        kind = b"rsa" if isinstance(self._key, RSAPrivateKey) else b"ed25519"
        self.algorithm = kind.decode() + "-sha256"
        place = b"d=%b; s=%b;" % (domain.encode("ascii"), selector.encode("ascii"))
        self._fixed = b"v=1; a=%b-sha256; c=relaxed/relaxed;\r\n %b" % (kind, place)

    def line(self, headers: Headers, body_hash: bytes) -> bytes:
        """The `DKIM-Signature` header, folded, with CRLF."""
        start = b"%b\r\n h=%b;\r\n bh=%b;\r\n b=" % (self._fixed, headers.names, body_hash)
        own = b"dkim-signature:" + start.replace(b"\r\n", b"")  # relaxed, without its line's end (section 3.7)
        signature = base64.b64encode(self._sign(headers.canonical + own))
        folded = b"\r\n  ".join(signature[at : at + _FOLD] for at in range(0, len(signature), _FOLD))
        return b"DKIM-Signature: %b%b\r\n" % (start, folded)

    @property
    def dns_name(self) -> str:
        """Where receivers look for the public key."""
        return f"{self.selector}._domainkey.{self.domain}"

    @property
    def dns_text(self) -> str:
        """What a TXT record must say there (section 3.6.1; for Ed25519 the bare 32 octets)."""
        public = self._key.public_key()
        if isinstance(self._key, RSAPrivateKey):
            octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        kind = self.algorithm.partition("-")[0]
        return f"v=DKIM1; k={kind}; p={base64.b64encode(octets).decode('ascii')}"

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(data, PKCS1v15(), hashes.SHA256())
        return self._key.sign(hashlib.sha256(data).digest())


class Headers:
    """The headers to be signed, in relaxed form. `names` is for `h=`.

    From is named once more than it is there, so that nobody can add a second one (section 8.15).
    """

    __slots__ = ("canonical", "names")

    def __init__(self, head: bytes) -> None:
        found = {}
        for line in relaxed_line(head.replace(b"\r\n ", b" ").replace(b"\r\n\t", b" ")).split(b"\r\n"):
            name, _colon, value = line.partition(b":")
            found[name.rstrip(b" ").lower()] = value  # of several the last is signed (section 5.4.2)
        present = tuple([name for name in SIGNED if name in found])
        self.names = _listed(present)
        self.canonical = b"".join([b"%b:%b\r\n" % (name, found[name].strip(b" ")) for name in present])


@lru_cache(maxsize=16)
def _listed(present: tuple[bytes, ...]) -> bytes:
    """The names for `h=`, folded."""
    names = (b"from", *present)
    return b":\r\n ".join(b":".join(names[at : at + _NAMES]) for at in range(0, len(names), _NAMES))


def signed(content: bytes, signers: Iterable[Signer]) -> bytes:
    """The mail for SMTP's DATA with one signature from each signer in front.

    `content` comes as `CompiledEmail.build` gives it: CRLF, dots doubled. What is signed is what the receiver will
    have before it, with the dots undone.
    """
    head, _blank, body = content.partition(b"\r\n\r\n")
    headers = Headers(head)
    body_hash = base64.b64encode(hashlib.sha256(relaxed_body(unstuffed(body))).digest())
    return b"".join((*(signer.line(headers, body_hash) for signer in signers), content))


def unstuffed(body: bytes) -> bytes:
    """The body without the dots that SMTP's DATA needs (RFC 5321, section 4.5.2)."""
    if body.startswith(b"."):
        body = body[1:]
    return body.replace(b"\r\n.", b"\r\n")


def relaxed_line(text: bytes) -> bytes:
    """Every run of spaces and tabs as one space."""
    text = text.replace(b"\t", b" ")
    return _SPACES.sub(b" ", text) if b"  " in text else text


def relaxed_body(body: bytes) -> bytes:
    """The body as section 3.4.4 wants it; its line ends are CRLF, and no CR or LF stands alone."""
    body = relaxed_line(body).replace(b" \r\n", b"\r\n")
    body = body.removesuffix(b" ").rstrip(b"\r\n")
    return body + b"\r\n" if body else b""


def _key(pem: bytes) -> RSAPrivateKey | Ed25519PrivateKey:
    try:
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):  # TypeError: it wants a password
        raise KeyRefused("this is not a private key in PEM without a password") from None
    if isinstance(key, Ed25519PrivateKey):
        return key
    if not isinstance(key, RSAPrivateKey):
        raise KeyRefused("only RSA and Ed25519 keys sign mails")
    if key.key_size < LEAST_RSA_BITS:
        raise KeyRefused(f"an RSA key of {key.key_size} bits is too short: {LEAST_RSA_BITS} at least (RFC 8301)")
    return key
