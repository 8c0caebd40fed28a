"""The page of a message's files."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from wtforms import DateTimeLocalField, IntegerField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from mailer.access import get_own_editable, get_visible
from mailer.downloads import saved_as
from mailer.errors import Refusal
from mailer.extensions import limiter
from mailer.forms import FlaskForm, one_line
from mailer.limiting import per_user, say_when
from mailer.messages import attachments
from mailer.messages.attachments import InvitedEvent
from mailer.messages.views import bp
from mailer.models.message import Message
from mailer.sending.attachments import files_of
from mailer.sending.inline_pictures import shown_by, that_fit


class EventForm(FlaskForm):
    """What a calendar wants to know."""

    summary = StringField(_l("What"), [InputRequired(_l("Write what it is.")), Length(max=200), one_line])
    starts = DateTimeLocalField(_l("When"), [InputRequired(_l("Choose when it begins."))], format="%Y-%m-%dT%H:%M")
    minutes = IntegerField(
        _l("Duration, minutes"),
        [InputRequired(_l("Write how long it lasts.")), NumberRange(5, 60 * 24 * 14)],
        default=60,
    )

    def validate_starts(self, field: DateTimeLocalField) -> None:
        """A day that calendars know."""
        if field.data is not None and not 2000 <= field.data.year <= 2100:
            raise ValidationError(_("Choose a day between the years 2000 and 2100."))

    place = StringField(_l("Where"), [Optional(), Length(max=300), one_line])
    description = TextAreaField(_l("Words"), [Optional(), Length(max=3000)])


@bp.get("/<int:message_id>/files")
@login_required
def files(message_id: int) -> str:
    """The files, and the ways to add one."""
    return _page(get_own_editable(Message, message_id, current_user), EventForm(formdata=None))


@bp.post("/<int:message_id>/files")
@login_required
@limiter.limit("60 per hour", key_func=per_user, on_breach=say_when)
def add_file(message_id: int) -> ResponseReturnValue:
    """Put an uploaded file beside the message."""
    message = get_own_editable(Message, message_id, current_user)
    file = request.files.get("attachment")
    try:
        if file is None or not file.filename:
            raise Refusal(_("Choose a file first."))
        added = attachments.add_file(message, file.stream, file.filename)
    except Refusal as refusal:
        return _page(message, EventForm(formdata=None), str(refusal)), 422
    flash(_("“%(name)s” is now attached to the message.", name=added.name), "success")
    return redirect(url_for("messages.files", message_id=message.id), 303)


@bp.post("/<int:message_id>/files/invitation")
@login_required
@limiter.limit("60 per hour", key_func=per_user, on_breach=say_when)
def add_invitation(message_id: int) -> ResponseReturnValue:
    """Make an invitation, and put it beside the message."""
    message = get_own_editable(Message, message_id, current_user)
    form = EventForm()
    if not form.validate_on_submit():
        return _page(message, form), 422
    try:
        attachments.add_invitation(message, current_user, _event(form))
    except Refusal as refusal:
        form.form_errors.append(str(refusal))
        return _page(message, form), 422
    flash(_("The invitation is now attached to the message."), "success")
    return redirect(url_for("messages.files", message_id=message.id), 303)


@bp.post("/<int:message_id>/files/pictures")
@login_required
def inline_pictures(message_id: int) -> ResponseReturnValue:
    """Let its pictures travel inside the email, or not."""
    message = get_own_editable(Message, message_id, current_user)
    inside = "inside" in request.form
    attachments.let_pictures_travel(message, inside)
    flash(_("Pictures are embedded in the email.") if inside else _("Pictures are loaded from the web."), "success")
    return redirect(url_for("messages.files", message_id=message.id), 303)


@bp.get("/<int:message_id>/files/<int:attachment_id>")
@login_required
def show_attachment(message_id: int, attachment_id: int) -> Response:
    """A file, to be saved, never opened here."""
    message = get_visible(Message, message_id, current_user)
    attachment = attachments.attachment_of(message, attachment_id)
    response = make_response(attachments.content_of(attachment))
    response.headers["Content-Type"] = "application/octet-stream"
    response.headers["Content-Disposition"] = saved_as(attachment.name)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


@bp.post("/<int:message_id>/files/<int:attachment_id>/delete")
@login_required
def remove_file(message_id: int, attachment_id: int) -> ResponseReturnValue:
    """Take a file away."""
    message = get_own_editable(Message, message_id, current_user)
    attachments.remove(attachments.attachment_of(message, attachment_id))
    flash(_("File removed. Runs created with it will still send it."), "success")
    return redirect(url_for("messages.files", message_id=message.id), 303)


def _event(form: EventForm) -> InvitedEvent:
    local, minutes = cast(datetime, form.starts.data), cast(int, form.minutes.data)  # both were asked for
    starts = local.replace(tzinfo=ZoneInfo(current_user.timezone))
    words = (form.description.data or "").strip()
    ends = starts + timedelta(minutes=minutes)
    return InvitedEvent((form.summary.data or "").strip(), starts, ends, (form.place.data or "").strip(), words)


def _page(message: Message, form: EventForm, error: str = "") -> str:
    listed = files_of(message)
    pictures = shown_by(message)
    inside = that_fit(pictures)
    size = sum(one.size for one in listed)
    return render_template(
        "messages/files.html",
        message=message,
        form=form,
        error=error,
        files=listed,
        size=size,
        in_mail=size * 138 // 100,
        pictures=pictures,
        inside=inside,
        inside_size=sum(one.size for one in inside) * 138 // 100,
        most=attachments.MOST_FILES,
        most_bytes=attachments.MOST_BYTES,
    )
