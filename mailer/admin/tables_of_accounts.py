"""Accounts, and what the service keeps for them: mails to them, sessions, links, approvals. No secret is in a list."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from mailer.admin.overview import Overview
from mailer.admin.value_labels import mail_label
from mailer.models.account_email import AccountEmail
from mailer.models.account_token import AccountToken
from mailer.models.approval import Approval
from mailer.models.user import User
from mailer.models.user_session import UserSession


class Users(Overview):
    """Accounts."""

    model = User
    shown = ("id", "email", "name", "role", "confirmed_at", "blocked_at", "last_login_at")
    more = (
        "language", "timezone", "country", "phone", "created_at", "block_reason", "blocked_by_id", "daily_limit",
        "needs_approval", "erased_at", "is_sample",
    )  # fmt: skip
    column_searchable_list = ("email", "name")
    choices, dated = ("role",), "created_at"


class Approvals(Overview):
    """What managers were asked, and what they said."""

    model = Approval
    shown = ("id", "owner_id", "mailing_id", "state", "recipient_count", "asked_at", "decided_at", "decided_by_id")
    more = ("reason",)
    choices, dated = ("state",), "asked_at"


class AccountEmails(Overview):
    """Mails of the service to its own users."""

    model = AccountEmail
    shown = ("id", "template", "to_email", "created_at", "sent_at", "try_count", "last_error")
    more = ("user_id", "language", "next_try_at", "given_up_at")
    labels = {"next_try_at": _l("Try again at")}
    computed = {"template": lambda mail: mail_label(mail.template)}
    column_searchable_list = ("to_email",)
    dated = "created_at"


class Sessions(Overview):
    """Who is signed in where."""

    model = UserSession
    shown = ("id", "user_id", "created_at", "seen_at", "ip", "user_agent", "is_remembered")
    labels = {"created_at": _l("Signed in")}
    dated = "seen_at"


class Tokens(Overview):
    """Links that were mailed; what opens them is nowhere."""

    model = AccountToken
    shown = ("id", "user_id", "purpose", "email", "created_at", "expires_at", "used_at")
    choices, dated = ("purpose",), "created_at"
