"""For staff: how many mails a minute a provider's recipients get, by rule and by what its servers said."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import format_decimal
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import IntegerField, StringField
from wtforms.validators import InputRequired, Length

from mailer.access import Permission, requires
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.forms import FlaskForm, number_within, one_line
from mailer.http import provider_label
from mailer.input_limits import without_impossible
from mailer.models.recipient_pace import LONGEST_NAME, MOST_A_MINUTE
from mailer.operations import paces
from mailer.recipient_domains import GROUPS
from mailer.sending import mx_groups
from mailer.sending.pacing import pace_now

bp = Blueprint("paces", __name__, url_prefix="/operations/paces")


class PaceForm(FlaskForm):
    """A rule."""

    name = StringField(
        _l("Recipient domain"),
        [InputRequired(_l("Type a domain.")), Length(max=LONGEST_NAME), one_line],
        description=_l(
            "A domain of a large provider stands for all of its domains and for the companies whose mail it takes."
        ),
    )
    per_minute = IntegerField(
        _l("Emails a minute, at most"),
        [InputRequired(_l("Type a number.")), number_within(1, MOST_A_MINUTE)],
    )


@bp.get("")
@requires(Permission.OVERSEE)
def index() -> str:
    """What holds now."""
    return _page(PaceForm(formdata=None))


@bp.post("")
@requires(Permission.ADMINISTER)
def set_rule() -> ResponseReturnValue:
    """One more rule, or another one for the same domain."""
    form = PaceForm()
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        name = paces.read_name(form.name.data or "")
        paces.set_rule(name, form.per_minute.data or 1)
    except Refusal as refusal:
        form.name.errors = [str(refusal)]
        return _page(form), 422
    count = format_decimal(form.per_minute.data)
    flash(_("%(domain)s: at most %(count)s a minute.", domain=provider_label(name), count=count), "success")
    return redirect(url_for("paces.index"), 303)


@bp.post("/end-rule")
@requires(Permission.ADMINISTER)
def end_rule() -> ResponseReturnValue:
    """No rule any more."""
    if paces.end_rule(_named()):
        flash(_("The rule is removed."), "success")
    return redirect(url_for("paces.index"), 303)


@bp.post("/end-rest")
@requires(Permission.ADMINISTER)
def end_rest() -> ResponseReturnValue:
    """Send again at once."""
    if paces.end_rest(_named()):
        flash(_("The servers’ answers are cleared."), "success")
    return redirect(url_for("paces.index"), 303)


def _named() -> str:
    return without_impossible(request.form.get("name", "")[:LONGEST_NAME])


def _page(form: PaceForm) -> str:
    return render_template(
        "operations/paces.html", form=form, paces=paces.paces(), label=provider_label, pace_now=pace_now, now=utcnow(),
        domains_of=GROUPS, groups_by_mx=mx_groups.groups_by_mx(), may_change=current_user.can(Permission.ADMINISTER),
    )  # fmt: skip
