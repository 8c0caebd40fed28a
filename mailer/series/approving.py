"""A manager's word about the steps of a series: each is a mailing, and is asked about as one."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import db
from mailer.journal import add_entry
from mailer.models.approval import Approval
from mailer.models.journal_entry import Action
from mailer.models.series import Held, Series, SeriesStep
from mailer.sending.runs import audience, limits
from mailer.sending.runs.asking import ask

# What an approval of a step holds for: so many people at once, since nobody knows who will come.
PEOPLE_AT_ONCE = 1000


def permits_of(series: Series, now: datetime) -> dict[int, Approval | None]:
    """The question about each step that needs one, by the step's id; None where nobody has asked yet."""
    found = {}
    for step in series.steps:
        if _needs(step, now):
            found[step.id] = limits.approval_of(step.mailing, PEOPLE_AT_ONCE)
    return found


def ask_approval(series: Series) -> None:
    """Ask about every step as it stands; Refusal where nobody need be asked."""
    now = utcnow()
    steps = [step for step in series.steps if _needs(step, now)]
    if not steps:
        raise Refusal(_("This series needs no approval."))
    for step in steps:
        count = max(PEOPLE_AT_ONCE, audience.summary(step.mailing).will_get)
        if ask(step.mailing, count):
            add_entry(Action.APPROVAL_ASKED, f"mailing {step.mailing_id}", recipient_count=count)
    db.session.commit()


def _needs(step: SeriesStep, now: datetime) -> bool:
    return step.held_reason is Held.UNAPPROVED or limits.needs_approval(step.mailing, 1, now)
