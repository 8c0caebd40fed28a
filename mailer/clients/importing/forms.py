"""Forms of an import: the file, and what to do with it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from werkzeug.datastructures import MultiDict
from wtforms import RadioField, StringField
from wtforms.validators import InputRequired, Length, Optional

from mailer.clients import labels, values
from mailer.clients.forms import CleanField
from mailer.clients.importing.columns import IGNORE, NEW_FIELDS, OWN, check_columns
from mailer.forms import FlaskForm, one_line
from mailer.models.client_field import ClientField

MAX_CONSENT = 200  # characters


class UploadForm(FlaskForm):
    """The file."""

    file = FileField(_l("File"), validators=[FileRequired(_l("Choose a file."))])


class StartForm(FlaskForm):
    """What to do with the rows."""

    existing = RadioField(
        _l("Clients already on your list"),
        choices=[
            ("update", _l("Update them from the file")),
            ("leave", _l("Leave them as they are")),
        ],
        default="update",
    )
    mode = RadioField(
        _l("Rows with mistakes"),
        choices=[
            ("valid", _l("Import the good rows and report the others")),
            ("all", _l("All or nothing: one bad row, and nothing is written")),
        ],
        default="valid",
    )
    consent = StringField(
        _l("How did these people agree to your emails?"),
        [
            InputRequired(_l("Say it in a few words: you may have to prove it one day.")),
            Length(max=MAX_CONSENT),
            one_line,
        ],
    )
    tags = CleanField(_l("Tags for all clients of this file"), values.clean_tags, validators=[Optional()])


def usual_consents() -> list[str]:
    """What owners mostly answer, to choose from."""
    return [
        _("They ticked a box in a form on our site"),
        _("They agreed when they bought from us"),
        _("They signed a paper form"),
        _("They subscribed in our former mailing service"),
    ]


def target_choices(own: Sequence[ClientField]) -> list[tuple[str, str]]:
    """What a column can be taken for."""
    known = [(name, str(label)) for name, label in labels.FIELDS.items()]
    mine = [(f"{OWN}{field.id}", field.label) for field in own]
    new = [
        (target, _("New field: %(type)s", type=str(labels.FIELD_TYPES[kind]).lower()))
        for target, kind in NEW_FIELDS.items()
    ]
    return [*known, *mine, *new, (IGNORE, _("Do not import"))]


def chosen_targets(form: MultiDict[str, Any], names: list[str], own: Sequence[ClientField]) -> list[str]:
    """The choice for every column (`column-0`, `column-1`, …); raises `ValueRefused` for one that cannot work."""
    targets = read_targets(form, len(names), own)
    check_columns(targets, names)
    return targets


def read_targets(form: MultiDict[str, Any], count: int, own: Sequence[ClientField]) -> list[str]:
    """What was chosen for each of `count` columns, unchecked, to be shown again; an unknown choice is `IGNORE`."""
    known = {*labels.FIELDS, *NEW_FIELDS, *(f"{OWN}{field.id}" for field in own), IGNORE}
    typed = (form.get(f"column-{place}", IGNORE) for place in range(count))
    return [target if target in known else IGNORE for target in typed]
