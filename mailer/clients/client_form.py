"""The form of one client: our fields, and the owner's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import IntegerField, SelectField, ValidationError
from wtforms.validators import Optional
from wtforms.widgets import HiddenInput

from mailer.clients import labels, values
from mailer.clients.address import normalise
from mailer.clients.field_forms import cleaned_of, input_of
from mailer.clients.field_values import CleanValue, clean_value, columns_for, field_named
from mailer.clients.forms import CleanField, CleanTextField
from mailer.clients.reasons import explain
from mailer.clients.refused import ValueRefused
from mailer.composing.languages import offered
from mailer.form_refill import Refillable
from mailer.forms import FlaskForm
from mailer.models.client import Client
from mailer.models.client_field import ClientField
from mailer.readable import readable_address
from mailer.zones import ZoneField


class ClientForm(Refillable, FlaskForm):
    """A client as typed by hand. `client_form` makes it, with an input for each of the owner's fields."""

    own_fields: Sequence[ClientField] = ()
    archived: Sequence[str] = ()  # keys
    typed_below: Mapping[int, CleanValue] = MappingProxyType({})

    email = CleanField(labels.FIELDS["email"], normalise)
    last_name = CleanField(labels.FIELDS["last_name"], validators=[Optional()])
    first_name = CleanField(labels.FIELDS["first_name"], validators=[Optional()])
    patronymic = CleanField(labels.FIELDS["patronymic"], validators=[Optional()])
    birth_year = CleanField(labels.FIELDS["birth_year"], values.clean_year, validators=[Optional()])
    language = SelectField(labels.FIELDS["language"], validators=[Optional()], default="")
    timezone = ZoneField(labels.FIELDS["timezone"], may_be_empty=True, description=_l("Type a city."))
    tags = CleanField(labels.FIELDS["tags"], values.clean_tags, validators=[Optional()])
    comment = CleanTextField(labels.FIELDS["comment"], values.clean_comment, validators=[Optional()])
    attributes = CleanTextField(_l("More fields"), values.clean_attributes, validators=[Optional()])
    version = IntegerField(widget=HiddenInput(), validators=[Optional()])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = [("", _("Not known")), *offered(str(get_locale()))]

    def validate_attributes(self, field: CleanTextField) -> None:
        """A line called as a field that is empty above is that field's value."""
        self.typed_below = {}
        for name, raw in list((field.cleaned or {}).items()):
            own = field_named(name, self.own_fields)
            if own is None:
                continue
            if self[input_name(own)].data:
                raise ValidationError(_("“%(name)s” has a field of its own above.", name=name))
            try:
                self.typed_below[own.id] = clean_value(own, raw)
            except ValueRefused as refused:
                raise ValidationError(f"{name}: {explain(refused.code, refused.params)}") from refused
            del field.cleaned[name]

    @property
    def own_inputs(self) -> list[Any]:
        """The inputs of the owner's fields, in the owner's order."""
        return [self[input_name(field)] for field in self.own_fields]

    def values(self, client: Client | None) -> dict[str, Any]:
        """Columns of `Client` with their values, once the form is valid; what it does not show of `client` stays."""
        names = ("last_name", "first_name", "patronymic", "birth_year", "tags", "comment")
        email, key = self.email.cleaned
        typed = {field.id: cleaned_of(field, self[input_name(field)]) for field in self.own_fields}
        texts, slots = columns_for(self.own_fields, typed | dict(self.typed_below))
        known = client.attributes if client is not None else {}
        unseen = {name: known[name] for name in self.archived if name in known}
        attributes = unseen | (self.attributes.cleaned or {}) | texts
        return (
            {"email": email, "email_key": key, "attributes": attributes}
            | {"language": self.language.data, "timezone": self.timezone.data or ""}
            | {name: self[name].cleaned for name in names}
            | slots
        )


def client_form(
    fields: Sequence[ClientField], archived: Sequence[str] = (), client: Client | None = None
) -> ClientForm:
    """The form with an input for each of `fields`, filled with what is known of `client`.

    Values under the `archived` keys are neither shown nor lost.
    """
    inputs = {input_name(field): input_of(field) for field in fields}
    kind = type("OwnersClientForm", (ClientForm,), inputs | {"own_fields": [*fields], "archived": [*archived]})
    return cast(ClientForm, kind(**_shown(client, fields, archived)) if client is not None else kind())


def input_name(field: ClientField) -> str:
    """What the input of a field is called."""
    return f"field_{field.id}"


def _shown(client: Client, fields: Sequence[ClientField], archived: Sequence[str]) -> dict[str, Any]:
    hidden = {field.key for field in fields} | {*archived}
    return {
        "email": readable_address(client.email),
        "last_name": client.last_name,
        "first_name": client.first_name,
        "patronymic": client.patronymic,
        "birth_year": "" if client.birth_year is None else str(client.birth_year),
        "language": client.language,
        "timezone": client.timezone,
        "tags": values.join_tags(client.tags),
        "comment": client.comment,
        "attributes": "\n".join(f"{name}: {value}" for name, value in client.attributes.items() if name not in hidden),
        "version": client.version,
        **{input_name(field): client.attributes.get(field.key, "") for field in fields},
    }
