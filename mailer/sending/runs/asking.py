"""The question whether a mailing may be sent, put to the managers."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert as upsert

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.approval import Approval, ApprovalState
from mailer.models.mailing import Mailing
from mailer.sending.runs.approvals import fingerprint


def ask(mailing: Mailing, count: int) -> bool:
    """Ask about the mailing as it stands, to so many people; whether that is a new question. No commit."""
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
    return db.session.scalar(asked) is not None
