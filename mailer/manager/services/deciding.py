"""Saying yes or no to a mailing before it is sent."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.accounts import letters
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.journal import note
from mailer.locks import FOR_CHANGE
from mailer.manager.refusals import NotWhatWasSeen
from mailer.models.approval import Approval, ApprovalState
from mailer.models.journal_entry import Action
from mailer.models.user import User
from mailer.sending.permits import is_about_present
from mailer.web import absolute_url


def approve(approval: Approval, by: User) -> None:
    """Let the mailing be sent as it was asked for.

    Raises `NotWhatWasSeen` when it was changed since, and Refusal when somebody decided before.
    """
    _take(approval)
    approval.state, approval.decided_at, approval.decided_by_id = ApprovalState.APPROVED, utcnow(), by.id
    _tell(approval, "mailing-approved", Action.APPROVED)


def reject(approval: Approval, reason: str, by: User) -> None:
    """Say no, and why; raises what `approve` raises."""
    _take(approval)
    approval.state, approval.decided_at, approval.decided_by_id = ApprovalState.REJECTED, utcnow(), by.id
    approval.reason = reason
    _tell(approval, "mailing-rejected", Action.REJECTED, reason=reason)


def _take(approval: Approval) -> None:
    db.session.refresh(approval, with_for_update=FOR_CHANGE)
    if approval.state is not ApprovalState.ASKED:
        raise Refusal(_("Somebody has decided this already."))
    if not is_about_present(approval):
        raise NotWhatWasSeen(_("The owner has changed the mailing since they asked. They must ask again."))


def _tell(approval: Approval, template: str, action: Action, reason: str = "") -> None:
    mailing = approval.mailing
    link = absolute_url("mailings.show", mailing_id=mailing.id)
    letter = letters.write(mailing.owner, template, name=mailing.name, link=link, reason=reason)
    note(action, f"mailing {mailing.id}", fingerprint=approval.fingerprint, reason=reason)
    db.session.commit()
    letters.send(letter)
