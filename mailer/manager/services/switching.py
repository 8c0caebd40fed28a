"""Switching somebody's mailing off and on again."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.accounts import letters
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.journal import note
from mailer.locks import FOR_CHANGE
from mailer.models.journal_entry import Action
from mailer.models.mailing import Mailing
from mailer.models.run import Run, StopReason
from mailer.models.user import User
from mailer.queue import TICK, enqueue
from mailer.sending import brakes
from mailer.web import absolute_url


def disable(mailing: Mailing, reason: str, by: User) -> None:
    """Let nothing more of `mailing` leave, and tell its owner why; Refusal when it is off already."""
    db.session.refresh(mailing, with_for_update=FOR_CHANGE)
    if mailing.disabled_at is not None:
        raise Refusal(_("This mailing is switched off already."))
    mailing.disabled_at, mailing.disabled_reason, mailing.disabled_by_id = utcnow(), reason, by.id
    brakes.stop(mailing, StopReason.DISABLED)
    link = absolute_url("mailings.show", mailing_id=mailing.id)
    letter = letters.write(mailing.owner, "mailing-disabled", name=mailing.name, reason=reason, link=link)
    note(Action.DISABLED, f"mailing {mailing.id}", reason=reason)
    db.session.commit()
    letters.send(letter)
    enqueue(TICK)


def stop_run(run: Run, reason: str) -> None:
    """Let nothing more of this one run leave, and tell its owner why; Refusal when nothing of it is going."""
    mailing = run.mailing
    db.session.refresh(run, with_for_update=FOR_CHANGE)
    if run.closed_at is not None or run.stop_reason is not None:
        raise Refusal(_("This run is over already."))
    run.stop_reason, run.stop_note = StopReason.MANAGER, reason
    link = absolute_url("mailings.run", mailing_id=mailing.id, run_id=run.id)
    letter = letters.write(mailing.owner, "run-stopped", name=mailing.name, reason=reason, link=link)
    note(Action.STOPPED, f"mailing {mailing.id}", run=run.id, reason=reason)
    db.session.commit()
    letters.send(letter)
    enqueue(TICK)


def enable(mailing: Mailing) -> None:
    """Let `mailing` go on from now; moments that passed meanwhile are not made up for."""
    db.session.refresh(mailing, with_for_update=FOR_CHANGE)
    if mailing.disabled_at is None:
        raise Refusal(_("This mailing is not switched off."))
    mailing.disabled_at = mailing.disabled_reason = mailing.disabled_by_id = None
    brakes.release(mailing)
    link = absolute_url("mailings.show", mailing_id=mailing.id)
    letter = letters.write(mailing.owner, "mailing-enabled", name=mailing.name, link=link)
    note(Action.ENABLED, f"mailing {mailing.id}")
    db.session.commit()
    letters.send(letter)
    enqueue(TICK)
