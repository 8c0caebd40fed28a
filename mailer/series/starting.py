"""What a person should know before a series starts, or people are put into it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.run import Run
from mailer.models.series import DelayKind, Entry, Series
from mailer.sending.runs import limits
from mailer.sending.series.entering import newcomers
from mailer.sending.series.looking import is_segment_broken, meeting
from mailer.series.approving import permits_of
from mailer.series.rule_words import rules_of

MANY, MANY_TIMES = 100, 10  # people, and so many times as many as ever before: perhaps the wrong list


@dataclass(slots=True)
class Outlook:
    """How many enter at once, whether they get an email at once, the rules, and what is unusual."""

    count: int
    is_sent_at_once: bool
    rules: list[str]
    remarks: list[str] = field(default_factory=list)


def before_starting(series: Series) -> Outlook:
    """As things stand now."""
    meets = meeting(series) if series.takes_present else None
    count = count_of(series, meets) if meets is not None and not is_segment_broken(series) else 0
    outlook = Outlook(count, bool(count) and sends_at_once(series), rules_of(series))
    if is_segment_broken(series):
        outlook.remarks.append(_("The segment cannot be used: it refers to a field or segment that no longer exists."))
    if series.entry is Entry.HAND:
        outlook.remarks.append(_("Nobody enters automatically. Add people once it has started."))
    outlook.remarks += remarks(series, count, utcnow())
    return outlook


def remarks(series: Series, count: int, now: datetime) -> list[str]:
    """What is unusual about so many people entering now."""
    lines = _more_than_ever(series.owner_id, count)
    if any(approval is None or approval.state.value != "approved" for approval in permits_of(series, now).values()):
        lines.append(_("A manager must approve its steps first: until then people wait at them."))
    limit = series.owner.daily_limit
    if limit is not None and limits.used_today(series.owner, now) + count > limit:
        lines.append(_("That is more than your limit of %(limit)s emails in 24 hours: the rest wait.",
                       limit=format_decimal(limit)))  # fmt: skip
    window = series.steps[0].mailing.window if series.steps else None
    if window is not None and not window.is_open(now):
        lines.append(_("The sending hours are closed now: emails wait for them."))
    return lines


def count_of(series: Series, who: list[ColumnElement[bool]]) -> int:
    """How many of these clients would enter now."""
    people = newcomers(series, [Client.owner_id == series.owner_id, *who]).subquery()
    return db.session.scalar(select(func.count()).select_from(people)) or 0


def sends_at_once(series: Series) -> bool:
    """Whether the first step waits for nothing."""
    first = series.steps[0] if series.steps else None
    return first is not None and first.delay_kind is DelayKind.HOURS and first.delay_count == 0


def _more_than_ever(owner_id: int, count: int) -> list[str]:
    most = db.session.scalar(select(func.max(Run.planned_count)).where(Run.owner_id == owner_id)) or 0
    if not most or count < MANY or count < MANY_TIMES * most:
        return []
    return [
        ngettext(
            "Until now you have written to %(most)s person at most at a time.",
            "Until now you have written to %(most)s people at most at a time.",
            most,
            most=format_decimal(most),
        )
    ]
