"""A calendar rule and its moments in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from flask_babel import format_date, format_datetime
from flask_babel import gettext as _

from mailer.models.mailing import Mailing
from mailer.recurrence.moments import Moment, Note, moments, upcoming
from mailer.recurrence.rule import Period, Rule
from mailer.sending.planning import set_next_run

SHOWN = 10
YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Line:
    """One moment: its time in the mailing's zone, the same aware (for "in 3 days"), and what is odd about it."""

    text: str
    at: datetime
    note: str


@dataclass(frozen=True, slots=True)
class Agenda:
    """What comes: whether sending begins at once, the next moments, and remarks about the whole."""

    starts_at_once: bool
    lines: list[Line]
    remarks: list[str]


def agenda_of(mailing: Mailing, now: datetime, count: int = SHOWN) -> Agenda:
    """What would come if `mailing` (which need not be in the database) were saved now."""
    planned = Mailing(
        id=mailing.id,
        period=mailing.period,
        starts_local=mailing.starts_local,
        ends_local=mailing.ends_local,
        timezone=mailing.timezone,
    )
    set_next_run(planned, now)
    starts_at_once = planned.next_run_at is not None and planned.next_run_at <= now
    rule = mailing.rule
    lines = [line_of(moment, rule.zone) for moment in upcoming(rule, now, count)]
    return Agenda(starts_at_once, lines, _remarks(rule, now))


def line_of(moment: Moment, zone: str) -> Line:
    """A moment in words."""
    local = moment.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return Line(in_words(local), moment.at, _note(moment))


def in_words(local: datetime) -> str:
    """A wall-clock time with its weekday."""
    return str(format_datetime(local, "EEE, d MMMM y, HH:mm", rebase=False))


def rule_words(rule: Rule) -> str:
    """How often, in a few words."""
    time = format_datetime(rule.first, "HH:mm", rebase=False)
    if rule.period is Period.DAILY:
        return _("daily at %(time)s", time=time)
    if rule.period is Period.WEEKLY:
        return _("weekly at %(time)s, %(weekday)s", time=time, weekday=format_date(rule.first, "EEEE", rebase=False))
    if rule.period is Period.MONTHLY:
        return _("monthly at %(time)s, day %(day)s", time=time, day=rule.first.day)
    return _("once, %(moment)s", moment=in_words(rule.first))


def _note(moment: Moment) -> str:
    planned = format_datetime(moment.local, "HH:mm", rebase=False)
    if moment.note is Note.SHORT_MONTH:
        return _("the last day, since this month is shorter")
    if moment.note is Note.SPRING_GAP:
        return _("later than planned: the clocks skip %(time)s that day", time=planned)
    if moment.note is Note.AUTUMN_FOLD:
        return _("the clocks show %(time)s twice that day: the first one counts", time=planned)
    return ""


def _remarks(rule: Rule, now: datetime) -> list[str]:
    remarks = []
    first_two = list(islice(moments(rule), 2))
    if rule.period is not Period.ONCE and len(first_two) == 1:
        remarks.append(_("There will be just one run: the end comes before the second."))
    if rule.period is not Period.ONCE and rule.until is None:
        remarks.append(_("There is no end: it goes on until you stop it."))
    if rule.until is not None and rule.until - rule.first > YEAR:
        remarks.append(_("From start to end it is more than a year. Is that meant?"))
    if first_two and first_two[0].at - now > YEAR:
        remarks.append(_("The start is more than a year away. Is that meant?"))
    return remarks
