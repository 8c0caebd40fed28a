"""An authority of the test's own, and certificates of a server on 127.0.0.1."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


class Authority:
    """Signs certificates; `file` is what a client trusts as `ca_file`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of a test")])
        ca = x509.BasicConstraints(ca=True, path_length=0)
        self._certificate = (
            self._draft(self._name, self._key, 1).add_extension(ca, critical=True).sign(self._key, hashes.SHA256())
        )
        self.file = folder / "authority.pem"
        self.file.write_bytes(self._certificate.public_bytes(Encoding.PEM))

    def server(self, *, host: str = "127.0.0.1", days: int = 1, is_self_signed: bool = False) -> ssl.SSLContext:
        """The server's side of a certificate that ends in so many days (a negative number: that has ended)."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        issuer, signer = (name, key) if is_self_signed else (self._name, self._key)
        places = x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))])
        certificate = (
            self._draft(name, key, days, issuer).add_extension(places, critical=False).sign(signer, hashes.SHA256())
        )
        file = self._folder / f"server-{certificate.serial_number}.pem"
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write_bytes(certificate.public_bytes(Encoding.PEM) + secret)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context

    def _draft(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, days: int, issuer: x509.Name | None = None
    ) -> x509.CertificateBuilder:
        ends = datetime.now(UTC) + timedelta(days=days)
        draft = x509.CertificateBuilder().subject_name(name).issuer_name(issuer or self._name)
        draft = draft.public_key(key.public_key()).serial_number(x509.random_serial_number())
        return draft.not_valid_before(ends - timedelta(days=2)).not_valid_after(ends)
