"""What an owner does to a mailing beyond editing it."""

from __future__ import annotations

import uuid

from flask import abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.access import Permission, get_own_editable, requires
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.extensions import limiter
from mailer.flashes import flash_undo
from mailer.limiting import per_user
from mailer.mailings import queries, send_warnings, services
from mailer.mailings.agenda_labels import format_local, on_clock
from mailer.mailings.approval import ask_approval
from mailer.mailings.blueprint import bp
from mailer.mailings.runs.queries import open_run
from mailer.mailings.send_check import SendCheck
from mailer.models.mailing import Mailing
from mailer.sending.runs import audience
from mailer.sending.senders import sender_of


@bp.post("/<int:mailing_id>/delete")
@login_required
def delete(mailing_id: int) -> ResponseReturnValue:
    """Hide a mailing, with a way back; 409 while a run goes."""
    mailing = get_own_editable(Mailing, mailing_id, current_user)
    try:
        services.delete_mailing(mailing)
    except services.RunIsGoing:
        return render_template("mailings/busy.html", mailing=mailing, run=open_run(mailing)), 409
    flash_undo(_("Mailing deleted."), url_for("mailings.restore", mailing_id=mailing_id))
    return redirect(url_for("mailings.index"), 303)


@bp.post("/<int:mailing_id>/restore")
@requires(Permission.SEND)
def restore(mailing_id: int) -> ResponseReturnValue:
    """Bring a deleted mailing back."""
    mailing = queries.deleted_mailing(current_user, mailing_id)
    try:
        services.restore_mailing(mailing)
    except Refusal as refusal:
        flash(str(refusal), "danger")
        return redirect(url_for("mailings.index"), 303)
    flash(_("Mailing restored."), "success")
    return _to_page(mailing_id)


@bp.post("/<int:mailing_id>/pause")
@login_required
def pause(mailing_id: int) -> ResponseReturnValue:
    """Pause: who waits keeps waiting."""
    try:
        services.pause_mailing(get_own_editable(Mailing, mailing_id, current_user))
        flash(_("Mailing paused. Nothing is sent until you resume it."), "success")
    except Refusal as refusal:
        flash(str(refusal), "danger")
    return _to_page(mailing_id)


@bp.post("/<int:mailing_id>/resume")
@login_required
def resume(mailing_id: int) -> ResponseReturnValue:
    """Resume, and say what passed meanwhile."""
    mailing = get_own_editable(Mailing, mailing_id, current_user)
    passed = services.resume_mailing(mailing)
    if passed is None:
        flash(_("Mailing resumed."), "success")
    else:
        moment = format_local(on_clock(passed, mailing.timezone))
        flash(
            _(
                "Mailing resumed. The run of %(moment)s was missed in the meantime and will not be made up for.",
                moment=moment,
            ),
            "warning",
        )
    return _to_page(mailing_id)


@bp.post("/<int:mailing_id>/stop")
@login_required
def stop(mailing_id: int) -> ResponseReturnValue:
    """End the run that is going."""
    services.stop_run(get_own_editable(Mailing, mailing_id, current_user))
    flash(_("The run is being stopped: emails not sent yet will not go out."), "success")
    return _to_page(mailing_id)


@bp.post("/<int:mailing_id>/ask-approval")
@login_required
def ask_for_approval(mailing_id: int) -> ResponseReturnValue:
    """Ask a manager."""
    try:
        ask_approval(get_own_editable(Mailing, mailing_id, current_user))
        flash(_("A manager will look at it. You get an email with the answer."), "success")
    except Refusal as refusal:
        flash(str(refusal), "danger")
    return _to_page(mailing_id)


@bp.route("/<int:mailing_id>/send-now", methods=["GET", "POST"])
@login_required
@limiter.limit("20 per minute", key_func=per_user, methods=["POST"])
def send_now(mailing_id: int) -> ResponseReturnValue:
    """Ask once more, saying how many will get it; then start. The form's token makes a double click one run."""
    mailing = get_own_editable(Mailing, mailing_id, current_user)
    if request.method == "GET":
        return _ask(mailing_id, uuid.uuid4().hex)
    token = _token()
    try:
        services.send_now(mailing, token)
    except Refusal as refusal:
        flash(str(refusal), "danger")
        return _ask(mailing_id, token), 409
    flash(_("Sending has started."), "success")
    return _to_page(mailing_id)


def _ask(mailing_id: int, token: str) -> str:
    mailing = get_own_editable(Mailing, mailing_id, current_user)
    recipients = audience.shown_summary(mailing)
    return render_template(
        "mailings/send_now.html",
        mailing=mailing,
        recipients=recipients,
        token=token,
        sender=sender_of(mailing.owner, mailing),
        permit=SendCheck.of(mailing, recipients.will_get, utcnow(), on_demand=True),
        may_change=True,
        unusual=send_warnings.before_sending_now(mailing, recipients.will_get, utcnow()),
    )


def _token() -> str:
    """The form's token; 400 for what no form of ours holds."""
    try:
        return uuid.UUID(request.form.get("token", "")).hex
    except ValueError:
        abort(400)


def _to_page(mailing_id: int) -> ResponseReturnValue:
    return redirect(url_for("mailings.show", mailing_id=mailing_id), 303)
