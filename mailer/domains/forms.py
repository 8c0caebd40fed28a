"""What an owner types about a domain."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, StringField, ValidationError
from wtforms.validators import InputRequired, Length

from mailer.composing.headers import HeaderError, ascii_address
from mailer.domains.services import DomainRefused, read_name
from mailer.forms import FlaskForm, one_line

LONGEST_LOCAL_PART = 64


class DomainForm(FlaskForm):
    """One more domain."""

    domain = StringField(_l("Domain"), [InputRequired(_l("Type a domain.")), Length(max=300), one_line])

    def validate_domain(self, field: Field) -> None:
        """Refuse what is no domain of theirs."""
        try:
            read_name(field.data)
        except DomainRefused as refusal:
            raise ValidationError(str(refusal)) from None


class SenderForm(FlaskForm):
    """What stands before the @."""

    local_part = StringField(
        _l("Emails leave from"), [InputRequired(_l("Type what stands before the @.")), Length(max=LONGEST_LOCAL_PART)]
    )

    def validate_local_part(self, field: Field) -> None:
        """Refuse what is no part of an address."""
        text = field.data or ""
        try:
            ascii_address(f"{text}@example.org")
        except HeaderError:
            raise ValidationError(_("Latin letters, digits and . _ - + only.")) from None
        if text.startswith(".") or text.endswith(".") or ".." in text:
            raise ValidationError(_("Latin letters, digits and . _ - + only."))
