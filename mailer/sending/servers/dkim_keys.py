"""Keys for DKIM: those the settings name, and making a new one."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask, current_app

from launcher.language import in_language
from mailer.composing.dkim import LEAST_RSA_BITS, KeyRefused, Signer
from mailer.composing.headers import ascii_address
from setting_values import ConfigError

KINDS = ("ed25519", "rsa")
_TXT = 255  # octets that one string of a TXT record holds


def init_app(app: Flask) -> None:
    """Read the keys once, so that a mistake is seen at the start; raises ConfigError."""
    read_signers(app.config)


def configured() -> tuple[Signer, ...]:
    """Whoever signs each mailing, from the settings; nobody by default."""
    return read_signers(current_app.config)


def read_signers(config: Mapping[str, Any]) -> tuple[Signer, ...]:
    """`DKIM_KEYS` as signers: `selector:/path/key.pem`, several with commas between. Raises ConfigError."""
    pairs = [pair.strip() for pair in str(config["DKIM_KEYS"] or "").split(",") if pair.strip()]
    return tuple(_signer(domain_of(config), pair) for pair in pairs)


def domain_of(config: Mapping[str, Any]) -> str:
    """The domain that signs: `DKIM_DOMAIN`, else that of `MAILINGS_FROM`."""
    address = f"x@{config['DKIM_DOMAIN']}" if config["DKIM_DOMAIN"] else config["MAILINGS_FROM"]
    try:
        return ascii_address(address).rpartition("@")[2]
    except ValueError:
        domain = address.rpartition("@")[2]
        raise ConfigError(
            in_language(f"DKIM_DOMAIN — не домен: {domain!r}.", f"DKIM_DOMAIN is not a domain: {domain!r}.")
        ) from None


def _signer(domain: str, pair: str) -> Signer:
    selector, colon, path = pair.partition(":")
    if not colon:
        raise ConfigError(
            in_language(
                f"DKIM_KEYS: {pair!r} — не вида селектор:/путь/к/ключу.pem.",
                f"DKIM_KEYS: {pair!r} is not selector:/path/to/key.pem.",
            )
        )
    try:
        return Signer(domain, selector, Path(path).read_bytes())
    except OSError as error:
        raise ConfigError(
            in_language(
                f"DKIM_KEYS: не читается {path}: {error.strerror}.",
                f"DKIM_KEYS: {path} cannot be read: {error.strerror}.",
            )
        ) from None
    except KeyRefused as error:
        raise ConfigError(f"DKIM_KEYS: {selector}: {error}.") from None


def new_key(kind: str) -> bytes:
    """A new private key of one of `KINDS`, in PEM; RSA takes some tenths of a second."""
    key = Ed25519PrivateKey.generate() if kind == "ed25519" else generate_private_key(65537, LEAST_RSA_BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def make_key(kind: str, domain: str, selector: str, path: Path) -> Signer:
    """Write a new private key that only this account may read; FileExistsError rather than replace one."""
    pem = new_key(kind)
    signer = Signer(domain, selector, pem)  # refuses a bad selector before anything is written
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return signer


def zone_line(signer: Signer) -> str:
    """The TXT record as a zone file holds it."""
    text = signer.dns_text
    strings = " ".join(f'"{text[at : at + _TXT]}"' for at in range(0, len(text), _TXT))
    return f"{signer.dns_name}. IN TXT ( {strings} )"
