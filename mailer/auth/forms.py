"""Shape and format of what people type into the forms of accounts."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from flask import current_app
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf.file import FileField, FileRequired
from wtforms import (
    BooleanField,
    EmailField,
    Field,
    Form,
    PasswordField,
    SelectField,
    StringField,
    TelField,
    ValidationError,
)
from wtforms.validators import DataRequired, InputRequired, Length, Optional

from mailer import places
from mailer.auth import addresses
from mailer.auth.refusals import explain
from mailer.auth.weakness import MAX_BYTES, MIN_CHARACTERS, weakness
from mailer.form_refill import Refillable
from mailer.forms import LANGUAGE_NAMES, FlaskForm
from mailer.sending.senders import name_fault
from mailer.zones import ZoneField

PHONE = re.compile(r"\+?[0-9][0-9 ().-]*")
BIDI_CONTROLS = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def strip(value: str | None) -> str | None:
    """Without spaces around it."""
    return value.strip() if value else value


def is_address(_form: Form, field: Field) -> None:
    """An address we can write to; the field then holds its normal form."""
    try:
        field.data = addresses.normalise(field.data)
    except ValueError as error:
        raise ValidationError(
            _("This is not an email address we can write to. It should look like name@example.org.")
        ) from error


def is_strong(form: Form, field: Field) -> None:
    """A password that is not among the first tried against the address in the form or of the person signed in."""
    own = form["email"].data if "email" in form else getattr(current_user, "email", "")
    if reason := weakness(field.data, own or ""):
        raise ValidationError(explain(reason))


def is_one_line(_form: Form, field: Field) -> None:
    """Text without control characters, line breaks of any kind and direction marks."""
    for character in field.data or "":
        if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or character in BIDI_CONTROLS:
            raise ValidationError(_("The text contains a character that cannot be used here."))


def is_no_imitation(_form: Form, field: Field) -> None:
    """A name that may stand before the address of mailings."""
    fault = name_fault(field.data or "")
    if fault == "address":
        raise ValidationError(_("A name that looks like an address deceives readers. Write who you are."))
    if fault == "service":
        raise ValidationError(_("This is the name of the service itself. Write who you are."))


def is_phone(_form: Form, field: Field) -> None:
    """A telephone number as people write it, of 5 to 15 digits (E.164)."""
    digit_count = sum(character.isdecimal() for character in field.data)
    if not PHONE.fullmatch(field.data) or not 5 <= digit_count <= 15:
        raise ValidationError(_("This does not look like a telephone number. Example: +7 495 123-45-67."))


def email_field(autocomplete: str = "email", label: Any = None, **attributes: Any) -> Any:
    """A required address; browsers offer the right keyboard and the right entries."""
    return EmailField(
        label or _l("Email"),
        filters=[strip],
        validators=[DataRequired(_l("Enter your email address.")), is_address],
        render_kw={"autocomplete": autocomplete, "inputmode": "email", "autocapitalize": "none", "spellcheck": "false"}
        | attributes,
    )


def known_password_field(label: Any, **attributes: Any) -> Any:
    """A password that was set before."""
    return PasswordField(
        label,
        validators=[InputRequired(_l("Enter your password.")), Length(max=MAX_BYTES)],
        render_kw={"autocomplete": "current-password"} | attributes,
    )


def new_password_field(label: Any, **attributes: Any) -> Any:
    """A password to be set."""
    return PasswordField(
        label,
        description=_l("At least 8 characters. A few words in a row are easy to remember and hard to guess."),
        validators=[InputRequired(_l("Choose a password.")), is_strong],
        render_kw={"autocomplete": "new-password", "minlength": MIN_CHARACTERS} | attributes,
    )


class LoginForm(FlaskForm):
    """Signing in."""

    email = email_field("username", autofocus=True)
    password = known_password_field(_l("Password"))
    remember = BooleanField(_l("Remember me on this device"))


class CodeForm(FlaskForm):
    """A code of the app, or a recovery code."""

    code = StringField(
        _l("Code"),
        filters=[strip],
        validators=[DataRequired(_l("Enter the code.")), Length(max=40)],
        render_kw={"autocomplete": "one-time-code", "autofocus": True, "autocapitalize": "none", "spellcheck": "false"},
    )


class PresentPasswordForm(FlaskForm):
    """The password, to be sure who asks."""

    password = known_password_field(_l("Current password"))


class PasswordAndCodeForm(FlaskForm):
    """Both proofs of a person, where the second factor itself changes."""

    password = known_password_field(_l("Current password"))
    code = StringField(
        _l("Code"),
        filters=[strip],
        validators=[DataRequired(_l("Enter the code.")), Length(max=40)],
        render_kw={"autocomplete": "one-time-code", "autocapitalize": "none", "spellcheck": "false"},
    )


class RegistrationForm(FlaskForm):
    """Opening an account. Its password is chosen by whoever follows the mailed link."""

    email = email_field("email", autofocus=True)
    consent = BooleanField(
        _l("I agree to the processing of my personal data"),
        validators=[InputRequired(_l("Without your agreement we may not keep an account for you."))],
    )


class InvitedForm(FlaskForm):
    """Opening an account by an invitation, which says the address."""

    email = EmailField(_l("Email"), render_kw={"readonly": True})
    password = new_password_field(_l("Password"))
    consent = BooleanField(
        _l("I agree to the processing of my personal data"),
        validators=[InputRequired(_l("Without your agreement we may not keep an account for you."))],
    )


class InvitationForm(FlaskForm):
    """Whom to invite."""

    email = email_field("off", autofocus=True)


class AddressForm(FlaskForm):
    """Where a mail is to be sent."""

    email = email_field("email", autofocus=True)


class ConfirmationForm(FlaskForm):
    """The password of an account whose address is proved by a mailed link."""

    password = new_password_field(_l("Password"), autofocus=True)


class NewPasswordForm(FlaskForm):
    """A new password by a mailed link."""

    password = new_password_field(_l("New password"), autofocus=True)


class PasswordForm(FlaskForm):
    """A new password by the present one."""

    current = known_password_field(_l("Current password"))
    new = new_password_field(_l("New password"))


class NewAddressForm(FlaskForm):
    """The password of the account that moves to a new address."""

    password = known_password_field(_l("Password of the account"), autofocus=True)


class EmailForm(FlaskForm):
    """A new address; the present password is asked for."""

    new_email = email_field("email", _l("New address"))
    password = known_password_field(_l("Current password"))


class OwnAddressForm(FlaskForm):
    """A further address of one's own."""

    email = email_field("email", _l("Another address of yours"))


class AvatarForm(FlaskForm):
    """A picture."""

    picture = FileField(
        _l("Choose a picture"),
        description=_l("PNG, JPEG or WebP, up to 5 MB. It is cut to a square."),
        validators=[FileRequired(_l("Choose a file."))],
        render_kw={"accept": "image/png,image/jpeg,image/webp"},
    )


class ProfileForm(Refillable, FlaskForm):
    """What a person says about themselves."""

    name = StringField(
        _l("Name"),
        filters=[strip],
        validators=[Optional(), Length(max=150), is_one_line, is_no_imitation],
        render_kw={"autocomplete": "name"},
    )
    phone = TelField(
        _l("Telephone"),
        filters=[strip],
        validators=[Optional(), Length(max=32), is_phone],
        render_kw={"autocomplete": "tel", "inputmode": "tel"},
    )
    country = SelectField(_l("Country"), validators=[Optional()], render_kw={"autocomplete": "country"})
    timezone = ZoneField(_l("Time zone"), description=_l("All times are shown in it. Type a city."))
    language = SelectField(_l("Language"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        language = str(get_locale())
        self.country.choices = [("", _("Not given")), *places.countries(language)]
        self.language.choices = [(code, LANGUAGE_NAMES[code]) for code in current_app.config["LANGUAGES"]]
