"""The words of an agenda: times, and why a moment is not quite what the rule says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from flask_babel import format_date, format_datetime, get_locale, ngettext
from flask_babel import gettext as _

from mailer import days_off
from mailer.holiday_decrees import published_until
from mailer.mailings.calendar_plan import Calendar
from mailer.models.mailing import Mailing
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.moments import LEFT_OUT, Moment, Note, resolve
from mailer.recurrence.outlook import Fate, Prospect
from mailer.recurrence.rule import MonthlyOn, zone_named

NAMES_SHOWN = 3  # of holidays


def format_local(local: datetime, now: datetime | None = None) -> str:
    """A wall-clock time with its weekday; without the year when it is that of `now`."""
    pattern = "EEE, d MMMM, HH:mm" if now is not None and now.year == local.year else "EEE, d MMMM y, HH:mm"
    return str(format_datetime(local, pattern, rebase=False))


def format_instant(at: datetime, zone: str, now: datetime | None = None) -> str:
    """`format_local` of an aware moment, on the clock of `zone` (IANA)."""
    return format_local(at.astimezone(zone_named(zone)).replace(tzinfo=None), now)


def next_run_text(mailing: Mailing) -> str | None:
    """When the next run begins, wherever it was moved to; None when none is to come."""
    if mailing.next_run_at is None or mailing.next_run_local is None:
        return None
    return format_instant(mailing.next_run_at, mailing.timezone)


def next_run_note(mailing: Mailing) -> str | None:
    """Why the next run begins at another time than its calendar names; None when it does not, or was moved by hand."""
    if mailing.next_run_local is None or mailing.moved_from_at is not None:
        return None
    return gap_text(mailing.next_run_local, mailing.timezone)


def gap_text(local: datetime, zone: str) -> str | None:
    """Why the clocks of a zone never show this wall-clock time; None where they do."""
    moment = resolve(local, zone_named(zone))
    return note_text(Note.SPRING_GAP, moment) if Note.SPRING_GAP in moment.notes else None


def on_clock(local: datetime, zone: str) -> datetime:
    """What the clocks of a zone show when it is `local` there: later where they skip it."""
    return resolve(local, zone_named(zone)).at.astimezone(zone_named(zone)).replace(tzinfo=None)


def days_text(first: datetime, last: datetime, now: datetime) -> str:
    """The days from one wall-clock time to another, such as "29–31 December"; the times where it is one day."""
    if first.date() == last.date():
        return f"{format_local(first.replace(tzinfo=None), now)} – {last:%H:%M}"
    year = "" if first.year == last.year == now.year else " y"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{format_date(last, f'd MMMM{year}', rebase=False)}"
    return " – ".join(format_date(day, f"d MMMM{year}", rebase=False) for day in (first, last))


def reason_of(one: Prospect) -> str | None:
    """A key for the reason that nothing happens then, for grouping; None when something happens, or has begun."""
    if one.happens or one.fate in (Fate.BEGUN, Fate.MOVED):
        return None
    if one.fate is Fate.LEFT_OUT:
        return str(next(note for note in one.moment.notes if note in LEFT_OUT))
    return str(one.fate)


def group_notes(together: Sequence[Prospect]) -> list[str]:
    """Why these moments are left out, and how many they are; all have the reason of the first."""
    first = together[0]
    words = {
        Fate.OVERLAP: _("left out: the previous run would still be waiting to be sent"),
        Fate.CUT_OFF: _("nobody would get it: the end comes before the sending hours"),
        Fate.BY_HAND: _("left out by you"),
        Fate.MISSED: _("left out: too late by now"),
        Fate.HELD: _("left out: sending was held back at that moment"),
    }
    if first.fate in words:
        text = words[first.fate]
    elif Note.HOLIDAY in first.moment.notes:
        text = _holidays_text(together)
    else:
        text = note_text(next(note for note in first.moment.notes if note in LEFT_OUT), first.moment)
    count = len(together)
    return [text] if count == 1 else [text, ngettext("%(num)s run", "%(num)s runs", count)]


def _holidays_text(together: Sequence[Prospect]) -> str:
    names = list(dict.fromkeys((one.moment.holiday or "").strip() for one in together))
    shown = ", ".join(names[:NAMES_SHOWN]) + (" …" if len(names) > NAMES_SHOWN else "")
    if len(together) == 1:
        return _("left out, a holiday: %(holiday)s", holiday=shown)
    return _("left out, holidays: %(holidays)s", holidays=shown)


def note_text(note: Note, moment: Moment) -> str:
    """Why a moment is not at the time that the rule names."""
    planned = format_datetime(moment.local, "HH:mm", rebase=False)
    holiday = (moment.holiday or "").strip()
    return {
        Note.SHORT_MONTH: _("the last day, since this month is shorter"),
        Note.SPRING_GAP: _("later than planned: the clocks skip %(time)s that day", time=planned),
        Note.AUTUMN_FOLD: _("the clocks show %(time)s twice that day: the first one counts", time=planned),
        Note.MOVED: _("moved because of a holiday: %(holiday)s", holiday=holiday),
        Note.HOLIDAY: _("left out, a holiday: %(holiday)s", holiday=holiday),
        Note.WEEKEND: _("moved because of the weekend"),
        Note.EXCEPTION: _("left out, as you asked"),
        Note.BEFORE_START: _("left out: moved before the start"),
        Note.AFTER_END: _("left out: moved past the end"),
    }[note]


def is_expected(calendar: Calendar, local: datetime) -> bool:
    """Whether the day depends on holidays that are not official yet."""
    return local.year > (_official_until(calendar) or local.year)


def expected_remark(calendar: Calendar, locals_: Sequence[datetime]) -> list[str]:
    """A word about the first year whose holidays are not official yet, if any of these times lies behind it."""
    until = _official_until(calendar)
    if until is None or all(local.year <= until for local in locals_):
        return []
    assert calendar.holiday_country is not None
    return [
        _(
            "Official holidays from %(year)s on are not published yet (%(country)s): those dates are expected.",
            year=until + 1,
            country=days_off.country_name(calendar.holiday_country, str(get_locale())),
        )
    ]


def _official_until(calendar: Calendar) -> int | None:
    looks_at_holidays = (
        calendar.holiday_rule is not HolidayRule.IGNORE
        or calendar.window_skips_holidays
        or calendar.monthly_on is MonthlyOn.WORKING_DAY
    )
    if calendar.holiday_country is None or not looks_at_holidays:
        return None
    return published_until(calendar.holiday_country)
