"""Asking a manager for the word that a mailing may be sent."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy.dialects.postgresql import insert as upsert

from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.models.approval import Approval, ApprovalState
from mailer.models.journal_entry import Action
from mailer.models.mailing import Mailing
from mailer.sending.runs import audience, limits
from mailer.sending.runs.approvals import fingerprint


def ask_approval(mailing: Mailing) -> None:
    """Ask about the mailing as it stands; asking again changes nothing. Refusal where nobody need be asked."""
    count = audience.summary(mailing).will_get
    if not limits.needs_approval(mailing, count, utcnow()):
        raise Refusal(_("This mailing needs no approval."))
    question = upsert(Approval).values(
        owner_id=mailing.owner_id,
        mailing_id=mailing.id,
        fingerprint=fingerprint(mailing),
        recipient_count=count,
        state=ApprovalState.ASKED,
        asked_at=utcnow(),
    )
    asked = question.on_conflict_do_update(  # the same mailing, but to more people than the answer was about
        index_elements=["mailing_id", "fingerprint"],
        set_={
            "recipient_count": question.excluded.recipient_count,
            "state": ApprovalState.ASKED,
            "asked_at": question.excluded.asked_at,
            "decided_at": None,
            "decided_by_id": None,
            "reason": None,
        },
        where=Approval.recipient_count < question.excluded.recipient_count,
    ).returning(Approval.id)
    if db.session.scalar(asked) is not None:
        add_entry(Action.APPROVAL_ASKED, f"mailing {mailing.id}", recipient_count=count)
    db.session.commit()
