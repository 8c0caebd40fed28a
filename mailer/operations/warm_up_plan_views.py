"""For administrators: another growth or target of a warm-up that goes on, and what that changes, said before."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField
from wtforms.validators import InputRequired

from mailer.access import Permission, requires
from mailer.errors import Refusal
from mailer.forms import FlaskForm, number_within
from mailer.http import provider_label
from mailer.models.warm_up import FASTEST_GROWTH, LARGEST_TARGET, SLOWEST_GROWTH, SMALLEST_START, WarmUp
from mailer.operations import warm_ups
from mailer.operations.warm_up_views import bp, found
from mailer.sending import warm_up_standing
from mailer.sending.warm_up_plan import Plan


class PlanForm(FlaskForm):
    """What of a plan may change."""

    growth_percent = IntegerField(
        _l("Growth a day, per cent"),
        [InputRequired(_l("Type a number.")), number_within(SLOWEST_GROWTH, FASTEST_GROWTH)],
    )
    target_count = IntegerField(
        _l("Warm from, emails a day"),
        [InputRequired(_l("Type a number.")), number_within(SMALLEST_START, LARGEST_TARGET)],
    )


@bp.get("/<int:warm_up_id>/plan")
@requires(Permission.ADMINISTER)
def plan(warm_up_id: int) -> ResponseReturnValue:
    """The numbers as they are; with others in the address, what these would change."""
    warm_up = found(warm_up_id)
    if "growth_percent" not in request.args:
        asked = {"growth_percent": warm_up.growth_percent, "target_count": warm_up.target_count}
        return _page(warm_up, PlanForm(formdata=None, data=asked))
    form = PlanForm(formdata=request.args, meta={"csrf": False})
    return (_page(warm_up, form, is_asked=True), 200) if form.validate() else (_page(warm_up, form), 422)


@bp.post("/<int:warm_up_id>/plan")
@requires(Permission.ADMINISTER)
def change_plan(warm_up_id: int) -> ResponseReturnValue:
    """Change it."""
    warm_up, form = found(warm_up_id), PlanForm()
    if not form.validate_on_submit():
        return _page(warm_up, form), 422
    try:
        is_other = warm_ups.change_plan(warm_up, form.growth_percent.data or 0, form.target_count.data or 0)
    except Refusal as refusal:
        form.target_count.errors = [str(refusal)]
        return _page(warm_up, form), 409
    if is_other:
        flash(_("The plan is changed. The ceilings of today stay; the next day follows the new plan."), "success")
    return redirect(url_for("warm_ups.show", warm_up_id=warm_up_id), 303)


def _page(warm_up: WarmUp, form: PlanForm, *, is_asked: bool = False) -> str:
    changed = None
    if is_asked:
        asked = Plan(
            warm_up.start_count, form.growth_percent.data or 0, form.target_count.data or 0,
            warm_up.paused_at is not None,
        )  # fmt: skip
        changed = list(zip(warm_up_standing.standing(warm_up), warm_up_standing.standing(warm_up, asked), strict=True))
    return render_template(
        "operations/warm_up_plan.html", warm_up=warm_up, form=form, changed=changed, label=provider_label,
        is_same=is_asked and (form.growth_percent.data, form.target_count.data) == (
            warm_up.growth_percent, warm_up.target_count
        ),
    )  # fmt: skip
