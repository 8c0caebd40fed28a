"""What a warm-up of the sender's domain means for a mailing that is about to begin: sentences for the page that asks
once more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import format_date, format_decimal
from flask_babel import gettext as _
from sqlalchemy import Select

from mailer.http import provider_label
from mailer.models.user import User
from mailer.readable import readable_domain
from mailer.sending import own_domains, warm_up_standing


def warm_up_text(owner: User, people: Select[Any], ends_at: datetime | None) -> list[str]:
    """A word for each provider that gets fewer emails today than `people` has of it, and one when the end is too soon
    for them."""
    used = own_domains.used_by(owner.id)
    domain = own_domains.from_domain({"from_email": used.address} if used is not None else {})
    shortfalls = warm_up_standing.shortfalls(domain, people)
    lines = [
        _(
            "%(provider)s: %(sender)s is being warmed up, and %(today)s of %(count)s emails can go today; the "
            "last of them go %(when)s.",
            provider=provider_label(each.name) if each.name else _("All other domains"),
            sender=readable_domain(domain),
            today=format_decimal(each.today_count),
            count=format_decimal(each.count),
            when=_when(each),
        )
        for each in shortfalls
    ]
    lines += [
        _(
            "%(provider)s: %(count)s emails of other mailings wait already; they are counted, as if they went first.",
            provider=provider_label(each.name) if each.name else _("All other domains"),
            count=format_decimal(each.ahead_count),
        )
        for each in shortfalls
        if each.ahead_count
    ]
    if any(each.is_held for each in shortfalls):
        lines.append(_("Growth is paused: today’s ceilings apply to the coming days too."))
    if ends_at is not None and any(each.last_on is None or each.last_on >= ends_at.date() for each in shortfalls):
        lines.append(_("The mailing ends before that: people not reached by then will not get it."))
    return lines


def _when(shortfall: warm_up_standing.Shortfall) -> str:
    if shortfall.last_on is None:
        return _("in more than a year")
    day = format_date(shortfall.last_on, "d MMMM")
    return _("about %(day)s", day=day) if shortfall.is_held else _("about %(day)s, if each day goes well", day=day)
