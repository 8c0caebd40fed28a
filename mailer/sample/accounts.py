"""Who can sign in to try things out."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import func, select

from mailer.auth.passwords import hash_password
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.user import Role, User

FILE = "accounts.json"
PEOPLE = (
    ("anna@golub.localhost", "Анна Голубева", Role.USER),
    ("manager@golub.localhost", "Михаил Орлов", Role.MANAGER),
    ("editor@golub.localhost", "Елена Синицына", Role.EDITOR),
    ("admin@golub.localhost", "Администратор", Role.ADMIN),
)


@dataclass(frozen=True, slots=True)
class Account:
    """What somebody needs to sign in."""

    email: str
    password: str
    role: str


def ensure_accounts(var_dir: Path) -> list[Account]:
    """One account of each role, made where missing; the passwords stay as `accounts.json` has them.

    A password that is in nobody's hands any more (the file is gone) is replaced. No commit.
    """
    known = {account.email: account for account in _read(var_dir)}
    accounts = []
    for email, name, role in PEOPLE:
        user = find_user(email)
        account = known.get(email) if user else None
        if account is None:
            account = Account(email, secrets.token_urlsafe(9), role.value)
            user = user or User(email=email, name=name, role=role, confirmed_at=utcnow(), is_sample=True)
            user.password_hash = hash_password(account.password)
            db.session.add(user)
        accounts.append(account)
    return accounts


def find_user(email: str) -> User | None:
    """The user with that address."""
    return db.session.scalar(select(User).where(func.lower(User.email) == email))


def _read(var_dir: Path) -> list[Account]:
    try:
        return [Account(**entry) for entry in json.loads((var_dir / FILE).read_text("utf-8"))]
    except (OSError, ValueError, TypeError):
        return []


def write_accounts(var_dir: Path, accounts: list[Account]) -> None:
    """Readable by its owner only, and never half written."""
    var_dir.mkdir(parents=True, exist_ok=True)
    fresh = var_dir / f"{FILE}.new"
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump([asdict(account) for account in accounts], file, ensure_ascii=False, indent=2)
    fresh.replace(var_dir / FILE)
