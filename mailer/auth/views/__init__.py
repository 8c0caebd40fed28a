"""The pages of accounts, one file per concern; `bp` holds them all."""

from mailer.auth.views.blueprint import bp

__all__ = ["bp"]
