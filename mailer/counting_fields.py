"""What the form of a mailing, and that of a series, asks about clicks and opens; `_counted.html` shows it."""

from __future__ import annotations

from flask_babel import get_locale
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Form

from mailer.composing.names import typed_as


class CountingFields(Form):
    """Whether clicks and opens are counted."""

    counts_clicks = BooleanField(_l("Count clicks on links"))
    counts_opens = BooleanField(_l("Count opens"))

    @property
    def notice_placeholder(self) -> str:
        """What puts the sentence on the counting into a message, in the reader's language."""
        return typed_as("tracking_notice", get_locale().language)
