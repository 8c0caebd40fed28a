"""For staff: sending domains that are warmed up, their ceilings of today and of the days ahead."""

from __future__ import annotations

from datetime import timedelta
from itertools import zip_longest

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import IntegerField, StringField, ValidationError
from wtforms.validators import InputRequired, Length

from mailer.access import Permission, requires
from mailer.errors import Refusal
from mailer.flashes import flash_undo, refusal_flashed
from mailer.forms import FlaskForm, boxes, number_within, one_line
from mailer.http import provider_label
from mailer.input_limits import without_impossible
from mailer.models.warm_up import (
    FASTEST_GROWTH,
    LARGEST_START,
    LARGEST_TARGET,
    LONGEST_NAME,
    SLOWEST_GROWTH,
    SMALLEST_START,
    WarmUp,
)
from mailer.operations import warm_ups
from mailer.readable import readable_domain
from mailer.sending import warm_up_standing
from mailer.sending.warm_up_plan import Plan
from mailer.sending.warm_ups import NAMES, plan_of

bp = Blueprint("warm_ups", __name__, url_prefix="/operations/warm-ups")
OTHERS = "others"  # as a value of a form, where the name is empty
DAYS_BACK, DAYS_AHEAD = 14, 30


class WarmUpForm(FlaskForm):
    """A plan."""

    domain = StringField(
        _l("Sending domain"),
        [InputRequired(_l("Type a domain.")), Length(max=LONGEST_NAME), one_line],
        description=_l("The domain of the service, or a verified domain of an owner."),
    )
    start_count = IntegerField(
        _l("Emails on the first day"),
        [InputRequired(_l("Type a number.")), number_within(SMALLEST_START, LARGEST_START)],
        default=200,
        description=_l("For each provider."),
    )
    growth_percent = IntegerField(
        _l("Growth a day, per cent"),
        [InputRequired(_l("Type a number.")), number_within(SLOWEST_GROWTH, FASTEST_GROWTH)],
        default=50,
        description=_l("After a day that went well. Gmail says that doubling may already be too fast."),
    )
    target_count = IntegerField(
        _l("Warmed up from, emails a day"),
        [InputRequired(_l("Type a number.")), number_within(SMALLEST_START, LARGEST_TARGET)],
        default=50_000,
        description=_l("When a provider’s ceiling would exceed this, the ceiling is lifted."),
    )
    names = boxes(
        _l("Providers"),
        coerce=str,
        choices=[(name or OTHERS, "") for name in NAMES],
        default=[name or OTHERS for name in NAMES],
    )

    def validate_target_count(self, field: IntegerField) -> None:
        """Not below the start."""
        if (field.data or 0) < (self.start_count.data or 0):
            raise ValidationError(_("Not less than on the first day."))

    def validate_names(self, field: IntegerField) -> None:
        """At least one."""
        if not field.data:
            raise ValidationError(_("Choose at least one."))


@bp.get("")
@requires(Permission.OVERSEE)
def index() -> str:
    """All of them; `domain`: of the one to be started."""
    typed = without_impossible(request.args.get("domain", "")[:LONGEST_NAME])
    return _index(WarmUpForm(formdata=None, domain=typed or warm_ups.service_domain()))


@bp.post("")
@requires(Permission.ADMINISTER)
def start() -> ResponseReturnValue:
    """Begin to warm a domain up."""
    form = WarmUpForm()
    if not form.validate_on_submit():
        return _index(form), 422
    plan = Plan(form.start_count.data or 0, form.growth_percent.data or 0, form.target_count.data or 0)
    names = [name for name in NAMES if (name or OTHERS) in (form.names.data or [])]
    try:
        warm_up = warm_ups.start(form.domain.data or "", plan, names)
    except Refusal as refusal:
        form.domain.errors = [str(refusal)]
        return _index(form), 422
    flash(_("%(domain)s is being warmed up from now on.", domain=readable_domain(warm_up.domain)), "success")
    return _to_page(warm_up.id)


@bp.get("/<int:warm_up_id>")
@requires(Permission.OVERSEE)
def show(warm_up_id: int) -> str:
    """Today, the days ahead, and the days that were."""
    warm_up = found(warm_up_id)
    providers = warm_up_standing.standing(warm_up)
    tracks = [] if warm_up.ended_at or warm_up.paused_at else warm_up_standing.tracks(plan_of(warm_up), providers)
    today = warm_up_standing.service_today()
    rows = zip_longest(*(days for _names, days in tracks))
    ahead = [(today + timedelta(days=number), row) for number, row in enumerate(rows)]
    return render_template(
        "operations/warm_up.html", warm_up=warm_up, providers=providers, tracks=[names for names, _days in tracks],
        ahead=ahead[:DAYS_AHEAD], is_cut=len(ahead) > DAYS_AHEAD, days_back=DAYS_BACK,
        past=warm_ups.days_since(warm_up, today - timedelta(days=DAYS_BACK)),
        label=provider_label, may_change=current_user.can(Permission.ADMINISTER),
    )  # fmt: skip


@bp.post("/<int:warm_up_id>/pause")
@requires(Permission.ADMINISTER)
def pause(warm_up_id: int) -> ResponseReturnValue:
    """Grow no further for now."""
    if warm_ups.set_growth(found(warm_up_id), is_held=True):
        flash_undo(_("The ceilings stay as they are."), url_for("warm_ups.resume", warm_up_id=warm_up_id))
    return _to_page(warm_up_id)


@bp.post("/<int:warm_up_id>/resume")
@requires(Permission.ADMINISTER)
def resume(warm_up_id: int) -> ResponseReturnValue:
    """Grow again."""
    if warm_ups.set_growth(found(warm_up_id), is_held=False):
        flash(_("The ceilings grow again after each day that goes well."), "success")
    return _to_page(warm_up_id)


@bp.post("/<int:warm_up_id>/end")
@requires(Permission.ADMINISTER)
def end(warm_up_id: int) -> ResponseReturnValue:
    """Limit nothing any more."""
    if warm_ups.end(found(warm_up_id)):
        flash_undo(
            _("The warm-up has ended: there are no more ceilings, and the waiting emails go out now."),
            url_for("warm_ups.go_on", warm_up_id=warm_up_id),
        )
    return _to_page(warm_up_id)


@bp.post("/<int:warm_up_id>/go-on")
@requires(Permission.ADMINISTER)
def go_on(warm_up_id: int) -> ResponseReturnValue:
    """Take the end back."""
    with refusal_flashed():
        if warm_ups.go_on(found(warm_up_id)):
            flash(_("The warm-up goes on where it was."), "success")
    return _to_page(warm_up_id)


def found(warm_up_id: int) -> WarmUp:
    """The one of this id; 404 for none."""
    warm_up = warm_ups.find(warm_up_id)
    if warm_up is None:
        abort(404)
    return warm_up


def _to_page(warm_up_id: int) -> ResponseReturnValue:
    return redirect(url_for("warm_ups.show", warm_up_id=warm_up_id), 303)


def _index(form: WarmUpForm) -> str:
    form.names.choices = [(name or OTHERS, provider_label(name) if name else _("all other domains")) for name in NAMES]
    latest = warm_ups.latest()
    return render_template(
        "operations/warm_ups.html", form=form, warm_ups=latest, standings=warm_up_standing.standings(latest),
        may_change=current_user.can(Permission.ADMINISTER),
    )  # fmt: skip
