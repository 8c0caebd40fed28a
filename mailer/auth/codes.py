"""One-time codes and recovery codes: making, checking, showing."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp
import segno

from mailer import sealing

PERIOD_SECONDS = 30
TOLERANCE = 1  # periods before and after, for a clock that is off
RECOVERY_COUNT = 10
LABEL = b"second factor"
ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like something else


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take it."""
    return pyotp.random_base32()


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The 30-second step whose code this is, of those around `now`; None for a wrong code."""
    digits = "".join(character for character in code if character.isascii() and character.isdigit())
    present = int(now.timestamp()) // PERIOD_SECONDS
    otp = pyotp.TOTP(secret)
    for step in range(present - TOLERANCE, present + TOLERANCE + 1):
        if hmac.compare_digest(otp.generate_otp(step), digits):
            return step
    return None


def app_link(secret: str, email: str) -> str:
    """The address that an authenticator app reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name="Golub")


def qr_code(link: str) -> str:
    """The address as an SVG picture, black on white whatever the theme, without any style in it."""
    return str(segno.make(link, error="m").svg_inline(scale=5, border=3, dark="#000", light="#fff"))


def new_recovery_codes() -> list[str]:
    """Ten codes of 50 bits, `xxxxx-xxxxx`."""
    letters = ["".join(secrets.choice(ALPHABET) for _letter in range(10)) for _code in range(RECOVERY_COUNT)]
    return [f"{code[:5]}-{code[5:]}" for code in letters]


def recovery_hash(code: str) -> str:
    """What is kept of a recovery code; spaces, hyphens and case do not matter."""
    plain = "".join(character for character in code.lower() if character.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def seal(secret: str) -> str:
    """The secret as it is kept: a copy of the database alone opens nothing."""
    return sealing.seal(LABEL, secret)


def unseal(sealed: str) -> str | None:
    """The secret again; None when SECRET_KEY is another one now, and only recovery codes help."""
    return sealing.unseal(LABEL, sealed)
