"""What the services of accounts say no with; each is a sentence for the person."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import ngettext

from mailer.auth.weakness import MAX_BYTES, MIN_CHARACTERS, Weakness
from mailer.errors import Refusal


class WrongPassword(Refusal):
    """Nothing more: neither whether the address is known, nor what about the password is wrong."""


class TooManyTries(Refusal):
    """The address must wait for `seconds` after too many wrong passwords."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(
            ngettext(
                "Too many wrong passwords for this address. Try again in one second, or recover the password.",
                "Too many wrong passwords for this address. Try again in %(num)s seconds, or recover the password.",
                seconds,
            )
        )


class WrongCode(Refusal):
    """The one-time or recovery code is wrong, late or used."""


class Unconfirmed(Refusal):
    """The password is right, but the address is not confirmed yet."""


class Blocked(Refusal):
    """The password is right, but the account is blocked."""


class EmailTaken(Refusal):
    """There is an account with this address."""


class TooManyAddresses(Refusal):
    """The account has as many further addresses as it may."""


class BadAddress(Refusal):
    """This is no address that mail can reach."""


class WeakPassword(Refusal):
    """The password is too easy to guess, or cannot be used at all."""

    def __init__(self, weakness: Weakness) -> None:
        super().__init__(explain(weakness))


def explain(weakness: Weakness) -> str:
    """Why a password is refused, and what to do, in the reader's language."""
    words: dict[Weakness, str] = {
        Weakness.TOO_SHORT: _("Too short: use at least %(count)s characters.", count=MIN_CHARACTERS),
        Weakness.TOO_LONG: _("Too long: at most %(count)s bytes.", count=MAX_BYTES),
        Weakness.CONTROL_CHARACTER: _("The password contains a character that cannot be typed."),
        Weakness.MONOTONOUS: _("Too easy to guess: it is a row of keys, a repetition or a short number."),
        Weakness.COMMON: _("Too easy to guess: this is one of the most common passwords."),
        Weakness.PRODUCT_NAME: _("Too easy to guess: it is the name of this service."),
        Weakness.OWN_ADDRESS: _("Too easy to guess: it is your own address."),
    }
    return words[weakness]
