"""What a manager decides about somebody's mailing: off or on, a run stopped, approved or rejected."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.account_mail import outbox
from mailer.clock import utcnow
from mailer.errors import Conflict, Refusal, undone_when_refused
from mailer.extensions import db
from mailer.http import absolute_url
from mailer.journal import add_entry
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.approval import Approval, ApprovalState
from mailer.models.journal_entry import Action
from mailer.models.mailing import Mailing
from mailer.models.run import Run, StopReason
from mailer.models.user import User
from mailer.queue import TICK, enqueue
from mailer.sending.runs import control
from mailer.sending.runs.limits import is_about_present


@undone_when_refused
def disable(mailing: Mailing, reason: str, by: User) -> None:
    """Let nothing more of `mailing` leave, and tell its owner why; Refusal when it is off already."""
    lock_row(mailing, FOR_CHANGE)
    if mailing.disabled_at is not None:
        raise Refusal(_("This mailing is already switched off."))
    mailing.disabled_at, mailing.disabled_reason, mailing.disabled_by_id = utcnow(), reason, by.id
    control.stop(mailing, StopReason.DISABLED)
    link = absolute_url("mailings.show", mailing_id=mailing.id)
    letter = outbox.add_for(mailing.owner, "mailing-disabled", name=mailing.name, reason=reason, link=link)
    add_entry(Action.DISABLED, f"mailing {mailing.id}", reason=reason)
    db.session.commit()
    outbox.wake(letter)
    enqueue(TICK)


@undone_when_refused
def stop_run(run: Run, reason: str) -> None:
    """Let nothing more of this one run leave, and tell its owner why; Refusal when nothing of it is going."""
    mailing = run.mailing
    lock_row(run, FOR_CHANGE)
    if run.closed_at is not None or run.stop_reason is not None:
        raise Refusal(_("This run is already over."))
    run.stop_reason, run.stop_note = StopReason.MANAGER, reason
    link = absolute_url("mailings.run", mailing_id=mailing.id, run_id=run.id)
    letter = outbox.add_for(mailing.owner, "run-stopped", name=mailing.name, reason=reason, link=link)
    add_entry(Action.STOPPED, f"mailing {mailing.id}", run=run.id, reason=reason)
    db.session.commit()
    outbox.wake(letter)
    enqueue(TICK)


@undone_when_refused
def enable(mailing: Mailing) -> None:
    """Let `mailing` go on from now; moments that passed meanwhile are not made up for."""
    lock_row(mailing, FOR_CHANGE)
    if mailing.disabled_at is None:
        raise Refusal(_("This mailing is not switched off."))
    mailing.disabled_at = mailing.disabled_reason = mailing.disabled_by_id = None
    control.release(mailing)
    link = absolute_url("mailings.show", mailing_id=mailing.id)
    letter = outbox.add_for(mailing.owner, "mailing-enabled", name=mailing.name, link=link)
    add_entry(Action.ENABLED, f"mailing {mailing.id}")
    db.session.commit()
    outbox.wake(letter)
    enqueue(TICK)


@undone_when_refused
def approve(approval: Approval, by: User) -> None:
    """Let the mailing be sent as it was asked for.

    Raises Conflict when it was changed since, and Refusal when somebody decided before.
    """
    _take(approval)
    approval.state, approval.decided_at, approval.decided_by_id = ApprovalState.APPROVED, utcnow(), by.id
    _tell(approval, "mailing-approved", Action.APPROVED)


@undone_when_refused
def reject(approval: Approval, reason: str, by: User) -> None:
    """Say no, and why; raises what `approve` raises."""
    _take(approval)
    approval.state, approval.decided_at, approval.decided_by_id = ApprovalState.REJECTED, utcnow(), by.id
    approval.reason = reason
    _tell(approval, "mailing-rejected", Action.REJECTED, reason=reason)


def _take(approval: Approval) -> None:
    lock_row(approval, FOR_CHANGE)
    if approval.state is not ApprovalState.ASKED:
        raise Refusal(_("This has already been decided."))
    if not is_about_present(approval):
        raise Conflict(_("The owner has changed the mailing since asking for approval. They must ask again."))


def _tell(approval: Approval, template: str, action: Action, reason: str = "") -> None:
    mailing = approval.mailing
    link = absolute_url("mailings.show", mailing_id=mailing.id)
    letter = outbox.add_for(mailing.owner, template, name=mailing.name, link=link, reason=reason)
    add_entry(action, f"mailing {mailing.id}", fingerprint=approval.fingerprint, reason=reason)
    db.session.commit()
    outbox.wake(letter)
