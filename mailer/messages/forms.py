"""What a message form may hold; whether it makes a message is the service's to say."""

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Optional

from mailer.messages.services import Draft


class MessageForm(FlaskForm):  # type: ignore[misc]
    """Subject and two bodies, and the version of the message that was opened."""

    subject = StringField(_l("Subject"), [InputRequired(_l("Write a subject."))])
    html_body = TextAreaField(_l("Formatted text (HTML)"))
    text_body = TextAreaField(
        _l("Plain text"),
        [Optional()],
        description=_l("For mail programs that show no HTML. Left empty, it is made from the formatted text."),
    )
    version = HiddenField()

    def draft(self) -> Draft:
        """What was typed."""
        html, text = ((field.data or "").replace("\r\n", "\n") for field in (self.html_body, self.text_body))
        return Draft(self.subject.data or "", html, text)

    @property
    def opened_version(self) -> int | None:
        """The version this form was opened with."""
        typed = str(self.version.data or "")
        return int(typed) if typed.isdecimal() and len(typed) < 10 else None
