"""Secrets as the database keeps them: a copy of it alone opens nothing."""

from __future__ import annotations

import base64
import hmac

from cryptography.fernet import Fernet, InvalidToken
from flask import current_app


def seal(label: bytes, secret: str) -> str:
    """Encrypted by SECRET_KEY; what is sealed under one label opens under no other."""
    return _box(label).encrypt(secret.encode()).decode()


def unseal(label: bytes, sealed: str) -> str | None:
    """The secret again; None when SECRET_KEY is another one now."""
    try:
        return _box(label).decrypt(sealed.encode()).decode()
    except InvalidToken:
        return None


def _box(label: bytes) -> Fernet:
    key = hmac.digest(current_app.config["SECRET_KEY"].encode(), label, "sha256")
    return Fernet(base64.urlsafe_b64encode(key))
