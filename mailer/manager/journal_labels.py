"""What actions, pages and tables are called in the journal."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import pgettext

from mailer.journal.table_titles import TABLE_TITLES
from mailer.models.journal_entry import Action


def action_labels() -> dict[Action, str]:
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
        Action.VIEWED: pgettext("journal", "viewed"),
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


def page_label(endpoint: str) -> str:
    """The part of the service that a page belongs to, and the table where it is one of the panel's."""
    room = endpoint.rpartition(".")[0] or endpoint
    if room.startswith("all_"):
        return _("panel, %(table)s", table=TABLE_TITLES.get(room.removeprefix("all_"), room.removeprefix("all_")))
    return room_labels().get(room) or room_labels().get(room.partition(".")[0], endpoint)


def room_labels() -> dict[str, str]:
    """The rooms of the service."""
    return {
        "auth": _("Profile and signing in"), "mailings": _("Mailings"), "manager": _("Management"),
        "messages": _("Messages"), "clients": _("Clients"), "clients.imports": _("Import of clients"),
        "clients.fields": _("Fields"), "clients.segments": _("Segments"), "clients.tags": _("Tags"),
        "clients.duplicates": _("Duplicates"),
        "posts": _("panel, %(table)s", table=_("Articles")),
        "home": _("Overview"), "articles": _("Articles"), "unsubscribe": _("Unsubscribing"), "blog": _("Blog"),
        "calendar": _("Calendar"), "calendar.holidays": _("Holidays"), "review": _("Articles for approval"),
        "reports": _("Report"), "drafts": _("Drafts"), "operations": _("Operation"), "admin": _("Administration"),
        "paces": _("Pace by recipient domain"), "warm_ups": _("Warm-up of sending domains"),
        "machinery": _("State of the service"), "static": _("files of the pages"), "guide": _("Help"),
        "series": _("Series"), "enrolling": _("Series"), "media": _("Pictures"), "returns": _("What comes back"),
        "webhooks": _("Webhooks of mail providers"), "tracking": _("Links in emails"),
        "service_domain": _("Domain of the service"), "domains": _("Own domains"),
        "sign_up_forms": _("Sign-up forms"),
        "sign_up": _("Sign-up"), "topics": _("Topics"), "preferences": _("Preferences of readers"),
    }  # fmt: skip
