"""The blueprint that the view modules of this feature share; `views.py` offers it to the factory."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import select

from mailer.access import get_visible
from mailer.extensions import db
from mailer.models.mailing import Audience, Mailing
from mailer.models.series import SeriesStep

bp = Blueprint("mailings", __name__, url_prefix="/mailings")


@bp.before_request
def lead_to_the_series() -> ResponseReturnValue | None:
    """A step of a series is shown and changed with its series; its runs alone have pages here."""
    about = request.view_args or {}
    mailing_id = about.get("mailing_id")
    if mailing_id is None or "run_id" in about or not current_user.is_authenticated:
        return None
    is_step = select(Mailing.id).where(Mailing.id == mailing_id, Mailing.audience == Audience.SERIES)
    if db.session.scalar(is_step) is None:
        return None
    mailing = get_visible(Mailing, mailing_id, current_user)
    if request.method not in {"GET", "HEAD"}:
        abort(404)
    series_id = db.session.scalar(select(SeriesStep.series_id).where(SeriesStep.mailing_id == mailing.id))
    return redirect(url_for("series.show", series_id=series_id))
