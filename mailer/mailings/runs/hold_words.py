"""Why people of a run wait for their provider's pace."""

from __future__ import annotations

from datetime import datetime

from flask_babel import format_datetime, format_decimal
from flask_babel import gettext as _

from mailer.clock import utcnow
from mailer.http import provider_label
from mailer.models.recipient_pace import RecipientPace
from mailer.sending.pacing import pace_now


def hold_words(name: str, until: datetime, pace: RecipientPace | None) -> str:
    """The reason, and about when the last of them goes."""
    said = {"domain": provider_label(name), "time": format_datetime(until, "d MMM, HH:mm")}
    now = utcnow()
    if pace is not None and pace.rests_until is not None and pace.rests_until > now:
        return _("%(domain)s says that it gets too much and rests; those who wait go by about %(time)s.", **said)
    count = pace_now(pace.per_minute, pace.learned_per_minute, pace.heard_at, now) if pace is not None else None
    if count is None:
        return _("%(domain)s gets emails slowly; those who wait go by about %(time)s.", **said)
    said["number"] = format_decimal(round(count, 1))
    if pace is not None and pace.per_minute is not None and count >= pace.per_minute:
        return _("%(domain)s: at most %(number)s a minute, by a rule; those who wait go by about %(time)s.", **said)
    return _(
        "%(domain)s said that it gets too much: %(number)s a minute now; those who wait go by about %(time)s.",
        **said,
    )
