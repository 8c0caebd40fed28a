"""What the calendar as typed so far means: fields filled from a sentence, and the moments that would come."""

from __future__ import annotations

from flask import render_template, request
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from mailer import days_off, own_holidays
from mailer.access import Permission, get_own, requires
from mailer.clock import utcnow
from mailer.extensions import limiter
from mailer.input_limits import whole_number
from mailer.limiting import per_user
from mailer.mailings.agenda import agenda_of
from mailer.mailings.blueprint import bp
from mailer.mailings.calendar_labels import calendar_text
from mailer.mailings.calendar_plan import COLUMNS, Calendar, FormRefusal
from mailer.mailings.form.fields import CalendarForm, MailingForm
from mailer.mailings.form.spoken import spoken_calendar
from mailer.models.mailing import Mailing
from mailer.recurrence.rule import zone_named
from mailer.recurrence.sentence import LONGEST

# Each is a sentence that is understood, in every language.
PRESETS = (
    _l("tomorrow at 9:00"), _l("on weekdays at 9:00"), _l("every Monday at 9:00"),
    _l("on the 15th and on the last day of the month at 9:00"),
    _l("every last working day of the month at 9:00"), _l("every two weeks on Friday at 9:00"),
)  # fmt: skip
NOT_SAID = ("window_opens", "window_closes", "window_weekdays", "window_skips_holidays", "late_limit")


@bp.get("/moments")
@requires(Permission.SEND)
@limiter.limit("240 per minute", key_func=per_user)
def preview_moments() -> str:
    """A piece of page: what would come of the calendar as typed so far; or the states of the chosen country."""
    form = CalendarForm(request.args)
    calendar = typed_calendar(form) if form.validate() else None
    if request.args.get("part") == "subdivision":
        form.offer_countries()
        return render_template("mailings/_subdivision.html", form=form)
    return render_template("mailings/_moments.html", **agenda_values(calendar, _mailing_id()))


@bp.get("/sentence")
@requires(Permission.SEND)
@limiter.limit("240 per minute", key_func=per_user)
def read_sentence() -> str:
    """Pieces of page: the fields of the calendar as a sentence asks for them, and what would come of it."""
    form = CalendarForm(request.args)
    is_understood = fill_from_sentence(form)
    errors = list(form.sentence.errors)
    calendar = typed_calendar(form) if form.validate() else None
    form.sentence.errors = errors
    form.offer_countries()
    return render_template(
        "mailings/_calendar_read.html",
        form=form,
        is_understood=is_understood,
        is_preset="preset" in request.args,
        presets=PRESETS,
        **agenda_values(calendar, _mailing_id()),
    )


def wants_reading(form: MailingForm) -> bool:
    """Whether what was sent has a sentence that the fields do not say yet."""
    sentence = str(form.sentence.data or "").strip()
    return (
        "read" in request.form or "preset" in request.form or (sentence != "" and sentence != form.sentence_read.data)
    )


def fill_from_sentence(form: CalendarForm | MailingForm) -> bool:
    """Let the fields say what the sentence says; sending hours and delays stay. Whether it was understood; else its
    field has the reason."""
    preset = request.values.get("preset")
    if preset is not None:
        form.sentence.data = form.sentence.raw_data = None
        form.sentence.data = preset[:LONGEST]
    text = str(form.sentence.data or "").strip()
    zone = current_user.timezone if form.timezone.errors or not form.timezone.data else form.timezone.data
    country = form.holiday_country.data or current_user.country
    country = country if days_off.is_known(country or "") else None
    changes = own_holidays.changes_of(current_user, country) if country else frozenset()
    now = utcnow().astimezone(zone_named(zone)).replace(tzinfo=None)
    try:
        calendar = spoken_calendar(text, now, zone, country, changes)
    except FormRefusal as refusal:
        form.sentence.errors = list(refusal.reasons.values())
        return False
    _show(form, calendar)
    form.sentence_read.data = text
    return True


def beside_is_valid(form: MailingForm) -> bool:
    """Whether what no sentence says can stand too; what cannot has its reason beside it."""
    names = (*NOT_SAID, "holiday_country", "holiday_subdivision", "timezone")
    return False not in [form[name].validate(form) for name in names]  # each is looked at


def _show(form: CalendarForm | MailingForm, calendar: Calendar) -> None:
    kept = {name: form[name].data for name in (*NOT_SAID, "holiday_country", "holiday_subdivision")}
    in_waves = bool(form.in_waves.data)
    form.show(calendar)
    for name in NOT_SAID:
        form[name].data = kept[name]
    form.in_waves.data = in_waves or calendar.in_waves
    if calendar.holiday_country in (None, kept["holiday_country"]):
        form.holiday_country.data, form.holiday_subdivision.data = kept["holiday_country"], kept["holiday_subdivision"]
    for name in {*COLUMNS, "starts_at", "ends_at", "dates", "working_days", "sentence_read"} & {
        each.name for each in form
    }:
        form[name].raw_data, form[name].process_errors, form[name].errors = None, [], []


def typed_calendar(form: CalendarForm | MailingForm) -> Calendar:
    """What a valid form means, with the owner's changes of holidays."""
    country = form.holiday_country.data or None
    return form.calendar(own_holidays.changes_of(current_user, country) if country else frozenset())


def agenda_values(calendar: Calendar | None, mailing_id: int | None) -> dict[str, object]:
    """What `_moments.html` shows: an agenda and the rule in words, or why there is none."""
    if calendar is None:
        return {"agenda": None, "refusal": None}
    mailing = get_own(Mailing, mailing_id, current_user) if mailing_id is not None else None
    try:
        calendar.require_ahead(utcnow())
    except FormRefusal as refusal:
        return {"agenda": None, "refusal": str(refusal)}
    return {
        "agenda": agenda_of(calendar, utcnow(), mailing=mailing),
        "refusal": None,
        "calendar_text": calendar_text(calendar),
    }


def _mailing_id() -> int | None:
    return request.args.get("mailing", type=whole_number)
