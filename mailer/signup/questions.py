"""What a form asks for: our fields and the owner's own, and the WTForms form that visitors fill in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, Optional

from mailer.clients import labels, values
from mailer.clients.address import normalise
from mailer.clients.field_forms import cleaned_of, input_of
from mailer.clients.forms import CleanField
from mailer.forms import FlaskForm
from mailer.models.client_field import ClientField
from mailer.models.sign_up import MAX_PAGE, ConsentKind, ConsentText, SignUpForm

OF_OURS: Mapping[str, tuple[Any, str]] = MappingProxyType(  # how each is cleaned, and what browsers fill it in with
    {
        "first_name": (values.clean_name, "given-name"),
        "last_name": (values.clean_name, "family-name"),
        "patronymic": (values.clean_name, "additional-name"),
        "birth_year": (values.clean_year, "bday-year"),
    }
)
TRAP = "website"  # a field that people do not see


def name_of(field: ClientField) -> str:
    """What a field of the owner's is called in `SignUpForm.asked`."""
    return f"field:{field.id}"


def input_name(name: str) -> str:
    """What its input is called: without a colon."""
    return name.replace(":", "_")


def choices_of(fields: Iterable[ClientField]) -> list[tuple[str, Any]]:
    """Everything a form may ask for besides the address, with its words."""
    return [(name, labels.FIELDS[name]) for name in OF_OURS] + [(name_of(field), field.label) for field in fields]


class ConsentBox(BooleanField):
    """A box whose value is the number of the text it stands beside, the newest of `versions`. Nobody finds it ticked
    beforehand."""

    def __init__(self, label: Any, versions: Sequence[ConsentText], **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.text = versions[-1]
        self._ids = {str(version.id): version.id for version in versions}
        self.agreed_id: int | None = None

    def process_formdata(self, valuelist: list[str]) -> None:
        """A version of this form's text, the newest or one that a snippet still shows."""
        self.agreed_id = self._ids.get(valuelist[0]) if valuelist else None
        self.data = self.agreed_id == self.text.id

    def _value(self) -> str:
        return str(self.text.id)

    def pre_validate(self, form: Any) -> None:
        """It has to be ticked."""
        if self.agreed_id is None:
            raise ValidationError(_("Tick this box to sign up."))


class Questions(FlaskForm):
    """A form as a visitor fills it in; `questions_of` makes it. It proves nothing and so has no token."""

    own_fields: Sequence[ClientField] = ()
    asked: Sequence[str] = ()

    email = CleanField(
        _l("Email"),
        normalise,
        validators=[InputRequired(), Length(max=320)],
        render_kw={"type": "email", "autocomplete": "email", "inputmode": "email", "maxlength": 320},
    )
    website = StringField()
    page = StringField(validators=[Length(max=MAX_PAGE)])
    challenge = StringField(validators=[Length(max=200)])
    proof = StringField(validators=[Length(max=200)])

    @property
    def inputs(self) -> list[Any]:
        """The inputs besides the address, in their order."""
        return [self[input_name(name)] for name in self.asked]

    @property
    def boxes(self) -> list[ConsentBox]:
        """The boxes to tick."""
        return [self[f"consent_{kind.value}"] for kind in ConsentKind if f"consent_{kind.value}" in self]

    @property
    def answers(self) -> dict[str, str]:
        """What was answered, by the names of `asked`; what was left empty is not in it."""
        own = {name_of(field): field for field in self.own_fields}
        found = {
            name: cleaned_of(own[name], self[input_name(name)]).text
            if name in own
            else str(self[input_name(name)].cleaned or "")
            for name in self.asked
        }
        return {name: answer for name, answer in found.items() if answer}

    @property
    def typed(self) -> dict[str, str]:
        """Every value once more, to be sent again from the page that asks for a button."""
        found = {field.name: field.data or "" for field in (self.email, *self.inputs)}
        return found | {box.name: str(box.agreed_id) for box in self.boxes}


def questions_of(form: SignUpForm, texts: Sequence[ConsentText], own: Sequence[ClientField]) -> Questions:
    """The form that a visitor of `form` fills in. `texts` are all versions, `own` the owner's fields that are shown."""
    fields = {name_of(field): field for field in own}
    asked = [name for name in form.asked if name in fields or name in OF_OURS]
    inputs = {input_name(name): _input(name, fields.get(name), name in form.required) for name in asked}
    boxes = {}
    for kind in ConsentKind:
        of_kind = [text for text in texts if text.kind is kind]
        if of_kind and of_kind[-1].wording:
            versions = [text for text in of_kind if text.wording]
            boxes[f"consent_{kind.value}"] = ConsentBox(labels_of_consent()[kind], versions)
    own_fields = [fields[name] for name in asked if name in fields]
    made = type("QuestionsOfAForm", (Questions,), inputs | boxes | {"asked": asked, "own_fields": own_fields})
    return cast(Questions, made(meta={"csrf": False}))


def labels_of_consent() -> dict[ConsentKind, Any]:
    """What a box is about, in a word."""
    return {ConsentKind.MAIL: _l("Consent to mailings"), ConsentKind.DATA: _l("Consent to processing of personal data")}


def _input(name: str, own: ClientField | None, is_required: bool) -> Any:
    first = InputRequired() if is_required else Optional()
    if own is None:
        clean, fill = OF_OURS[name]
        look = {"autocomplete": fill, "maxlength": 150}
        return CleanField(labels.FIELDS[name], clean, validators=[first], render_kw=look)
    made = input_of(own)
    made.kwargs["validators"] = [first]
    return made
