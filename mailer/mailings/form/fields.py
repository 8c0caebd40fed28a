"""What a mailing's form may hold; rules about dates and ownership are the service's."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from mailer import owner_choices
from mailer.composing.sender_name import NAME_LENGTH
from mailer.counting_fields import CountingFields
from mailer.form_refill import Refillable
from mailer.forms import FlaskForm, Versioned, boxes, one_line
from mailer.input_limits import whole_number
from mailer.mailings.form import choices
from mailer.mailings.form.calendar_fields import CalendarFields
from mailer.models.mailing import Audience, InDoubtRule
from mailer.models.user import User
from mailer.readable import readable_address
from mailer.sending import senders

AUDIENCES = [
    (Audience.EVERYONE.value, _l("Everyone on my list")),
    (Audience.TAGS.value, _l("Clients with a tag")),
    (Audience.FILTER.value, _l("People in segments")),
    (Audience.CLIENTS.value, _l("Chosen clients")),
]
IN_DOUBT_RULES = [
    (InDoubtRule.HOLD.value, _l("Do nothing and ask me: nobody gets it twice")),
    (InDoubtRule.RESEND.value, _l("Send once more after 15 minutes: somebody may get it twice")),
]


def _id_or_none(value: Any) -> int | None:
    """A database id as a form sends it; None for an empty choice."""
    return _id(value) if value not in (None, "", "None") else None


def _id(value: Any) -> int:
    return whole_number(str(value))


def no_imitation(_form: FlaskForm, field: Field) -> None:
    """Refuse names that look like an address, or like this service."""
    fault = senders.name_fault(field.data or "")
    if fault == "address":
        raise ValidationError(_("A name that looks like an address deceives readers. Write who you are."))
    if fault == "service":
        raise ValidationError(_("This is the name of the service itself. Write who you are."))


def printable_tags(_form: FlaskForm, field: Field) -> None:
    """Refuse what cannot be a tag."""
    if any(len(tag) > 50 or not tag.isprintable() for tag in field.data or []):
        raise ValidationError(_("There is no such tag."))


class MailingForm(Refillable, CalendarFields, CountingFields, Versioned, FlaskForm):
    """Name, message, recipients and calendar of a mailing."""

    name = StringField(
        _l("Name of the mailing"), [InputRequired(_l("Give the mailing a name.")), Length(max=150), one_line]
    )
    message_id = SelectField(
        _l("Message"), [InputRequired(_l("Choose a message."))], coerce=_id_or_none, validate_choice=False
    )
    audience = RadioField(_l("Who gets it"), choices=AUDIENCES, default=Audience.EVERYONE.value)
    tags = boxes(_l("Tags"), [printable_tags], validate_choice=False)
    segment_ids = boxes(_l("Segments"), coerce=_id, validate_choice=False)
    left_out_ids = boxes(_l("Leave out the people in these segments"), coerce=_id, validate_choice=False)
    client_ids = SelectMultipleField(_l("Clients"), coerce=_id, validate_choice=False)
    in_doubt_rule = RadioField(
        _l("If the connection breaks when an email may already have been sent"),
        choices=IN_DOUBT_RULES,
        default=InDoubtRule.HOLD.value,
    )
    sender_name = StringField(_l("Sender’s name"), [Optional(), Length(max=NAME_LENGTH), one_line, no_imitation])
    reply_to = SelectField(_l("Reply-to"), coerce=_id_or_none, validate_choice=False)
    is_read = False  # filled from a sentence, for the person to look at

    def offer(self, owner: User) -> None:
        """Fill the choices with what `owner` has."""
        self.message_id.choices = [("", _("Choose…")), *owner_choices.messages(owner.id)]
        self.tags.choices = _tag_choices(owner.id, self.tags.data or [])
        self.segment_ids.choices = self.left_out_ids.choices = owner_choices.segments(owner.id)
        own = [(address.id, readable_address(address.email)) for address in senders.own_addresses(owner.id)]
        self.reply_to.choices = [("", readable_address(owner.email)), *own]
        self.offer_countries()


class CalendarForm(CalendarFields, FlaskForm):
    """The fields that the next moments follow from, as they are typed."""

    class Meta:
        """Of WTForms."""

        csrf = False  # read only


def _tag_choices(owner_id: int, chosen: list[str]) -> list[tuple[str, str]]:
    """Tags in use, and those chosen that nobody has any more."""
    counts = dict.fromkeys(chosen, 0) | dict(choices.tags(owner_id))
    return [(tag, f"{tag} ({count})") for tag, count in sorted(counts.items(), key=lambda item: item[0].lower())]
