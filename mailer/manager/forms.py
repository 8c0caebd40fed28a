"""What those who oversee fill in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Field,
    Form,
    IntegerField,
    SelectField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import DataRequired, Length, NumberRange, Optional

from mailer.access import Permission
from mailer.forms import FlaskForm, boxes
from mailer.manager.labels import permission_labels, role_labels
from mailer.models.user import Role


def is_text(_form: Form, field: Field) -> None:
    """Text that the database can hold."""
    if "\0" in (field.data or ""):
        raise ValidationError(_l("The text contains a character that cannot be used here."))


class ReasonForm(FlaskForm):
    """Why; the person concerned reads it."""

    reason = TextAreaField(
        _l("Reason"),
        description=_l("The person concerned will read this, in an email and in the service."),
        filters=[lambda value: value.strip() if value else value],
        validators=[DataRequired(_l("Give a reason: the person concerned will ask.")), Length(max=500), is_text],
        render_kw={"rows": 3, "maxlength": 500},
    )

    @property
    def text(self) -> str:
        """The reason, once the form is valid."""
        return self.reason.data or ""


class LimitsForm(FlaskForm):
    """How much may be sent, and whether somebody looks first."""

    daily_limit = IntegerField(
        _l("Emails in 24 hours"),
        description=_l("Leave empty for no limit."),
        validators=[Optional(), NumberRange(0, 2_000_000_000, _l("A number from 0 to 2,000,000,000."))],
        render_kw={"inputmode": "numeric", "min": 0},
    )
    needs_approval = BooleanField(_l("A manager must approve every mailing before it is sent"))


class RoleForm(FlaskForm):
    """What the person is here for."""

    role = SelectField(_l("Role"), coerce=Role)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.role.choices = [(role.value, label) for role, label in role_labels().items()]


class PermissionsForm(FlaskForm):
    """What one person may do besides their role."""

    granted = boxes(_l("Permissions"), coerce=Permission)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.granted.choices = [(one.value, label) for one, label in permission_labels().items()]
