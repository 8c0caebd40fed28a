"""Why people of a run wait for their provider's pace, or for the next day of a warm-up."""

from __future__ import annotations

from flask_babel import format_datetime, format_decimal
from flask_babel import gettext as _

from mailer.clock import utcnow
from mailer.http import provider_label
from mailer.readable import readable_domain
from mailer.sending.pacing import Hold, pace_now


def hold_words(name: str, hold: Hold) -> str:
    """The reason, and about when the last of them goes."""
    pace = hold.pace
    said = {
        "domain": provider_label(name) if name else _("All other domains"),
        "time": format_datetime(hold.until, "d MMM, HH:mm"),
    }
    if hold.warm_up is not None:
        return _(
            "%(domain)s: today’s ceiling is reached, because %(sender)s is being warmed up; the remaining emails "
            "go out from %(time)s, as many as the next day allows.",
            **said,
            sender=readable_domain(hold.warm_up.domain),
        )
    now = utcnow()
    if pace is not None and pace.rests_until is not None and pace.rests_until > now:
        return _(
            "%(domain)s replies that it gets too many emails, so sending to it is paused; the remaining "
            "emails go out by about %(time)s.",
            **said,
        )
    count = pace_now(pace.per_minute, pace.learned_per_minute, pace.heard_at, now) if pace is not None else None
    if count is None:
        return _("%(domain)s gets emails slowly; the remaining ones go out by about %(time)s.", **said)
    said["number"] = format_decimal(round(count, 1))
    if pace is not None and pace.per_minute is not None and count >= pace.per_minute:
        return _(
            "%(domain)s: at most %(number)s a minute, by a rule; the remaining emails go out by about %(time)s.", **said
        )
    return _(
        "%(domain)s replies that it gets too many emails: %(number)s a minute now; the remaining ones go out by "
        "about %(time)s.",
        **said,
    )
