"""What all forms have in common."""

from __future__ import annotations

import unicodedata
from typing import Any, cast

import flask_wtf
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectField,
    SelectMultipleField,
    StringField,
    ValidationError,
)
from wtforms.validators import NumberRange
from wtforms.widgets import CheckboxInput, ListWidget

from mailer.input_limits import is_impossible, number_or_none, without_impossible

LONGEST_NUMBER = 19  # digits of the largest bigint
DIGITS_OF_VERSION = 9  # of a row: within an integer

LANGUAGE_NAMES = {"ru": "Русский", "en": "English"}  # each in itself


class TypedByPeople:
    """A form whose fields hold only what a person can type and a column can hold; mixed into forms of other makers."""

    class Meta:
        """Also of the forms that are parts of another: WTForms' own errors in the reader's language."""

        def get_translations(self, _form: Form) -> Any:
            """Those of Flask-WTF, which asks Flask-Babel for the language."""
            return flask_wtf.i18n.translations

    def validate(self, extra_validators: Any = None) -> bool:
        """Whether everything is right; a field with an impossible value says so, before any other question is asked."""
        for field in cast(Form, self):
            _empty_when_blank(field)
        impossible = [field for field in cast(Form, self) if _is_impossible(field)]
        for field in impossible:
            _refuse(field)
        return not impossible and bool(super().validate(extra_validators))  # type: ignore[misc]


class Versioned:
    """A form that knows which version of a row it was opened with; mixed in, and its field drawn hidden."""

    version = HiddenField()

    @property
    def opened_version(self) -> int | None:
        """The version, None for a new row."""
        return number_or_none(self.version.data, DIGITS_OF_VERSION)


class FlaskForm(TypedByPeople, flask_wtf.FlaskForm):  # type: ignore[misc]
    """A form of ours, with the token of Flask-WTF."""


def faults_of(form: Any) -> list[tuple[str, str, str]]:
    """Each wrong field with its first error, those of repeated parts too: id, label and error, in the form's order."""
    found = []
    for field in form:
        parts = [entry.form for entry in field if isinstance(entry, FormField)] if isinstance(field, FieldList) else []
        found += [fault for part in parts for fault in faults_of(part)]
        found += [(field.id, field.label.text, error) for error in field.errors if not isinstance(error, (dict, list))][
            :1
        ]
    return found


def name_of_copy(name: str, longest: int) -> str:
    """The name of something made like another: cut to so many characters so that it still says that it is a copy."""
    too_long = len(_("%(name)s (copy)", name=name)) - longest
    return _("%(name)s (copy)", name=name[: len(name) - max(0, too_long)])


def boxes(label: Any, validators: list[Any] | None = None, **settings: Any) -> Any:
    """A field of several choices, each with a box to tick; `settings` are those of SelectMultipleField. What is none of
    them is not repeated in the error: it is forged, and as long as somebody likes. None need be ticked; WTForms'
    Optional is no validator for it, since behind an empty value it lets any others pass."""
    unknown = _l("Choose only from what is offered here.")
    words = {"invalid_choice_message": unknown, "invalid_value_message": unknown}
    look = {"widget": ListWidget(prefix_label=False), "option_widget": CheckboxInput()}
    return SelectMultipleField(label, validators, **(words | look | settings))


def number_within(smallest: int, largest: int) -> NumberRange:
    """A validator: both bounds are allowed, and told."""
    return NumberRange(smallest, largest, _l("A number from %(min)s to %(max)s."))


def one_line(_form: Form, field: Field) -> None:
    """A validator: refuses line breaks and other control characters, which no name and no subject holds."""
    if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in field.data or ""):
        raise ValidationError(_("Line breaks and control characters are not allowed here."))


def may_be_empty(_form: Form, field: Field) -> None:
    """A validator: nothing typed is no fault by itself. Unlike WTForms' Optional it lets the form's own check of the
    field follow (`validate_NAME`), which Optional leaves out where nothing is typed."""
    if not field.raw_data or not str(field.raw_data[0]).strip():
        field.errors = []


def _empty_when_blank(field: Field) -> None:
    """Let a line that must be filled in be empty when nothing in it can be seen: a name of one space names nothing.
    A choice of blanks alone is none, too: WTForms' Optional would let the blanks pass."""
    if isinstance(field, SelectField) and isinstance(field.data, str) and not field.data.strip():
        field.data, field.raw_data = "", [""]
    is_asked = isinstance(field, StringField) and not isinstance(field, PasswordField) and field.flags.required
    if is_asked and isinstance(field.data, str) and not any(_is_seen(character) for character in field.data):
        field.data, field.raw_data = "", [""]


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in {"Cc", "Cf", "Zs", "Zl", "Zp"}


def _is_impossible(field: Field) -> bool:
    texts = [text for text in field.raw_data or () if isinstance(text, str)]
    is_number = isinstance(field, IntegerField)
    return any(is_impossible(text) or (is_number and not _may_be_number(text)) for text in texts)


def _may_be_number(text: str) -> bool:
    """`int` reads digits of any script, as many as there are; what is no number at all, WTForms says."""
    return text.isascii() and len(text.strip()) <= LONGEST_NUMBER


def _refuse(field: Field) -> None:
    if isinstance(field, IntegerField):
        field.errors, field.data, field.raw_data = [_("Write a whole number in digits.")], None, [""]
        return
    field.errors = [_("A character here could not be saved and was removed: check the rest.")]
    field.raw_data = [without_impossible(text) if isinstance(text, str) else text for text in field.raw_data or ()]
    field.process_errors = []
    if isinstance(field.data, str):
        field.data = without_impossible(field.data)
    elif isinstance(field.data, list):
        field.data = [without_impossible(each) if isinstance(each, str) else each for each in field.data]
