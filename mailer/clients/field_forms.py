"""Forms of own fields: what a field is, and its value of one client."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, RadioField, SelectField, ValidationError
from wtforms.validators import InputRequired, Length, Optional

from mailer.clients import values
from mailer.clients.field_values import CleanValue, clean_value, each_once
from mailer.clients.forms import CleanField, CleanTextField
from mailer.clients.labels import FIELD_TYPES
from mailer.clients.refused import ValueRefused
from mailer.composing.value_forms import NO, YES
from mailer.forms import FlaskForm
from mailer.models.client_field import MOST_CHOICES, ClientField, FieldType

MAX_CHOICE = 100


def clean_choices(raw: str) -> list[str]:
    """Choices typed one a line, each once whatever its case."""
    choices = each_once(values.clean_text(line, MAX_CHOICE) for line in raw.splitlines())
    if len(choices) > MOST_CHOICES:
        raise ValueRefused("too_many_choices", limit=MOST_CHOICES)
    return choices


class FieldForm(FlaskForm):
    """A field as its owner describes it. `type` is for a new one: another type of a field that is there has a page."""

    label = CleanField(
        _l("Name of the field"), values.clean_attribute_name, validators=[InputRequired(), Length(max=50)]
    )
    type = RadioField(
        _l("What it holds"), choices=[(kind.value, label) for kind, label in FIELD_TYPES.items()], default="text"
    )
    choices = CleanTextField(_l("Choices"), clean_choices, validators=[Length(max=6000)])
    is_listed = BooleanField(_l("Show it in the list of clients"))

    def validate_choices(self, field: CleanTextField) -> None:
        """Refuse a field of choices without any."""
        if self.type.data == FieldType.CHOICE and not field.cleaned:
            raise ValidationError(_("Write at least one choice."))

    @classmethod
    def of(cls, shown: ClientField) -> FieldForm:
        """The form that shows a field."""
        return cls(
            label=shown.label, type=shown.type.value, choices="\n".join(shown.choices), is_listed=shown.is_listed
        )


class TypeForm(FlaskForm):
    """Another type of a field that is there."""

    type = RadioField(_l("What it holds"), choices=[(kind.value, label) for kind, label in FIELD_TYPES.items()])


def input_of(field: ClientField) -> Any:
    """The input for the field's value of one client, to be put into a form."""
    if field.type is FieldType.BOOLEAN:
        return SelectField(field.label, choices=[("", "—"), (YES, _l("yes")), (NO, _l("no"))], default="")
    if field.type is FieldType.CHOICE:
        return SelectField(
            field.label, choices=[("", "—"), *((choice, choice) for choice in field.choices)], default=""
        )
    kinds: dict[FieldType, dict[str, object]] = {
        FieldType.DATE: {"type": "date", "min": "1800-01-01", "max": "2199-12-31"},
        FieldType.NUMBER: {"inputmode": "decimal", "maxlength": 30},
    }
    look: dict[str, object] = {"autocomplete": "off", "maxlength": values.MAX_ATTRIBUTE} | kinds.get(field.type, {})
    return CleanField(field.label, lambda raw: clean_value(field, raw), validators=[Optional()], render_kw=look)


def cleaned_of(field: ClientField, input_: Any) -> CleanValue:
    """The value in a valid input that `input_of` made."""
    cleaned = getattr(input_, "cleaned", None)
    return cleaned if isinstance(cleaned, CleanValue) else clean_value(field, input_.data or "")
