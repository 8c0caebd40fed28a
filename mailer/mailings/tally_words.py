"""What the reasons of a run's tally are called."""

from __future__ import annotations

from flask_babel import gettext as _

from mailer.mailings.verdicts import reason_words
from mailer.models.delivery import Reason
from mailer.models.run_tally import RefusalKind


def why(reason: str) -> str:
    """A reason of a tally in the reader's language."""
    kinds = {
        RefusalKind.ADDRESS: _("there is no such address"),
        RefusalKind.MAILBOX: _("the mailbox is full or switched off"),
        RefusalKind.SIZE: _("the email is too large"),
        RefusalKind.POLICY: _("against the server’s rules, or taken for spam"),
        RefusalKind.OTHER: _("other responses of the server"),
    }
    if reason in kinds:
        return kinds[RefusalKind(reason)]
    return reason_words(Reason(reason))
