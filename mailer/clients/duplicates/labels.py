"""What groups of clients have in common, in words."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.clients.duplicates.finding import Likeness


def kinds() -> dict[Likeness, str]:
    """The kinds, as one chooses among them."""
    return {
        Likeness.MAILBOX: _("The same mailbox"),
        Likeness.PHONE: _("The same phone number"),
        Likeness.NAME: _("The same name and birthday"),
    }
