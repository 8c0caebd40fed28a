"""Invitations to open an account: signed links to one address, good for a week. Whoever has one there needs no more to
confirm the address; the account that comes of it is what uses the link up.
"""

from __future__ import annotations

import hashlib

from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadData, URLSafeTimedSerializer

from mailer.account_mail import outbox
from mailer.auth.addresses import normalise
from mailer.auth.queries import find_user
from mailer.auth.refusals import BadAddress, EmailTaken
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.http import absolute_url
from mailer.journal import add_entry
from mailer.models.journal_entry import Action

DAYS = 7


class RegistrationIsOff(Refusal):
    """Nobody may open an account here."""


def link_for(email: str) -> str:
    """The link of an invitation. Raises `RegistrationIsOff`, `BadAddress` or `EmailTaken`."""
    if current_app.config["REGISTRATION"] == "off":
        raise RegistrationIsOff(_("Registration is switched off (REGISTRATION=off)."))
    try:
        address = normalise(email)
    except ValueError as error:
        raise BadAddress(_("%(email)s is not an email address.", email=email)) from error
    user = find_user(address)
    if user is not None and user.is_somebodys:
        raise EmailTaken(_("There is an account with the address %(email)s already.", email=address))
    return absolute_url("auth.register", invitation=_serializer().dumps(address))


def invite(email: str, language: str) -> None:
    """Mail an invitation. Raises as `link_for`. Commits."""
    link = link_for(email)
    row = outbox.add("invitation", normalise(email), language, None, link=link)
    add_entry(Action.CHANGED, "invitation")
    db.session.commit()
    outbox.wake(row)


def invited(secret: str) -> str | None:
    """The address that an invitation is for; None when it is not one, or too old, or nobody may register."""
    if current_app.config["REGISTRATION"] == "off" or not secret:
        return None
    try:
        address = _serializer().loads(secret, max_age=DAYS * 86_400)
    except BadData:
        return None
    return str(address)


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        current_app.config["SECRET_KEY"],
        salt="invitation",
        signer_kwargs={"digest_method": hashlib.sha256, "key_derivation": "hmac"},
    )
