"""What the actions of the journal are called."""

from __future__ import annotations

from flask_babel import pgettext

from mailer.models.journal_entry import Action


def action_words() -> dict[Action, str]:
    """Every action in the reader's language."""
    return {
        Action.SIGNED_IN: pgettext("journal", "signed in"),
        Action.SIGN_IN_REFUSED: pgettext("journal", "sign-in refused"),
        Action.SIGNED_OUT: pgettext("journal", "signed out"),
        Action.REGISTERED: pgettext("journal", "account opened"),
        Action.PASSWORD_CHANGED: pgettext("journal", "password changed"),
        Action.EMAIL_CHANGED: pgettext("journal", "address changed"),
        Action.SECOND_FACTOR_ON: pgettext("journal", "second factor switched on"),
        Action.SECOND_FACTOR_OFF: pgettext("journal", "second factor switched off"),
        Action.SESSIONS_ENDED: pgettext("journal", "devices signed out"),
        Action.ERASED: pgettext("journal", "account deleted"),
        Action.VIEWED: pgettext("journal", "looked at"),
        Action.CHANGED: pgettext("journal", "changed"),
        Action.DELETED: pgettext("journal", "deleted"),
        Action.IMPORTED: pgettext("journal", "imported"),
        Action.EXPORTED: pgettext("journal", "exported"),
        Action.SENT: pgettext("journal", "sending started"),
        Action.STOPPED: pgettext("journal", "sending stopped"),
        Action.DENIED: pgettext("journal", "refused: no right to"),
        Action.NOT_FOUND: pgettext("journal", "refused: not theirs or not there"),
        Action.BLOCKED: pgettext("journal", "blocked"),
        Action.UNBLOCKED: pgettext("journal", "unblocked"),
        Action.ROLE_CHANGED: pgettext("journal", "role changed"),
        Action.PERMISSIONS_CHANGED: pgettext("journal", "permissions changed"),
        Action.LIMIT_CHANGED: pgettext("journal", "limits changed"),
        Action.DISABLED: pgettext("journal", "mailing switched off"),
        Action.ENABLED: pgettext("journal", "mailing switched on again"),
        Action.APPROVAL_ASKED: pgettext("journal", "approval asked for"),
        Action.APPROVED: pgettext("journal", "approved"),
        Action.REJECTED: pgettext("journal", "rejected"),
    }
