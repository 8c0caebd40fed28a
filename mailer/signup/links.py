"""What the links and buttons of strangers carry: signed, for one purpose each."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

from flask import current_app
from itsdangerous import BadData, URLSafeSerializer, URLSafeTimedSerializer

AGAIN_FOR = timedelta(hours=2)
_OPTIONS = {"digest_method": hashlib.sha256, "key_derivation": "hmac"}


class BadLink(Exception):
    """The link was not made here, or is too old."""


def made_of(token: uuid.UUID) -> str:
    """What the link of a mail carries; who reads the database alone cannot make it."""
    return str(_links().dumps(token.hex))


def token_in(link: str) -> uuid.UUID:
    """The other way; raises `BadLink`."""
    try:
        return uuid.UUID(hex=_links().loads(link))
    except (BadData, ValueError, TypeError, AttributeError) as error:
        raise BadLink from error


def ticket_for(form_token: uuid.UUID, email_key: str) -> str:
    """Lets somebody who has just filled in a form ask for the mail once more, whatever became of the first."""
    return str(_tickets().dumps([form_token.hex, email_key]))


def address_in(ticket: str, form_token: uuid.UUID) -> str:
    """The address of such a ticket; raises `BadLink`."""
    try:
        of_form, email_key = _tickets().loads(ticket, max_age=int(AGAIN_FOR.total_seconds()))
    except (BadData, ValueError, TypeError) as error:
        raise BadLink from error
    if of_form != form_token.hex:
        raise BadLink
    return str(email_key)


def _links() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="sign-up link", signer_kwargs=_OPTIONS)


def _tickets() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="sign-up again", signer_kwargs=_OPTIONS)
