"""Switching the second factor on and off, and proving it."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import any_, func, update

from mailer.account_mail import outbox
from mailer.accounts import known_devices, sessions
from mailer.accounts.second_factors import remove_second_factor
from mailer.auth import backoff, codes, passwords
from mailer.auth.refusals import TooManyTries, WrongCode, WrongPassword
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.journal import add_entry, add_entry_now
from mailer.models.journal_entry import Action
from mailer.models.second_factor import SecondFactor
from mailer.models.user import User


def switch_on(user: User, secret: str, code: str, password: str) -> list[str]:
    """Ask for codes of `secret` from now on; ten recovery codes, shown once.

    Tells by mail, and links that wait in the mail are worthless: they were asked for without a code. Raises
    `WrongPassword` or `WrongCode`.
    """
    _require(user, password)
    step = codes.matching_step(secret, code, utcnow())
    if step is None:
        raise WrongCode(_("This code does not match the one in the app. Wait for the next one and try again."))
    recovery = codes.new_recovery_codes()
    hashes = [codes.recovery_hash(one) for one in recovery]
    db.session.merge(SecondFactor(user_id=user.id, secret=codes.seal(secret), last_step=step, recovery_hashes=hashes))
    sessions.retire_links(user.id)
    letter = outbox.add_for(user, "second-factor-on")
    add_entry(Action.SECOND_FACTOR_ON, f"user {user.id}")
    db.session.commit()
    outbox.wake(letter)
    return recovery


def switch_off(user: User, password: str, code: str, mark: str | None) -> None:
    """Ask for the password only from now on; tells by mail. Raises `WrongPassword`, and what `verify_code` raises."""
    _require(user, password)
    verify_code(user, code, mark)
    remove_second_factor(user)


def renew_recovery_codes(user: User, password: str, code: str, mark: str | None) -> list[str]:
    """Ten new recovery codes, the old ones are worthless; raises `WrongPassword`, and what `verify_code` raises."""
    _require(user, password)
    verify_code(user, code, mark)
    recovery = codes.new_recovery_codes()
    db.session.execute(
        update(SecondFactor)
        .where(SecondFactor.user_id == user.id)
        .values(recovery_hashes=[codes.recovery_hash(one) for one in recovery])
    )
    add_entry(Action.SECOND_FACTOR_ON, f"user {user.id}", renewed="recovery codes")
    db.session.commit()
    return recovery


def verify_code(user: User, code: str, mark: str | None = None) -> None:
    """Spend a one-time or a recovery code; of two that use the same one at once, one fails.

    Wrong ones of a known browser are counted apart, as wrong passwords are. Raises `WrongCode`, and `TooManyTries`
    after many wrong ones.
    """
    key = f"code of {user.id} {known_devices.name_of(user, mark)}"
    if seconds := backoff.seconds_to_wait(key):
        raise TooManyTries(seconds)
    if not (_spend_step(user, code) or _spend_recovery(user, code)):
        db.session.rollback()
        backoff.note_failure(key)
        add_entry_now(Action.SIGN_IN_REFUSED, f"user {user.id}", reason="wrong code")
        raise WrongCode(_("This code is wrong or was used before."))
    db.session.commit()
    backoff.reset_failures(key)


def _require(user: User, password: str) -> None:
    if not passwords.verify(user.password_hash, password):
        raise WrongPassword(_("This is not your current password."))


def _spend_step(user: User, code: str) -> bool:
    found = db.session.get_one(SecondFactor, user.id)
    secret = codes.unseal(found.secret)
    step = codes.matching_step(secret, code, utcnow()) if secret else None
    if step is None:
        return False
    spent = update(SecondFactor).where(SecondFactor.user_id == user.id, SecondFactor.last_step < step)
    return bool(db.session.execute(spent.values(last_step=step)).rowcount)  # type: ignore[attr-defined]


def _spend_recovery(user: User, code: str) -> bool:
    hashed = codes.recovery_hash(code)
    spent = update(SecondFactor).where(SecondFactor.user_id == user.id, any_(SecondFactor.recovery_hashes) == hashed)
    values = {"recovery_hashes": func.array_remove(SecondFactor.recovery_hashes, hashed)}
    return bool(db.session.execute(spent.values(values)).rowcount)  # type: ignore[attr-defined]
