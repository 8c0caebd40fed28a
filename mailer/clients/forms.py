"""Forms of the clients' pages: shape and format of what is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import HiddenInput, TextArea

from mailer.clients import labels, values
from mailer.clients.address import normalise
from mailer.clients.reasons import explain
from mailer.clients.refused import ValueRefused
from mailer.form_refill import Refillable
from mailer.forms import FlaskForm
from mailer.models.client import Client


class CleanField(StringField):
    """A line whose `cleaned` value is what `clean` makes of it; its refusal becomes the field's error."""

    def __init__(self, label: Any = None, clean: Callable[[str], Any] = values.clean_name, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self._clean = clean
        self.cleaned: Any = None

    def pre_validate(self, form: Any) -> None:
        """Clean, or say why not."""
        try:
            self.cleaned = self._clean(self.data or "")
        except ValueRefused as refused:
            raise ValidationError(explain(refused.code, refused.params)) from refused


class CleanTextField(CleanField):
    """The same with several lines."""

    widget = TextArea()


class ClientForm(Refillable, FlaskForm):
    """A client as typed by hand."""

    email = CleanField(labels.FIELDS["email"], normalise)
    last_name = CleanField(labels.FIELDS["last_name"], validators=[Optional()])
    first_name = CleanField(labels.FIELDS["first_name"], validators=[Optional()])
    patronymic = CleanField(labels.FIELDS["patronymic"], validators=[Optional()])
    birth_year = CleanField(labels.FIELDS["birth_year"], values.clean_year, validators=[Optional()])
    tags = CleanField(labels.FIELDS["tags"], values.clean_tags, validators=[Optional()])
    comment = CleanTextField(labels.FIELDS["comment"], values.clean_comment, validators=[Optional()])
    attributes = CleanTextField(_l("Custom fields"), values.clean_attributes, validators=[Optional()])
    version = IntegerField(widget=HiddenInput(), validators=[Optional()])

    @classmethod
    def of(cls, client: Client) -> ClientForm:
        """The form that shows what is known of a client."""
        return cls(
            email=client.email,
            last_name=client.last_name,
            first_name=client.first_name,
            patronymic=client.patronymic,
            birth_year="" if client.birth_year is None else str(client.birth_year),
            tags=values.join_tags(client.tags),
            comment=client.comment,
            attributes="\n".join(f"{name}: {value}" for name, value in client.attributes.items()),
            version=client.version,
        )

    def values(self) -> dict[str, Any]:
        """Columns of `Client` with their values, once the form is valid."""
        names = ("last_name", "first_name", "patronymic", "birth_year", "tags", "comment", "attributes")
        email, key = self.email.cleaned
        return {"email": email, "email_key": key} | {name: self[name].cleaned for name in names}


class FilterForm(FlaskForm):
    """What a saved filter is called."""

    name = CleanField(_l("Name of the filter"), validators=[InputRequired(), Length(max=150)])


class TagForm(FlaskForm):
    """What a tag is called from now on."""

    name = CleanField(_l("New name of the tag"), values.clean_tags)

    def validate_name(self, field: CleanField) -> None:
        """One tag, no list of them."""
        if field.cleaned is not None and len(field.cleaned) != 1:  # what cannot be cleaned has its reason already
            raise ValidationError(_("Type one tag."))


class BulkForm(FlaskForm):
    """What to do to the marked clients, and the tag it is about."""

    tag_name = CleanField(_l("Tag"), values.clean_tags, validators=[Optional()])
    action = HiddenField()

    def validate_action(self, field: HiddenField) -> None:
        """Only actions that exist; a tag where one is needed, and only one."""
        if field.data not in ("delete", "suppress", "unsuppress", "add_tag", "remove_tag"):
            raise ValidationError(_("Choose what to do."))
        if field.data.endswith("_tag") and len(self.tag_name.cleaned or ()) != 1:
            raise ValidationError(_("Type one tag."))
