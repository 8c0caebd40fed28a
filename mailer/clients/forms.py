"""Forms of the clients' pages: shape and format of what is typed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, Optional
from wtforms.widgets import TextArea

from mailer.clients import values
from mailer.clients.locales import clean_language
from mailer.clients.reasons import explain
from mailer.clients.refused import ValueRefused
from mailer.forms import FlaskForm
from mailer.zones import ZoneField

ACTIONS = frozenset(
    {"delete", "suppress", "unsuppress", "merge", "add_tag", "remove_tag", "set_language", "set_timezone"}
)


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
    """A `CleanField` of several lines."""

    widget = TextArea()


class FilterForm(FlaskForm):
    """What a segment is called."""

    name = CleanField(_l("Name of the segment"), validators=[InputRequired(), Length(max=150)])


class TagForm(FlaskForm):
    """What a tag is called from now on."""

    name = CleanField(_l("New name of the tag"), values.clean_tags)

    def validate_name(self, field: CleanField) -> None:
        """One tag, no list of them."""
        if field.cleaned is not None and len(field.cleaned) != 1:  # what cannot be cleaned has its reason already
            raise ValidationError(_("Type one tag."))


class BulkForm(FlaskForm):
    """What to do to the marked clients, and the tag, the language or the time zone it is about."""

    tag_name = CleanField(_l("Tag"), values.clean_tags, validators=[Optional()])
    language = CleanField(_l("Language"), clean_language, validators=[Optional()])
    timezone = ZoneField(_l("Time zone"), may_be_empty=True, validators=[Optional()])
    action = HiddenField()

    def validate_action(self, field: HiddenField) -> None:
        """Only actions that exist; a tag where one is needed, and only one."""
        if field.data not in ACTIONS:
            raise ValidationError(_("Choose what to do."))
        if field.data.endswith("_tag") and len(self.tag_name.cleaned or ()) != 1:
            raise ValidationError(_("Type one tag."))
        if field.data == "set_timezone" and not self.timezone.data and not self.timezone.errors:
            raise ValidationError(_("Type a city, or a time zone such as Europe/Berlin."))
