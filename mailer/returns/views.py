"""For staff: by which ways mail comes back, and whether they work."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, render_template
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.models.mail_report import Door
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
    )
