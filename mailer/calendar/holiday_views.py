"""The page of an owner's holidays."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import DateField, RadioField, StringField
from wtforms.validators import InputRequired, Length, ValidationError

from mailer import days_off
from mailer.access import Permission, requires
from mailer.calendar import holidays
from mailer.clock import utcnow
from mailer.errors import Refusal
from mailer.forms import FlaskForm
from mailer.input_limits import number_or_none

bp = Blueprint("holidays", __name__, url_prefix="/holidays")
FIRST_YEAR, LAST_YEAR = 1995, 2100


class HolidayForm(FlaskForm):
    """A date of the owner's own: a day off, or a weekend or holiday that is worked."""

    day = DateField(_l("Date"), [InputRequired(_l("Choose a date."))])
    kind = RadioField(
        _l("This date is"), choices=[("off", _l("a day off")), ("work", _l("a working day"))], default="off"
    )
    name = StringField(_l("Holiday"), [Length(max=100)])

    def validate_day(self, field: DateField) -> None:
        """Refuse years that no mailing reaches."""
        if field.data is not None and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
            raise ValidationError(_("Choose a year from %(first)s to %(last)s.", first=FIRST_YEAR, last=LAST_YEAR))

    def validate_name(self, field: StringField) -> None:
        """A day off has a name."""
        if self.kind.data == "off" and not (field.data or "").strip():
            raise ValidationError(_("Give the holiday a name."))


@bp.get("")
@requires(Permission.SEND)
def index() -> str:
    """A year of one country's holidays, with the owner's changes."""
    return _page(HolidayForm(formdata=None), _country(request.args.get("country")), _year())


@bp.post("")
@requires(Permission.SEND)
def add() -> ResponseReturnValue:
    """A day off or a working day of one's own."""
    form, country = HolidayForm(), _country(request.form.get("country"))
    if not form.validate():
        return _page(form, country, _year()), 422
    assert form.day.data is not None
    return _set(country, form.day.data, str(form.name.data).strip() if form.kind.data == "off" else None)


@bp.post("/work")
@requires(Permission.SEND)
def work() -> ResponseReturnValue:
    """Make a holiday a working day."""
    return _set(_country(request.form.get("country")), _day(), None)


@bp.post("/forget")
@requires(Permission.SEND)
def forget() -> ResponseReturnValue:
    """Leave a day to the country's calendar again."""
    country, day = _country(request.form.get("country")), _day()
    holidays.forget_change(current_user, country, day)
    return _back(country, day)


def _set(country: str, day: date, name: str | None) -> ResponseReturnValue:
    try:
        holidays.set_day(current_user, country, day, name)
        flash(_("Saved. Mailings that observe these holidays follow the new list from now on."), "success")
    except Refusal as refusal:
        flash(str(refusal), "danger")
    return _back(country, day)


def _back(country: str, day: date) -> ResponseReturnValue:
    state = _state(country, request.form.get("state"))
    return redirect(url_for("calendar.holidays.index", country=country, state=state, year=day.year), 303)


def _page(form: HolidayForm, country: str, year: int) -> str:
    language, state = str(get_locale()), _state(country, request.values.get("state"))
    return render_template(
        "calendar/holidays.html",
        form=form,
        country=country,
        countries=[(days_off.OWN, _("Only my own dates")), *days_off.countries(language)],
        states=days_off.subdivisions(country),
        state=state,
        year=year,
        holidays=holidays.holidays_of(current_user, country, state, year, language),
    )


def _country(code: str | None) -> str:
    if code is None:
        return "RU" if str(get_locale()) == "ru" else days_off.OWN
    if not days_off.is_known(code):
        abort(404)
    return code


def _state(country: str, code: str | None) -> str | None:
    """The state or province; none where the country, just changed, has no such one."""
    return code if code and code in dict(days_off.subdivisions(country)) else None


def _year() -> int:
    year = number_or_none(request.args.get("year", utcnow().year), 4)
    return year if year is not None and FIRST_YEAR <= year <= LAST_YEAR else abort(404)


def _day() -> date:
    try:
        return date.fromisoformat(request.form.get("day", ""))
    except ValueError:
        abort(400)
