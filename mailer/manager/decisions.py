"""What a manager decides about what is somebody else's: switched off or on, a run stopped, approved or rejected.

Each ends in one commit with an entry of the journal and an email to the owner.
"""

from __future__ import annotations

from typing import Any

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
from mailer.models.series import Series
from mailer.models.user import User
from mailer.queue import TICK, enqueue
from mailer.sending.runs import control
from mailer.sending.runs.limits import is_about_present
from mailer.sending.series import control as series_control
from mailer.sending.series.places import hold


@undone_when_refused
def disable(mailing: Mailing, reason: str, by: User) -> None:
    """Let nothing more of `mailing` leave, and tell its owner why; Refusal when it is off already."""
    lock_row(mailing, FOR_CHANGE)
    if mailing.disabled_at is not None:
        raise Refusal(_("This mailing is already switched off."))
    mailing.disabled_at, mailing.disabled_reason, mailing.disabled_by_id = utcnow(), reason, by.id
    control.stop(mailing, StopReason.DISABLED)
    _commit_and_tell(mailing, "mailing-disabled", Action.DISABLED, reason=reason)
    enqueue(TICK)


@undone_when_refused
def enable(mailing: Mailing) -> None:
    """Let `mailing` go on from now; moments that passed meanwhile are not made up for."""
    lock_row(mailing, FOR_CHANGE)
    if mailing.disabled_at is None:
        raise Refusal(_("This mailing is not switched off."))
    mailing.disabled_at = mailing.disabled_reason = mailing.disabled_by_id = None
    control.release(mailing)
    _commit_and_tell(mailing, "mailing-enabled", Action.ENABLED)
    enqueue(TICK)


@undone_when_refused
def stop_run(run: Run, reason: str) -> None:
    """Let nothing more of this one run leave, and tell its owner why; Refusal when nothing of it is going."""
    lock_row(run, FOR_CHANGE)
    if run.closed_at is not None or run.stop_reason is not None:
        raise Refusal(_("This run is already over."))
    run.stop_reason, run.stop_note = StopReason.MANAGER, reason
    _commit_and_tell(run.mailing, "run-stopped", Action.STOPPED, run=run, reason=reason)
    enqueue(TICK)


@undone_when_refused
def disable_series(series: Series, reason: str, by: User) -> None:
    """Let nothing more of a series leave, and tell its owner why; Refusal when it is off already."""
    hold(series)
    if series.disabled_at is not None:
        raise Refusal(_("This series is already switched off."))
    series_control.disable(series, reason, by.id)
    _commit_and_tell(series, "mailing-disabled", Action.DISABLED, reason=reason)
    enqueue(TICK)


@undone_when_refused
def enable_series(series: Series) -> None:
    """Let a series go on from now; Refusal when it is not off."""
    hold(series)
    if series.disabled_at is None:
        raise Refusal(_("This series is not switched off."))
    series_control.enable(series)
    _commit_and_tell(series, "mailing-enabled", Action.ENABLED)
    enqueue(TICK)


@undone_when_refused
def approve(approval: Approval, by: User) -> None:
    """Let the mailing be sent as it was asked for.

    Raises Conflict when it was changed since, and Refusal when somebody decided before.
    """
    _take(approval)
    approval.state, approval.decided_at, approval.decided_by_id = ApprovalState.APPROVED, utcnow(), by.id
    _commit_and_tell(approval.mailing, "mailing-approved", Action.APPROVED, approval=approval)


@undone_when_refused
def reject(approval: Approval, reason: str, by: User) -> None:
    """Say no, and why; raises what `approve` raises."""
    _take(approval)
    approval.state, approval.decided_at, approval.decided_by_id = ApprovalState.REJECTED, utcnow(), by.id
    approval.reason = reason
    _commit_and_tell(approval.mailing, "mailing-rejected", Action.REJECTED, reason=reason, approval=approval)


def _take(approval: Approval) -> None:
    lock_row(approval, FOR_CHANGE)
    if approval.state is not ApprovalState.ASKED:
        raise Refusal(_("This has already been decided."))
    if not is_about_present(approval):
        raise Conflict(_("The owner has changed the mailing since asking for approval. They must ask again."))


def _commit_and_tell(
    about: Mailing | Series,
    template: str,
    action: Action,
    *,
    reason: str = "",
    run: Run | None = None,
    approval: Approval | None = None,
) -> None:
    """Note the action on `about`, or on one run of it, commit, and mail its owner."""
    if isinstance(about, Series):
        kind, link = "series", absolute_url("series.show", series_id=about.id)
    elif run is not None:
        kind, link = "mailing", absolute_url("mailings.run", mailing_id=about.id, run_id=run.id)
    else:
        kind, link = "mailing", absolute_url("mailings.show", mailing_id=about.id)
    letter = outbox.add_for(about.owner, template, name=about.name, link=link, reason=reason)
    noted: dict[str, Any] = {"reason": reason} if reason else {}
    noted |= {"run": run.id} if run else {}
    noted |= {"fingerprint": approval.fingerprint} if approval else {}
    add_entry(action, f"{kind} {about.id}", **noted)
    db.session.commit()
    outbox.wake(letter)
