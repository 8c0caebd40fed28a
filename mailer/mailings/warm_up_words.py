"""What a warm-up of the sender's domain means for a mailing that is about to begin: sentences for the page that asks
once more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import format_date, format_decimal
from flask_babel import gettext as _
from sqlalchemy import Select

from mailer.http import provider_label, readable_domain
from mailer.models.user import User
from mailer.sending import own_domains, warm_up_standing


def warm_up_text(owner: User, people: Select[Any], ends_at: datetime | None) -> list[str]:
    """A word for each provider that gets fewer emails today than `people` has of it, and one when the end is too soon
    for them."""
    used = own_domains.used_by(owner.id)
    domain = own_domains.from_domain({"from_email": used.address} if used is not None else {})
    shortfalls = warm_up_standing.shortfalls(domain, people)
    lines = [
        _(
            "%(provider)s: %(sender)s is being warmed up, and today there is room for %(today)s of %(count)s emails; "
            "the last of them go about %(day)s, if each day goes well.",
            provider=provider_label(each.name) if each.name else _("All other domains"),
            sender=readable_domain(domain),
            today=format_decimal(each.today_count),
            count=format_decimal(each.count),
            day=format_date(each.last_on, "d MMMM"),
        )
        for each in shortfalls
    ]
    if ends_at is not None and any(each.last_on >= ends_at.date() for each in shortfalls):
        lines.append(_("The mailing ends before that: those who are left then do not get it."))
    return lines
