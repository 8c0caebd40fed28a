"""The pages of accounts, one file per concern; `bp` holds them all."""

from mailer.auth.views import (
    addresses,
    avatar,
    confirmation,
    email,
    invitations,
    leaving,
    login,
    password,
    profile,
    recovery,
    registration,
    second_factor,
    sessions,
)
from mailer.auth.views.blueprint import bp

__all__ = [
    "addresses",
    "avatar",
    "bp",
    "confirmation",
    "email",
    "invitations",
    "leaving",
    "login",
    "password",
    "profile",
    "recovery",
    "registration",
    "second_factor",
    "sessions",
]
