"""Where one is signed in."""

from __future__ import annotations

from flask import abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from mailer.accounts.sessions import is_key_of, sessions_of
from mailer.accounts.signed_in import me
from mailer.auth import devices, services, session
from mailer.auth.views.blueprint import bp, device_mark, signed_in
from mailer.clock import utcnow


@bp.get("/profile/sessions")
@signed_in
def sessions() -> ResponseReturnValue:
    """The devices signed in."""
    key = session.key()
    rows = [(row, is_key_of(row, key)) for row in sessions_of(me(), utcnow())]
    return render_template("auth/sessions.html", rows=rows, name_of=devices.device_name, is_phone=devices.is_phone)


@bp.post("/profile/sessions/<int:session_id>/end")
@signed_in
def end_session(session_id: int) -> ResponseReturnValue:
    """Sign one device out."""
    if not services.end_session(me(), session_id):
        abort(404)
    flash(_("The device is signed out."), "success")
    return redirect(url_for("auth.sessions"), 303)


@bp.post("/profile/sessions/end-others")
@signed_in
def end_other_sessions() -> ResponseReturnValue:
    """Sign all other devices out."""
    count = services.end_other_sessions(me(), session.key(), device_mark())
    flash(
        ngettext("One other device is signed out.", "%(num)s other devices are signed out.", count)
        if count
        else _("No other device was signed in."),
        "success",
    )
    return redirect(url_for("auth.sessions"), 303)
