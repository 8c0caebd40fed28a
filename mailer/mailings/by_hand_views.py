"""One run changed by hand."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from wtforms import DateTimeLocalField, HiddenField
from wtforms.validators import InputRequired, Length, ValidationError

from mailer.access import get_own_editable
from mailer.clock import utcnow
from mailer.errors import Conflict, Refusal
from mailer.forms import FlaskForm
from mailer.http import zone_label
from mailer.mailings import by_hand, send_warnings, waves_ahead
from mailer.mailings.agenda_labels import format_local, on_clock
from mailer.mailings.blueprint import bp
from mailer.mailings.calendar_plan import require_known_year
from mailer.models.mailing import Mailing
from mailer.recurrence.rule import zone_named
from mailer.sending.runs import audience
from mailer.sending.runs.next_run import occurrence_of, waited_for
from mailer.sending.runs.wave_plan import begins_at
from mailer.sending.senders import sender_of


class MoveForm(FlaskForm):
    """When one run begins instead."""

    to = DateTimeLocalField(_l("Begin at"), [InputRequired(_l("Choose a date and a time."))], format="%Y-%m-%dT%H:%M")
    occurrence = HiddenField(validators=[Length(max=64)])

    def validate_to(self, field: DateTimeLocalField) -> None:
        """In the years that calendars know."""
        try:
            if field.data is not None:
                require_known_year(field.data.year)
        except ValueError as error:
            raise ValidationError(str(error)) from None


@bp.post("/<int:mailing_id>/leave-out")
@login_required
def leave_out(mailing_id: int) -> ResponseReturnValue:
    """Leave the coming run out."""
    mailing = get_own_editable(Mailing, mailing_id, current_user)
    try:
        local = by_hand.leave_out(mailing, request.form.get("occurrence", "")[:64])
        flash(
            _(
                "The run of %(moment)s is left out. The mailing goes on as planned.",
                moment=format_local(on_clock(local, mailing.timezone)),
            ),
            "success",
        )
    except Conflict as conflict:
        flash(str(conflict), "warning")
    return redirect(url_for("mailings.show", mailing_id=mailing_id), 303)


@bp.route("/<int:mailing_id>/move", methods=["GET", "POST"])
@login_required
def move(mailing_id: int) -> ResponseReturnValue:
    """Run the coming one earlier or later."""
    mailing, form = get_own_editable(Mailing, mailing_id, current_user), MoveForm()
    moment = waited_for(mailing)
    if moment is None:
        flash(_("There is no upcoming run to move."), "warning")
        return redirect(url_for("mailings.show", mailing_id=mailing_id), 303)
    if not form.is_submitted():
        form.to.data, form.occurrence.data = (
            moment.at.astimezone(zone_named(mailing.timezone)),
            occurrence_of(mailing, moment),
        )
        return _page(mailing, form)
    if not form.validate() or form.to.data is None:
        return _page(mailing, form), 422
    try:
        _move(mailing, form)
    except by_hand.BeginsNow:
        return _ask_first(get_own_editable(Mailing, mailing_id, current_user), form)
    except Conflict as conflict:
        flash(str(conflict), "warning")
        return redirect(url_for("mailings.show", mailing_id=mailing_id), 303)
    except Refusal as refusal:
        form.to.errors = [str(refusal)]
        return _page(get_own_editable(Mailing, mailing_id, current_user), form), 422
    mailing = get_own_editable(Mailing, mailing_id, current_user)
    comes_at = begins_at(mailing)
    if mailing.may_send and comes_at is not None and comes_at <= utcnow():
        words = _("The run is moved and begins now. The others stay as planned.")
    else:
        moved = format_local(on_clock(form.to.data, mailing.timezone))
        words = _("The run begins on %(moment)s instead. The others stay as planned.", moment=moved)
    flash(words, "success")
    return redirect(url_for("mailings.show", mailing_id=mailing_id), 303)


def _move(mailing: Mailing, form: MoveForm) -> None:
    """Raises what `by_hand.move` does; what was confirmed counts while as many people would get it."""
    assert form.to.data is not None
    confirmed = request.form.get("confirmed", "")
    is_confirmed = bool(confirmed) and confirmed == str(audience.shown_summary(mailing).will_get)
    by_hand.move(mailing, form.occurrence.data or "", form.to.data, is_confirmed=is_confirmed)


def _ask_first(mailing: Mailing, form: MoveForm) -> str:
    """Ask once more before a move sets mail off; asked again when the number of people has changed since."""
    assert form.to.data is not None
    recipients, now = audience.shown_summary(mailing), utcnow()
    return render_template(
        "mailings/move_and_send.html",
        mailing=mailing,
        form=form,
        recipients=recipients,
        waves=waves_ahead.if_moved(mailing, form.to.data, now),
        moved_text=format_local(on_clock(form.to.data, mailing.timezone)),
        message=mailing.message,
        sender=sender_of(mailing.owner, mailing),
        unusual=send_warnings.before_moving(mailing, recipients.will_get, now),
    )


def _page(mailing: Mailing, form: MoveForm) -> str:
    moment = waited_for(mailing)
    return render_template(
        "mailings/move.html",
        mailing=mailing,
        form=form,
        planned_text=format_local(on_clock(moment.local, mailing.timezone)) if moment else "",
        zone_text=zone_label(mailing.timezone),
    )
