"""The form by which an owner makes a sign-up form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import TextArea

from mailer.clients import values
from mailer.clients.forms import CleanField, CleanTextField
from mailer.forms import LANGUAGE_NAMES, FlaskForm, boxes, one_line
from mailer.models.client_field import ClientField
from mailer.models.sign_up import (
    MAX_CONSENT,
    MAX_MAIL_SUBJECT,
    MAX_MAIL_TEXT,
    MAX_TEXT,
    MAX_TITLE,
    ConsentKind,
    SignUpForm,
)
from mailer.signup import mails
from mailer.signup.questions import choices_of


def _lines(limit: int) -> Any:
    return lambda raw: values.clean_text(raw, limit, is_multiline=True)


class SettingsForm(FlaskForm):
    """A sign-up form as its owner describes it."""

    name = CleanField(
        _l("Name"),
        validators=[InputRequired(), Length(max=MAX_TITLE)],
        description=_l("For you; visitors do not see it."),
    )
    language = SelectField(_l("Language of the form"), choices=[*LANGUAGE_NAMES.items()])
    title = CleanField(_l("Heading"), validators=[InputRequired(), Length(max=MAX_TITLE)])
    intro = CleanTextField(
        _l("Text above the form"),
        _lines(MAX_TEXT),
        validators=[Optional(), Length(max=MAX_TEXT)],
        description=_l("What people will get, and how often."),
    )
    asked = boxes(_l("What to ask for besides the address"))
    required = boxes(_l("Required fields"))
    consent_mail = CleanTextField(
        _l("Consent to mailings"),
        _lines(MAX_CONSENT),
        validators=[InputRequired(), Length(max=MAX_CONSENT)],
        description=_l(
            "Shown beside a box that people tick. Every version is kept together with those who agreed to it."
        ),
    )
    consent_data = CleanTextField(
        _l("Consent to processing of personal data"),
        _lines(MAX_CONSENT),
        validators=[Optional(), Length(max=MAX_CONSENT)],
        description=_l("A separate box, as Russian law requires. Leave it empty if you do not need it."),
    )
    tags = CleanField(
        _l("Tags"),
        values.clean_tags,
        validators=[Optional()],
        description=_l("Given to everybody who signs up here. Separated by commas."),
    )
    mail_subject = StringField(
        _l("Subject of the email with the link"), validators=[InputRequired(), Length(max=MAX_MAIL_SUBJECT), one_line]
    )
    mail_text = StringField(
        _l("Text of the email with the link"),
        widget=TextArea(),
        validators=[InputRequired(), Length(max=MAX_MAIL_TEXT)],
    )
    after_text = CleanTextField(
        _l("What to show when the address is confirmed"),
        _lines(MAX_TEXT),
        validators=[Optional(), Length(max=MAX_TEXT)],
    )
    is_owner_told = BooleanField(
        _l("Tell me by email about new people"), description=_l("At once, and then once an hour at most.")
    )

    def validate_required(self, field: Any) -> None:
        """What has to be filled in is asked for."""
        missing = [
            label for name, label in field.choices if name in (field.data or ()) and name not in (self.asked.data or ())
        ]
        if missing:
            raise ValidationError(_("“%(name)s” is required, but the form does not ask for it.", name=missing[0]))

    def validate_mail_subject(self, field: StringField) -> None:
        """Only placeholders that the mail knows."""
        _check(field)

    def validate_mail_text(self, field: StringField) -> None:
        """Only placeholders that the mail knows."""
        _check(field)

    def values(self) -> dict[str, Any]:
        """Columns of `SignUpForm`, once the form is valid."""
        cleaned = ("name", "title", "intro", "after_text")
        return {name: self[name].cleaned or "" for name in cleaned} | {
            "language": self.language.data,
            "asked": self.asked.data or [],
            "required": self.required.data or [],
            "tags": self.tags.cleaned or [],
            "mail_subject": self.mail_subject.data,
            "mail_text": (self.mail_text.data or "").replace("\r\n", "\n"),
            "is_owner_told": self.is_owner_told.data,
        }

    def texts(self) -> dict[ConsentKind, str]:
        """What is agreed to."""
        return {
            ConsentKind.MAIL: self.consent_mail.cleaned or "",
            ConsentKind.DATA: self.consent_data.cleaned or "",
        }


def settings_form(fields: Sequence[ClientField], shown: dict[str, Any] | None = None) -> SettingsForm:
    """The form for an owner with these fields, filled with `shown`."""
    form = SettingsForm(data=shown)
    choices = choices_of(fields)
    form.asked.choices, form.required.choices = choices, choices
    return form


def new_values(language: str) -> dict[str, Any]:
    """What a new form begins with."""
    is_known = language in current_app.config["LANGUAGES"]
    language = language if is_known else current_app.config["BABEL_DEFAULT_LOCALE"]
    return {
        "language": language,
        "asked": ["first_name"],
        "mail_subject": mails.default_subject(language),
        "mail_text": mails.default_text(language),
        "consent_mail": mails.default_consent(language),
    }


def values_of(form: SignUpForm, texts: dict[ConsentKind, str]) -> dict[str, Any]:
    """What the page of a form shows."""
    names = ("name", "title", "intro", "after_text", "language", "mail_subject", "mail_text", "is_owner_told")
    return {name: getattr(form, name) for name in names} | {
        "asked": [*form.asked],
        "required": [*form.required],
        "tags": values.join_tags(form.tags),
        "consent_mail": texts.get(ConsentKind.MAIL, ""),
        "consent_data": texts.get(ConsentKind.DATA, ""),
    }


def _check(field: StringField) -> None:
    try:
        mails.parsed(field.data or "")
    except mails.UnknownPlaceholder as unknown:
        if not str(unknown):
            raise ValidationError(_("A placeholder is broken: write it as {{ link }}.")) from unknown
        raise ValidationError(
            _(
                "There is no placeholder “%(name)s” here. You can use {{ link }}, {{ sender }} and {{ form }}.",
                name=str(unknown),
            )
        ) from unknown
