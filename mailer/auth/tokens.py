"""Single-use links: signed for one purpose, kept only as a hash, spent by one conditional UPDATE."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer
from sqlalchemy import delete, select, update

from mailer.extensions import db
from mailer.models.account_token import AccountToken, TokenPurpose
from mailer.models.user import User

TERMS = {
    TokenPurpose.CONFIRM_EMAIL: timedelta(hours=24),
    TokenPurpose.RESET_PASSWORD: timedelta(minutes=30),
    TokenPurpose.CHANGE_EMAIL: timedelta(hours=24),
    TokenPurpose.CONFIRM_OWN_ADDRESS: timedelta(hours=24),
}
# A late first mail may still confirm an address; of the links that change an account only the newest works.
NEWEST_ONLY = {TokenPurpose.RESET_PASSWORD, TokenPurpose.CHANGE_EMAIL}
FOR_NEW_ADDRESSES = {TokenPurpose.CHANGE_EMAIL, TokenPurpose.CONFIRM_OWN_ADDRESS}
KEPT_FOR = timedelta(days=7)


class BadToken(Exception):
    """The link is wrong, used, expired or overtaken: the page says no more than that."""


def issue(user: User, purpose: TokenPurpose, email: str, now: datetime) -> str:
    """A secret for a mail to `email`; its row joins the caller's transaction."""
    if purpose in NEWEST_ONLY:
        _overtake(user, purpose, now)
    secret = _serializer(purpose).dumps(secrets.token_urlsafe(24))
    assert isinstance(secret, str)
    db.session.add(
        AccountToken(
            user_id=user.id,
            purpose=purpose,
            token_hash=_hash(secret),
            email=email,
            created_at=now,
            expires_at=now + TERMS[purpose],
        )
    )
    return secret


def is_live(user: User, purpose: TokenPurpose, now: datetime) -> bool:
    """Whether a link of this purpose still waits in the person's mail."""
    live = select(AccountToken.id).where(
        AccountToken.user_id == user.id,
        AccountToken.purpose == purpose,
        AccountToken.used_at.is_(None),
        AccountToken.expires_at > now,
    )
    return db.session.scalar(live.limit(1)) is not None


def find(secret: str, purpose: TokenPurpose, now: datetime) -> AccountToken:
    """The live row behind a link, without spending it; raises `BadToken`."""
    _check_signature(secret, purpose)
    token = db.session.scalar(
        select(AccountToken).where(
            AccountToken.token_hash == _hash(secret),
            AccountToken.purpose == purpose,
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > now,
        )
    )
    if token is None or not _is_still_theirs(token):
        raise BadToken
    return token


def spend(secret: str, purpose: TokenPurpose, now: datetime) -> AccountToken:
    """The row behind a link, used up in the caller's transaction; of several at once one wins, the rest `BadToken`."""
    token = find(secret, purpose, now)
    won = db.session.execute(
        update(AccountToken).where(AccountToken.id == token.id, AccountToken.used_at.is_(None)).values(used_at=now)
    )
    if won.rowcount != 1:  # type: ignore[attr-defined]
        raise BadToken
    return token


def forget_old(now: datetime) -> int:
    """Delete links that ran out a week ago; how many. Commits."""
    count = db.session.execute(delete(AccountToken).where(AccountToken.expires_at < now - KEPT_FOR)).rowcount  # type: ignore[attr-defined]
    db.session.commit()
    return int(count)


def _overtake(user: User, purpose: TokenPurpose, now: datetime) -> None:
    db.session.execute(
        update(AccountToken)
        .where(AccountToken.user_id == user.id, AccountToken.purpose == purpose, AccountToken.used_at.is_(None))
        .values(used_at=now)
    )


def _is_still_theirs(token: AccountToken) -> bool:
    """A link sent to an address that the account has left since then is worthless."""
    return token.purpose in FOR_NEW_ADDRESSES or token.email == token.user.email


def _check_signature(secret: str, purpose: TokenPurpose) -> None:
    try:
        _serializer(purpose).loads(secret)
    except BadData as error:
        raise BadToken from error


def _serializer(purpose: TokenPurpose) -> URLSafeSerializer:
    return URLSafeSerializer(
        current_app.config["SECRET_KEY"],
        salt=f"account-link:{purpose.value}",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
