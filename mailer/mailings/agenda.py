"""A calendar's moments in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from flask_babel import format_datetime
from flask_babel import gettext as _

from mailer.mailings.form.calendar_plan import Calendar
from mailer.recurrence.moments import Moment, Note, end_at, everything, moments
from mailer.recurrence.rule import Period, Rule
from mailer.recurrence.window import Window
from mailer.sending.runs.next_run import counted, due_moment

SHOWN = 10
LEFT_OUT_SHOWN = 20  # at most, among them
YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Line:
    """One moment: its time in the mailing's zone, the same aware (for "in 3 days"), what is odd about it, and whether
    nothing happens then after all."""

    text: str
    at: datetime
    notes: list[str]
    is_left_out: bool


@dataclass(frozen=True, slots=True)
class Agenda:
    """What comes: whether sending begins at once, the next moments, and remarks about the whole."""

    starts_at_once: bool
    lines: list[Line]
    remarks: list[str]


def agenda_of(calendar: Calendar, now: datetime, count: int = SHOWN, mailing_id: int | None = None) -> Agenda:
    """What would come if a mailing of such a calendar (new, or that one) were saved now."""
    rule, window = calendar.rule(), calendar.window()
    ends_at = end_at(rule.until, rule.zone)
    starts_at_once = due_moment(rule, ends_at, mailing_id, now) is not None
    rule = counted(rule, mailing_id, now, starts_at_once)
    lines = [line_of(moment, rule.zone, window, now) for moment in _coming(rule, now, count)]
    return Agenda(starts_at_once, lines, _remarks(rule, now))


def _coming(rule: Rule, now: datetime, count: int) -> list[Moment]:
    """The next `count` moments, and those left out between them."""
    found: list[Moment] = []
    happening = 0
    for moment in islice(everything(rule, now), count + LEFT_OUT_SHOWN):
        found.append(moment)
        happening += not moment.is_left_out
        if happening == count:
            break
    while found and found[-1].is_left_out and happening:
        found.pop()
    return found


def line_of(moment: Moment, zone: str, window: Window | None, now: datetime) -> Line:
    """A moment in words."""
    local = moment.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    notes = [_note(note, moment) for note in moment.notes]
    if window is not None and not moment.is_left_out:
        notes += _window_note(moment, window)
    return Line(format_local(local, now), moment.at, notes, moment.is_left_out)


def format_local(local: datetime, now: datetime | None = None) -> str:
    """A wall-clock time with its weekday; without the year when it is that of `now`."""
    pattern = "EEE, d MMMM, HH:mm" if now is not None and now.year == local.year else "EEE, d MMMM y, HH:mm"
    return str(format_datetime(local, pattern, rebase=False))


def _note(note: Note, moment: Moment) -> str:
    planned = format_datetime(moment.local, "HH:mm", rebase=False)
    holiday = (moment.holiday or "").strip()
    return {
        Note.SHORT_MONTH: _("the last day, since this month is shorter"),
        Note.SPRING_GAP: _("later than planned: the clocks skip %(time)s that day", time=planned),
        Note.AUTUMN_FOLD: _("the clocks show %(time)s twice that day: the first one counts", time=planned),
        Note.MOVED: _("moved because of a holiday: %(holiday)s", holiday=holiday),
        Note.HOLIDAY: _("left out, a holiday: %(holiday)s", holiday=holiday),
        Note.EXCEPTION: _("left out, as you asked"),
    }[note]


def _window_note(moment: Moment, window: Window) -> list[str]:
    opening = window.opening(moment.at)
    if opening is None or opening.opens_at <= moment.at:
        return []
    opens = opening.opens_at.astimezone(ZoneInfo(window.zone)).replace(tzinfo=None)
    return [_("outside the sending hours: emails leave from %(moment)s", moment=format_local(opens, moment.at))]


def _remarks(rule: Rule, now: datetime) -> list[str]:
    remarks = []
    first_two = list(islice(moments(rule), 2))
    if rule.period is not Period.ONCE and len(first_two) == 1:
        remarks.append(_("There will be just one run: the end comes before the second."))
    if rule.period is not Period.ONCE and rule.until is None and rule.run_limit is None:
        remarks.append(_("There is no end: it goes on until you stop it."))
    if rule.until is not None and rule.until - rule.first > YEAR:
        remarks.append(_("There is more than a year between the start and the end. Is that right?"))
    if first_two and first_two[0].at - now > YEAR:
        remarks.append(_("The start is more than a year away. Is that right?"))
    return remarks
