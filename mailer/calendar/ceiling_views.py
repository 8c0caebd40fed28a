"""How often one person may be written to: an owner's wish, over all mailings."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import IntegerField
from wtforms.validators import NumberRange, Optional

from mailer.access import Permission, requires
from mailer.calendar import services
from mailer.forms import FlaskForm
from mailer.models.user import MOST_OF_CEILING

bp = Blueprint("ceiling", __name__, url_prefix="/ceiling")
SANE = NumberRange(1, MOST_OF_CEILING, _l("A number from 1 to %(max)s."))


class CeilingForm(FlaskForm):
    """So many emails to one person."""

    person_daily_ceiling = IntegerField(
        _l("Emails to one person in a day"),
        validators=[Optional(), SANE],
        render_kw={"inputmode": "numeric", "min": 1, "max": MOST_OF_CEILING},
    )
    person_weekly_ceiling = IntegerField(
        _l("Emails to one person in seven days"),
        validators=[Optional(), SANE],
        render_kw={"inputmode": "numeric", "min": 1, "max": MOST_OF_CEILING},
    )


@bp.route("", methods=["GET", "POST"])
@requires(Permission.SEND)
def edit() -> ResponseReturnValue:
    """Show it, and change it."""
    form = CeilingForm(obj=current_user)
    if not form.is_submitted():
        return render_template("calendar/ceiling.html", form=form)
    if not form.validate():
        return render_template("calendar/ceiling.html", form=form), 422
    services.set_ceilings(current_user, form.person_daily_ceiling.data, form.person_weekly_ceiling.data)
    flash(_("Saved. It applies to every run that begins from now on."), "success")
    return redirect(url_for("calendar.index"), 303)
