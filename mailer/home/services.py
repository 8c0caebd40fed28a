"""What the home pages change."""

from __future__ import annotations

from mailer.extensions import db
from mailer.models.user import User


def remember_language(user: User, language: str) -> None:
    """Keep the person's choice of language with the account."""
    user.language = language
    db.session.commit()
