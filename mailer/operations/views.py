"""For staff: whether the service works, and the word that a copy of it is the true one."""

from __future__ import annotations

from flask import Blueprint, current_app, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer import storage
from mailer.access import Permission, requires
from mailer.operations.parts import parts
from mailer.queue import TICK, enqueue
from mailer.sending import instance_guard
from mailer.sending.runs import control

bp = Blueprint("operations", __name__, url_prefix="/operations")
bp.add_app_template_global(lambda: instance_guard.why_held() is not None, "instance_is_held")
bp.add_app_template_global(lambda: storage.disk_state()[0], "disk_state")


@bp.get("")
@requires(Permission.OVERSEE)
def index() -> str:
    """Heartbeats, queues, clocks, and whether this is the true instance."""
    return render_template(
        "operations/index.html",
        parts=parts(),
        reason=instance_guard.why_held(),
        label_of=instance_guard.label_of,
        open_run_count=instance_guard.open_run_count(),
        instance=instance_guard.confirmation(),
        warnings=current_app.config["WARNINGS"],
        may_confirm=current_user.can(Permission.ADMINISTER),
    )


@bp.post("/confirm-instance")
@requires(Permission.ADMINISTER)
def confirm_instance() -> ResponseReturnValue:
    """An administrator's word that this is the one true instance."""
    if instance_guard.why_held() is not None:
        paused_count = instance_guard.confirm(current_user.email, pause_runs=control.pause_restored)
        enqueue(TICK)
        flash(_("Confirmed: sending goes on by the rules of each mailing."), "success")
        if paused_count:
            flash(instance_guard.paused_text(paused_count), "warning")
    return redirect(url_for("operations.index"), 303)
