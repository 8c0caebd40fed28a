"""For staff: by which ways mail comes back, and whether they work."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.flashes import refusal_flashed
from mailer.models.mail_report import Door
from mailer.returns import probe
from mailer.returns.standing import standing

bp = Blueprint("returns", __name__, url_prefix="/operations/returns")


@bp.get("")
@requires(Permission.OVERSEE)
def index() -> str:
    """Each door and what came in by it last."""
    found = standing()
    read_at = datetime.fromtimestamp(found.reading.at, UTC) if found.reading is not None else None
    return render_template(
        "returns/index.html",
        standing=found,
        doors=Door,
        read_at=read_at,
        may_read=current_user.can(Permission.ADMINISTER),
        probe=probe.last(),
        servers=probe.servers(),
    )


@bp.get("/probe")
@requires(Permission.OVERSEE)
def show_probe() -> str:
    """Where the probe is: the part of the page that fetches itself until the end."""
    probe.ask_mailbox()
    return render_template("returns/_probe.html", standing=standing(), probe=probe.last())


@bp.post("/probe")
@requires(Permission.ADMINISTER)
def send_probe() -> ResponseReturnValue:
    """Send one."""
    with refusal_flashed():
        probe.start(request.form.get("server", "")[:300])
    return redirect(url_for("returns.index", _anchor="probe"), 303)
