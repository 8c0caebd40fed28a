"""Mailings only to people who confirmed by a link that they want them: the owner's wish, or the installation's."""

from __future__ import annotations

from flask import current_app
from sqlalchemy import ColumnElement, exists, not_

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.sign_up import SignUp
from mailer.models.user import User

HAS_CONFIRMED = exists().where(SignUp.client_id == Client.id, SignUp.confirmed_at.is_not(None)).correlate(Client)


def is_required_here() -> bool:
    """Whether the installation demands it of everybody."""
    return bool(current_app.config["ONLY_CONFIRMED"])


def is_required(owner_id: int) -> bool:
    """Whether this owner's mailings leave out whoever has not confirmed."""
    return is_required_here() or db.session.get_one(User, owner_id).only_confirmed


def may_be_written_to(owner_id: int) -> list[ColumnElement[bool]]:
    """The condition on `Client` that it makes; none where it is not required."""
    return [HAS_CONFIRMED] if is_required(owner_id) else []


def is_unconfirmed() -> ColumnElement[bool]:
    """Whether the client has never followed such a link."""
    return not_(HAS_CONFIRMED)
