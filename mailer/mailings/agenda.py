"""A calendar's moments in plain words, with what becomes of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby, islice
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from mailer.http import zone_label
from mailer.mailings import agenda_labels
from mailer.mailings.agenda_labels import format_instant
from mailer.mailings.calendar_plan import Calendar
from mailer.models.mailing import Mailing
from mailer.recurrence.moments import moments
from mailer.recurrence.outlook import Fate, Prospect
from mailer.recurrence.rule import Period, Rule
from mailer.sending.runs.outlook import outlook_if_saved, outlook_of

SHOWN = 10
GROUPS_SHOWN = 20  # of what is left out, at most, among them
MOST_LOOKED_AT = 2000  # moments
YEAR = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Line:
    """One moment, or several in a row that are left out for one reason: its time in the mailing's zone, the same aware
    (for "in 3 days"), what is odd about it, and whether nothing happens then after all."""

    text: str
    at: datetime
    notes: list[str]
    is_left_out: bool


@dataclass(frozen=True, slots=True)
class Agenda:
    """What comes: whether a run begins at once, and from when on its emails leave if the sending hours are closed; the
    next moments, on the clock of which zone, and remarks about the whole."""

    starts_at_once: bool
    leaves_text: str | None
    lines: list[Line]
    zone_text: str
    remarks: list[str]


def agenda_of(calendar: Calendar, now: datetime, count: int = SHOWN, mailing: Mailing | None = None) -> Agenda:
    """What would come if a mailing of such a calendar (new, or that one) were saved now; of a mailing whose own it is,
    what comes."""
    rule, window = calendar.rule(), calendar.window()
    if mailing is not None and mailing.calendar_since is not None and Calendar.of(mailing) == calendar:
        prospects = outlook_of(mailing, now, rule, window)
    else:
        prospects = outlook_if_saved(rule, window, mailing.id if mailing is not None else None, now)
    found = list(_next(prospects, count, now))
    at_once = next((one for one in found if one.leaves_at is not None and one.moment.at <= now), None)
    waits = at_once is not None and at_once.leaves_at is not None and at_once.leaves_at > now
    return Agenda(
        starts_at_once=at_once is not None,
        leaves_text=format_instant(at_once.leaves_at, rule.zone, now)
        if waits and at_once and at_once.leaves_at
        else None,
        lines=_mark_moved(_lines([one for one in found if one is not at_once], calendar, rule, now), mailing),
        zone_text=zone_label(rule.zone),
        remarks=[
            *([_wave_remark(rule.zone)] if calendar.in_waves and found else []),
            *_remarks(rule, now),
            *agenda_labels.expected_remark(calendar, [one.moment.local for one in found]),
        ],
    )


def _wave_remark(zone: str) -> str:
    return _(
        "The times are those of %(zone)s. Clients in other time zones get it at the same local time: those "
        "farther east earlier, those farther west later.",
        zone=zone_label(zone),
    )


def _mark_moved(lines: list[Line], mailing: Mailing | None) -> list[Line]:
    """Say of a run that was moved by hand when it was planned."""
    if mailing is None or mailing.moved_from_at is None:
        return lines
    planned = format_instant(mailing.moved_from_at, mailing.timezone, mailing.moved_from_at)
    words = _("moved by you, planned for %(moment)s", moment=planned)
    moved = {mailing.next_run_at}
    return [replace(line, notes=[*line.notes, words]) if line.at in moved else line for line in lines]


def _next(prospects: Iterable[Prospect], count: int, now: datetime) -> Iterator[Prospect]:
    """Those up to the `count`-th coming run, but for what is left out after the last one; else what is left out."""
    waiting: list[Prospect] = []
    happening = 0
    for one in islice(prospects, MOST_LOOKED_AT):
        waiting.append(one)
        if one.happens:
            yield from waiting
            waiting.clear()
            happening += one.moment.at > now
            if happening == count:
                return
    if not happening:
        yield from waiting


def _lines(found: list[Prospect], calendar: Calendar, rule: Rule, now: datetime) -> list[Line]:
    """A line for each run, and one for those left out in a row for one reason."""
    lines: list[Line] = []
    group_count = 0
    for reason, group in groupby(found, key=agenda_labels.reason_of):
        together = list(group)
        if reason is None:
            lines += [_line(one, calendar, rule, now) for one in together]
        elif (group_count := group_count + 1) <= GROUPS_SHOWN:
            lines.append(_group_line(together, rule, now))
    return lines


def _line(one: Prospect, calendar: Calendar, rule: Rule, now: datetime) -> Line:
    notes = [agenda_labels.note_text(note, one.moment) for note in one.moment.notes]
    if one.fate is Fate.BEGUN:
        notes.append(_("begun already, with the clients farther east"))
    if one.fate is Fate.MOVED:
        notes.append(_("begun already, at the earlier time you moved it to"))
    if one.leaves_at is not None and one.leaves_at > one.moment.at:
        leaves = format_instant(one.leaves_at, rule.zone, one.moment.at)
        notes.append(_("outside the sending hours: emails leave from %(moment)s", moment=leaves))
    if agenda_labels.is_expected(calendar, one.moment.local):
        notes.append(_("expected"))
    return Line(format_instant(one.moment.at, rule.zone, now), one.moment.at, notes, is_left_out=False)


def _group_line(together: list[Prospect], rule: Rule, now: datetime) -> Line:
    first, last = together[0].moment, together[-1].moment
    notes = agenda_labels.group_notes(together)
    if len(together) == 1:
        return Line(format_instant(first.at, rule.zone, now), first.at, notes, is_left_out=True)
    zone = ZoneInfo(rule.zone)
    text = agenda_labels.days_text(first.at.astimezone(zone), last.at.astimezone(zone), now)
    return Line(text, first.at, notes, is_left_out=True)


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
