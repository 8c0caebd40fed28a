"""The mailing's form and the pieces of it that answer while one types."""

from __future__ import annotations

from typing import TypeVar

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer import days_off
from mailer.access import Permission, get_own_editable, requires
from mailer.clock import utcnow
from mailer.errors import Conflict
from mailer.extensions import limiter
from mailer.form_refill import is_refilled
from mailer.forms import name_of_copy
from mailer.input_limits import whole_number
from mailer.limiting import per_user
from mailer.mailings import queries, send_warnings, services, waves_ahead
from mailer.mailings.blueprint import bp
from mailer.mailings.calendar_plan import Calendar, FormRefusal
from mailer.mailings.form import choices
from mailer.mailings.form.fields import CalendarForm, MailingForm
from mailer.mailings.form.preview import (
    PRESETS,
    agenda_values,
    beside_is_valid,
    fill_from_sentence,
    typed_calendar,
    wants_reading,
)
from mailer.mailings.other_languages import other_languages_text
from mailer.mailings.plan import MailingPlan, too_many_text
from mailer.mailings.runs.queries import open_run
from mailer.mailings.waves_ahead import WavesAhead
from mailer.models.mailing import Audience, InDoubtRule, Mailing
from mailer.recurrence.moments import Moment
from mailer.searching import searched
from mailer.sending.runs.audience import AudienceSummary
from mailer.sending.runs.audience import recipients as recipients_of
from mailer.sending.runs.next_run import has_open_run, may_be_edited
from mailer.sending.runs.wave_plan import begins_at
from mailer.sending.senders import own_address, sender_as, sender_of

T = TypeVar("T")


@bp.route("/new", methods=["GET", "POST"])
@requires(Permission.SEND)
def create() -> ResponseReturnValue:
    """An empty form, and a new mailing."""
    form = MailingForm()
    if not form.is_submitted():
        form.timezone.data = current_user.timezone
        form.weekends_are_off.data = True
        form.holiday_country.data = current_user.country if days_off.is_known(current_user.country) else ""
        form.message_id.data = request.args.get("message", type=whole_number)
    return _answer(form, None)


@bp.get("/<int:mailing_id>/copy")
@login_required
def copy(mailing_id: int) -> ResponseReturnValue:
    """The form of a new mailing, filled in from another; a start that has passed is left empty."""
    original = get_own_editable(Mailing, mailing_id, current_user)
    form = _form_of(original)
    form.name.data = name_of_copy(original.name, 150)
    form.version.data = ""
    if original.rule.first <= utcnow().replace(tzinfo=None):
        form.starts_at.data = form.ends_at.data = None
    return _render(form, None)


@bp.route("/<int:mailing_id>/edit", methods=["GET", "POST"])
@login_required
def edit(mailing_id: int) -> ResponseReturnValue:
    """The form of a mailing, and the change; 409 while a run goes that needs it as it is."""
    mailing = get_own_editable(Mailing, mailing_id, current_user)
    if request.method == "GET" and not may_be_edited(mailing):
        return render_template("mailings/busy.html", mailing=mailing, run=open_run(mailing)), 409
    form = MailingForm(timezone=mailing.timezone) if request.method == "POST" else _form_of(mailing)
    return _answer(form, mailing)


@bp.post("/audience")
@requires(Permission.SEND)
@limiter.limit("120 per minute", key_func=per_user)
def preview_audience() -> ResponseReturnValue:
    """A piece of page: how many would get it, and how many are left out and why."""
    form = MailingForm()
    return render_template("mailings/_audience.html", recipients=_recipients(form))


@bp.post("/clients")
@requires(Permission.SEND)
@limiter.limit("240 per minute", key_func=per_user)
def pick_clients() -> str:
    """A piece of page: the clients chosen so far, and those found by the search."""
    form = MailingForm()
    return render_template("mailings/_clients.html", **_picker(form))


def _answer(form: MailingForm, mailing: Mailing | None) -> ResponseReturnValue:
    if not form.is_submitted() or "find" in request.form:
        return _render(form, mailing)
    if wants_reading(form):
        return _answer_sentence(form, mailing)
    if not form.validate():
        return _render(form, mailing), 422
    try:
        plan = _plan(form)
        due, recipients = services.begins_at_once(plan, mailing, utcnow()), _recipients(form)
        if due is not None and recipients is not None and request.form.get("confirmed") != str(recipients.will_get):
            return _ask_first(plan, mailing, due, recipients)
        saved = services.save_mailing(current_user, plan, mailing, form.opened_version)
    except FormRefusal as refusal:
        for name, reason in refusal.reasons.items():
            form[name].errors = [*form[name].errors, reason]
        return _render(form, mailing), 422
    except (services.RunIsGoing, Conflict) as refusal:
        flash(str(refusal), "warning")
        form.version.data = form.version.raw_data = None
        return _render(form, mailing), 409
    comes_at = begins_at(saved)
    is_due = comes_at is not None and comes_at <= utcnow()
    flash(_("Mailing saved. Sending starts now.") if is_due else _("Mailing saved."), "success")
    if not is_due:  # who sends at once was asked
        _tell_of_languages(saved)
    return redirect(url_for("mailings.show", mailing_id=saved.id), 303)


def _tell_of_languages(saved: Mailing) -> None:
    for line in other_languages_text(saved.message, recipients_of(saved)):
        flash(line, "remark")


def _answer_sentence(form: MailingForm, mailing: Mailing | None) -> ResponseReturnValue:
    """Show back what the sentence makes of the calendar; nothing is saved yet."""
    if not fill_from_sentence(form):
        return _render(form, mailing), 422
    form.is_read = True
    return _render(form, mailing)


def _ask_first(
    plan: MailingPlan, mailing: Mailing | None, due: Moment, recipients: AudienceSummary
) -> ResponseReturnValue:
    """Ask once more before saving sets mail off; asked again when the number of people has changed since."""
    return render_template(
        "mailings/save_and_send.html",
        mailing=mailing,
        plan=plan,
        recipients=recipients,
        waves=_waves_of(plan, due),
        is_early=due.at > utcnow(),
        sender=sender_as(current_user, plan.sender_name, plan.reply_to),
        unusual=send_warnings.before_saving(current_user, plan, mailing, due, recipients.will_get, utcnow()),
        typed=[pair for pair in request.form.items(multi=True) if pair[0] not in ("csrf_token", "confirmed")],
    )


def _waves_of(plan: MailingPlan, due: Moment) -> WavesAhead | None:
    if not plan.calendar.in_waves:
        return None
    calendar, people = plan.calendar, queries.people_of(plan, current_user.id)
    return waves_ahead.of_plan(people, due, calendar.timezone, utcnow(), calendar.window())


def _plan(form: MailingForm) -> MailingPlan:
    """What was asked for; 404 for a message that is not the owner's.

    Raises FormRefusal for people or segments that are gone: the form may have been open for long, or be a draft.
    """
    kind = Audience(form.audience.data)
    clients = queries.own_clients(current_user, form.client_ids.data or [])
    return MailingPlan(
        name=str(form.name.data).strip(),
        message=queries.own_message(current_user, form.message_id.data),
        audience=kind,
        tags=sorted(set(form.tags.data or [])),
        segment_ids=_all_there(form, "segment_ids", queries.own_segments(current_user, form.segment_ids.data or [])),
        left_out_ids=_all_there(form, "left_out_ids", queries.own_segments(current_user, form.left_out_ids.data or [])),
        clients=[one for one in _all_there(form, "client_ids", clients) if one.deleted_at is None],
        calendar=typed_calendar(form),
        in_doubt_rule=InDoubtRule(form.in_doubt_rule.data),
        sender_name=" ".join((form.sender_name.data or "").split()),
        reply_to=own_address(current_user.id, form.reply_to.data),
        counts_clicks=bool(form.counts_clicks.data),
        counts_opens=bool(form.counts_opens.data),
    )


def _all_there(form: MailingForm, name: str, found: list[T]) -> list[T]:
    """What was found for a field, when that is all that was chosen in it. Raises FormRefusal."""
    if len(found) < len(set(form[name].data or [])):
        raise FormRefusal({name: _("Something that was chosen here no longer exists. Check the rest.")})
    return found


def _render(form: MailingForm, mailing: Mailing | None) -> str:
    if mailing is not None and not form.version.data:
        form.version.data = str(mailing.version)
    form.offer(current_user)
    typed = _calendar_so_far(form)
    return render_template(
        "mailings/form.html",
        form=form,
        presets=PRESETS,
        mailing=mailing,
        run_goes=mailing is not None and has_open_run(mailing),
        default_sender=sender_of(current_user),
        recipients=_recipients(form),
        **agenda_values(typed, mailing.id if mailing else None),
        **_picker(form),
    )


def _form_of(mailing: Mailing) -> MailingForm:
    """The form as the mailing stands."""
    form = MailingForm(formdata=None, obj=mailing)
    form.audience.data = mailing.audience.value
    form.reply_to.data = mailing.reply_to_id
    form.in_doubt_rule.data = mailing.in_doubt_rule.value
    form.show(Calendar.of(mailing))
    form.client_ids.data = queries.chosen_ids(mailing)
    form.segment_ids.data = mailing.chosen_segment_ids
    return form


def _calendar_so_far(form: MailingForm) -> Calendar | None:
    """The calendar that the form shows; None when it is none yet, whatever else the form is asked for."""
    if form.is_read:
        return typed_calendar(form) if beside_is_valid(form) else None
    if form.is_submitted() or is_refilled():
        typed = CalendarForm(request.form)
        return typed_calendar(typed) if typed.validate() else None
    return typed_calendar(form) if form.starts_at.data is not None or form.dates.data else None


def _recipients(form: MailingForm) -> AudienceSummary | None:
    """Figures of the audience as chosen so far, or None while nothing is chosen."""
    if form.audience.data not in set(Audience):
        return None
    chosen = Mailing(
        owner_id=current_user.id,
        audience=Audience(form.audience.data),
        tags=[tag for tag in form.tags.data or [] if tag.isprintable()],
        segment_ids=queries.own_segments(current_user, form.segment_ids.data or []),
        left_out_ids=queries.own_segments(current_user, form.left_out_ids.data or []),
    )
    if chosen.audience is Audience.FILTER and not chosen.segment_ids:
        return None
    return queries.preflight(chosen, form.client_ids.data or [])


def _picker(form: MailingForm) -> dict[str, object]:
    search = searched(request.form, "client_q")
    ids = form.client_ids.data or []
    chosen = choices.clients_named(current_user.id, ids)
    return {
        "client_q": search,
        "chosen_clients": chosen,
        "too_many_clients": too_many_text(len(chosen)),
        "found_clients": choices.clients_found(current_user.id, search, ids),
    }
