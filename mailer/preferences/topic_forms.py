"""The form of a topic."""

from __future__ import annotations

from functools import partial

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import ValidationError
from wtforms.validators import InputRequired, Length, Optional

from mailer.clients import values
from mailer.clients.forms import CleanField
from mailer.forms import FlaskForm


class TopicForm(FlaskForm):
    """A tag, and what readers call it."""

    tag = CleanField(_l("Tag"), values.clean_tags, validators=[InputRequired(), Length(max=102)])
    label = CleanField(
        _l("Name that readers see"),
        partial(values.clean_text, limit=100),
        validators=[InputRequired(), Length(max=100)],
    )
    hint = CleanField(
        _l("What comes, and how often"), partial(values.clean_text, limit=200), validators=[Optional(), Length(max=200)]
    )

    def validate_tag(self, field: CleanField) -> None:
        """One tag, no list of them."""
        if field.cleaned is not None and len(field.cleaned) != 1:
            raise ValidationError(_("Type one tag."))
