"""Whether an account has a second factor, and taking it away from somebody who lost it."""

from __future__ import annotations

from mailer.account_mail import outbox
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.models.journal_entry import Action
from mailer.models.second_factor import SecondFactor
from mailer.models.user import User


def has_second_factor(user: User) -> bool:
    """Whether a code is asked for at log-in."""
    return db.session.get(SecondFactor, user.id) is not None


def remove_second_factor(user: User) -> None:
    """Ask for the password only from now on, and tell the person by mail. Commits."""
    found = db.session.get(SecondFactor, user.id)
    if found is None:
        return
    db.session.delete(found)
    letter = outbox.add_for(user, "second-factor-off")
    add_entry(Action.SECOND_FACTOR_OFF, f"user {user.id}")
    db.session.commit()
    outbox.wake(letter)
