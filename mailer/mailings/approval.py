"""Asking a manager for the word that a mailing may be sent."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.models.journal_entry import Action
from mailer.models.mailing import Mailing
from mailer.sending.runs import audience, limits
from mailer.sending.runs.asking import ask


def ask_approval(mailing: Mailing) -> None:
    """Ask about the mailing as it stands; asking again changes nothing. Refusal where nobody need be asked."""
    count = audience.summary(mailing).will_get
    if not limits.needs_approval(mailing, count, utcnow()):
        raise Refusal(_("This mailing does not need approval."))
    if ask(mailing, count):
        add_entry(Action.APPROVAL_ASKED, f"mailing {mailing.id}", recipient_count=count)
    db.session.commit()
