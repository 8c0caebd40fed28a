"""What a message form may hold; whether it makes a message is the service's to say."""

from typing import Any

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from mailer.composing.languages import offered
from mailer.form_refill import Refillable
from mailer.forms import FlaskForm, Versioned, one_line
from mailer.messages.services import MessageDraft


class MessageForm(Refillable, Versioned, FlaskForm):
    """Subject and two bodies, and the version of the message that was opened."""

    name = StringField(
        _l("Name for your lists"),
        [Optional(), Length(max=150), one_line],
        description=_l("Readers do not see it. If you leave it empty, the subject is used."),
    )
    subject = StringField(_l("Subject"), [InputRequired(_l("Write a subject."))])
    html_body = TextAreaField(_l("Formatted text (HTML)"))
    text_body = TextAreaField(
        _l("Plain text"),
        [Optional()],
        description=_l(
            "For mail programs that do not show HTML. If you leave it empty, it is made from the formatted text."
        ),
    )
    language = SelectField(
        _l("Language of the message"),
        description=_l(
            "For screen readers and translation in mail programs, and for the text of the unsubscribe link."
        ),
    )
    text_fits = BooleanField(_l("I have checked: the plain text still fits"))
    copied_from = HiddenField()  # the message that a new one began as
    takes_files = BooleanField(_l("Copy its files too"), default=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.language.choices = offered(str(get_locale()))
        if not self.language.data:  # a new message, or a form of before
            self.language.data = current_user.language

    def draft(self) -> MessageDraft:
        """What was typed."""
        html, text = ((field.data or "").replace("\r\n", "\n") for field in (self.html_body, self.text_body))
        name, fits = self.name.data or "", bool(self.text_fits.data)
        return MessageDraft(self.subject.data or "", html, text, name, self.language.data, text_fits=fits)
