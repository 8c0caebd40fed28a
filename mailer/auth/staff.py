"""Staff sees everybody's data: where the setting asks for it, nothing opens to them without a second factor."""

from __future__ import annotations

from flask import abort, current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.accounts.second_factors import has_second_factor

ALWAYS_OPEN = {"static", "admin.static", "auth.second_factor", "auth.logout", "home.set_language", "home.show_health"}


def ask_staff_for_second_factor() -> ResponseReturnValue | None:
    """Before each request: lead staff without a second factor to where they make one."""
    if not current_app.config["STAFF_NEEDS_SECOND_FACTOR"] or request.endpoint in ALWAYS_OPEN:
        return None
    if not current_user.is_authenticated or not current_user.is_staff or has_second_factor(current_user):
        return None
    if request.method not in {"GET", "HEAD"}:
        abort(403)
    flash(_("Your role needs a second factor. Set it up to go on."), "warning")
    return redirect(url_for("auth.second_factor"))
