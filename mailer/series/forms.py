"""What the form of a series may hold."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    Field,
    FieldList,
    Form,
    FormField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectField,
    StringField,
    TimeField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError

from mailer import owner_choices
from mailer.counting_fields import CountingFields
from mailer.days_off import countries
from mailer.forms import FlaskForm, TypedByPeople, Versioned, may_be_empty, one_line
from mailer.models.series import (
    LONGEST_DAYS,
    LONGEST_HOURS,
    LONGEST_LATE,
    LONGEST_OFFSET,
    MOST_STEPS,
    DelayKind,
    Entry,
)
from mailer.models.user import User
from mailer.series import labels, queries
from mailer.zones import ZoneField

WHEN = [("on", _l("on the day itself")), ("before", _l("days before")), ("after", _l("days after"))]


class StepForm(TypedByPeople, Form):
    """One step."""

    id = HiddenField()
    message_id = SelectField(_l("Message"), [InputRequired(_l("Choose a message."))], validate_choice=False)
    count = IntegerField(
        _l("Wait for"), [InputRequired(_l("Write a whole number in digits.")), NumberRange(0, LONGEST_DAYS)], default=0
    )
    kind = SelectField(_l("Unit"), default=DelayKind.HOURS.value)
    at = TimeField(_l("Time"), [may_be_empty])

    def validate_count(self, field: Field) -> None:
        """Hours are for short delays."""
        if self.kind.data == DelayKind.HOURS and (field.data or 0) > LONGEST_HOURS:
            raise ValidationError(_("At most %(num)s hours. Count longer delays in days.", num=LONGEST_HOURS))

    def validate_at(self, field: Field) -> None:
        """Days end at a time of day."""
        if self.kind.data != DelayKind.HOURS and field.data is None and not field.errors:
            raise ValidationError(_("Choose the time."))


class SeriesForm(Versioned, CountingFields, FlaskForm):
    """Name, steps, who enters, who leaves, and when nothing is sent."""

    name = StringField(
        _l("Name of the series"), [InputRequired(_l("Give the series a name.")), Length(max=100), one_line]
    )
    timezone = ZoneField(_l("Time zone"))
    in_own_zones = BooleanField(_l("Times of day are in each client’s own time zone"), default=True)
    steps = FieldList(FormField(StepForm), min_entries=1, max_entries=MOST_STEPS)

    entry = RadioField(_l("Who enters"), default=Entry.HAND.value)
    entry_tag = StringField(_l("Tag"), [may_be_empty, Length(max=50), one_line])
    entry_segment_id = SelectField(_l("Segment"), [may_be_empty], validate_choice=False)
    entry_field_id = SelectField(_l("Date field"), [may_be_empty], validate_choice=False)
    entry_when = SelectField(_l("When"), choices=WHEN, default="on")
    entry_days = IntegerField(_l("Days"), [Optional(), NumberRange(0, LONGEST_OFFSET)], default=0)
    entry_at = TimeField(_l("Time"), [may_be_empty])
    entry_is_yearly = BooleanField(_l("Every year, as a birthday"))
    takes_present = BooleanField(_l("Include clients who already have the tag or are in the segment"))
    allows_again = BooleanField(_l("Let people go through the series again"))

    leaves_with_segment = BooleanField(_l("People who drop out of the segment leave the series"))
    goal_tag = StringField(_l("Goal: people who get this tag leave"), [Optional(), Length(max=50), one_line])

    window_opens = TimeField(_l("Send from"), [Optional()])
    window_closes = TimeField(_l("until"), [may_be_empty])
    working_days_only = BooleanField(_l("Send on working days only"))
    holiday_country = SelectField(_l("Holidays of"), [Optional()])
    late_limit_hours = IntegerField(
        _l("Latest delay, hours"), [InputRequired(), NumberRange(0, LONGEST_LATE)],
        default=12,
    )  # fmt: skip
    confirmed = HiddenField()

    def offer(self, owner: User, language: str) -> None:
        """Fill the choices with what `owner` has."""
        self.entry.choices = [(entry.value, label) for entry, label in labels.entries().items()]
        self.entry_segment_id.choices = [("", _("Choose…")), *owner_choices.segments(owner.id)]
        dates = [(str(field.id), field.label) for field in queries.date_fields_of(owner)]
        self.entry_field_id.choices = [("", _("Choose…")), *dates]
        self.holiday_country.choices = [("", _("no country")), *countries(language)]
        messages = [("", _("Choose…")), *owner_choices.messages(owner.id)]
        kinds = [(kind.value, label) for kind, label in labels.delay_kinds().items()]
        for step in self.steps:
            step.form.message_id.choices, step.form.kind.choices = messages, kinds

    def validate_entry_tag(self, field: Field) -> None:
        """A tag where one makes people enter."""
        if self.entry.data == Entry.TAG and not (field.data or "").strip():
            raise ValidationError(_("Type the tag."))

    def validate_entry_segment_id(self, field: Field) -> None:
        """A segment of the owner's where it is needed."""
        is_needed = self.entry.data == Entry.SEGMENT or self.leaves_with_segment.data
        known = _known(field)
        if (is_needed and not field.data) or (field.data and field.data not in known):
            raise ValidationError(_("Choose a segment."))

    def validate_entry_field_id(self, field: Field) -> None:
        """A date field of the owner's where it is needed."""
        known = _known(field)
        if (self.entry.data == Entry.DATE and not field.data) or (field.data and field.data not in known):
            raise ValidationError(_("Choose a field that holds a date."))

    def validate_entry_at(self, field: Field) -> None:
        """A time where a date makes people enter."""
        if self.entry.data == Entry.DATE and field.data is None and not field.errors:
            raise ValidationError(_("Choose the time."))

    def validate_window_closes(self, field: Field) -> None:
        """Both ends, or none, and not the same."""
        if (self.window_opens.data is None) != (field.data is None) and not field.errors:
            raise ValidationError(_("Enter both times or neither."))
        if field.data is not None and field.data == self.window_opens.data:
            raise ValidationError(_("The two times are the same."))


class PutInForm(FlaskForm):
    """Whom to put into which series."""

    series_id = SelectField(_l("Series"), validate_choice=False)
    whom = RadioField(
        _l("Whom"),
        choices=[("client", _l("One client")), ("segment", _l("A segment")), ("tag", _l("Everybody with a tag"))],
        default="client",
    )
    email = StringField(_l("Email address"), [Optional(), Length(max=254), one_line])
    segment_id = SelectField(_l("Segment"), [Optional()], validate_choice=False)
    tag = StringField(_l("Tag"), [Optional(), Length(max=50), one_line])
    confirmed = HiddenField()


def _known(field: Any) -> set[str]:
    return {str(value) for value, _label in field.choices or [] if value}
