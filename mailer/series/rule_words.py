"""The rules of a series in sentences."""

from __future__ import annotations

from flask_babel import format_time, get_locale, ngettext
from flask_babel import gettext as _

from mailer.days_off import country_name
from mailer.extensions import db
from mailer.models.client import ClientFilter
from mailer.models.client_field import ClientField
from mailer.models.series import Entry, Series


def rules_of(series: Series) -> list[str]:
    """Who enters, who leaves, and when nothing is sent."""
    lines = [entry_text(series)]
    if series.entry in (Entry.TAG, Entry.SEGMENT) and series.takes_present:
        lines.append(_("People who already match when it starts enter too."))
    if series.allows_again:
        lines.append(_("People who went through or left before may enter again."))
    if series.leaves_with_segment:
        lines.append(_("Anyone who leaves the segment “%(name)s” leaves the series.", name=_segment(series)))
    if series.goal_tag:
        lines.append(_("Anyone who gets the tag “%(tag)s” has reached the goal and leaves.", tag=series.goal_tag))
    if series.in_own_zones:
        lines.append(_("Times of day are in each client’s own time zone, if it is known."))
    if series.window_opens and series.window_closes:
        opens, closes = (format_time(at, "HH:mm") for at in (series.window_opens, series.window_closes))
        lines.append(_("Emails go out between %(opens)s and %(closes)s.", opens=opens, closes=closes))
    if series.working_days_only:
        lines.append(_("Emails go out on working days only."))
    if series.holiday_country:
        lines.append(_("Holidays: %(country)s.", country=country_name(series.holiday_country, str(get_locale()))))
    late = ngettext(
        "What could not be sent in time is sent up to %(num)s hour late; after that the step is left out.",
        "What could not be sent in time is sent up to %(num)s hours late; after that the step is left out.",
        series.late_limit_hours,
    )
    return [*lines, late, *_counted(series)]


def _counted(series: Series) -> list[str]:
    if series.counts_clicks and series.counts_opens:
        return [_("Clicks and opens are counted.")]
    if series.counts_clicks or series.counts_opens:
        return [_("Clicks are counted.") if series.counts_clicks else _("Opens are counted.")]
    return []


def entry_text(series: Series) -> str:
    """What makes people enter."""
    if series.entry is Entry.TAG:
        return _("Enters: anyone who gets the tag “%(tag)s”.", tag=series.entry_tag)
    if series.entry is Entry.SEGMENT:
        return _("Enters: anyone who comes into the segment “%(name)s”.", name=_segment(series))
    if series.entry is Entry.SIGN_UP:
        return _("Enters: anyone who signs up through one of your forms and confirms it.")
    if series.entry is Entry.DATE:
        return _date_text(series)
    return _("Enters: anyone you add by hand.")


def _date_text(series: Series) -> str:
    field = db.session.get(ClientField, series.entry_field_id)
    words = {"field": field.label if field else "?", "time": format_time(series.entry_at, "HH:mm")}
    days = abs(series.entry_offset)
    if series.entry_offset == 0:
        text = _("Enters: on the day of “%(field)s”, at %(time)s.", **words)
    elif series.entry_offset < 0:
        text = ngettext(
            "Enters: %(num)s day before “%(field)s”, at %(time)s.",
            "Enters: %(num)s days before “%(field)s”, at %(time)s.", days, **words,
        )  # fmt: skip
    else:
        text = ngettext(
            "Enters: %(num)s day after “%(field)s”, at %(time)s.",
            "Enters: %(num)s days after “%(field)s”, at %(time)s.", days, **words,
        )  # fmt: skip
    yearly = _("Every year; 29 February is 28 February in other years.")
    return f"{text} {yearly}" if series.entry_is_yearly else text


def _segment(series: Series) -> str:
    segment = db.session.get(ClientFilter, series.entry_segment_id)
    return segment.name if segment else "?"
