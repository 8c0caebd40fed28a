"""What a manager decides about somebody's series: off or on. Its owner is told, as of a mailing."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.account_mail import outbox
from mailer.errors import Refusal, undone_when_refused
from mailer.extensions import db
from mailer.http import absolute_url
from mailer.journal import add_entry
from mailer.models.journal_entry import Action
from mailer.models.series import Series
from mailer.models.user import User
from mailer.queue import TICK, enqueue
from mailer.sending.series import control
from mailer.sending.series.places import hold


@undone_when_refused
def disable(series: Series, reason: str, by: User) -> None:
    """Let nothing more of a series leave, and tell its owner why; Refusal when it is off already."""
    hold(series)
    if series.disabled_at is not None:
        raise Refusal(_("This series is already switched off."))
    control.disable(series, reason, by.id)
    link = absolute_url("series.show", series_id=series.id)
    letter = outbox.add_for(series.owner, "mailing-disabled", name=series.name, reason=reason, link=link)
    add_entry(Action.DISABLED, f"series {series.id}", reason=reason)
    db.session.commit()
    outbox.wake(letter)
    enqueue(TICK)


@undone_when_refused
def enable(series: Series) -> None:
    """Let a series go on from now."""
    hold(series)
    if series.disabled_at is None:
        raise Refusal(_("This series is not switched off."))
    control.enable(series)
    link = absolute_url("series.show", series_id=series.id)
    letter = outbox.add_for(series.owner, "mailing-enabled", name=series.name, link=link)
    add_entry(Action.ENABLED, f"series {series.id}")
    db.session.commit()
    outbox.wake(letter)
    enqueue(TICK)
