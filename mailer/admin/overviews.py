"""Everything an admin can look at. Secrets (hashes, tokens, the contents of account mails) are in no list."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from mailer.admin.overview import Overview
from mailer.models.account_email import AccountEmail
from mailer.models.attempt import Attempt
from mailer.models.client import Client, Suppression
from mailer.models.client_import import ClientImport
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.user import User


class Users(Overview):
    """Accounts."""

    model, title = User, _l("Users")
    shown = ("id", "email", "name", "role", "confirmed_at", "blocked_at", "last_login_at")
    more = ("language", "timezone", "country", "phone", "created_at", "block_reason", "blocked_by_id")
    column_searchable_list = ("email", "name")


class Clients(Overview):
    """Everybody's recipients."""

    model, title, is_large = Client, _l("Clients"), True
    shown = ("id", "owner_id", "email", "last_name", "first_name", "tags", "deleted_at")
    more = ("patronymic", "birth_year", "comment", "attributes", "import_id", "created_at", "updated_at")
    column_searchable_list = ("email_key",)


class Suppressions(Overview):
    """Addresses that must not be written to."""

    model, title, is_large = Suppression, _l("Suppressed addresses"), True
    shown = ("owner_id", "email_key", "reason", "created_at")


class Imports(Overview):
    """Uploads of clients."""

    model, title = ClientImport, _l("Imports")
    shown = ("id", "owner_id", "file_name", "state", "row_count", "done_count", "created_at")
    more = ("created_count", "updated_count", "unchanged_count", "rejected_count", "error", "started_at", "finished_at")


class Messages(Overview):
    """Contents."""

    model, title = Message, _l("Messages")
    shown = ("id", "owner_id", "subject", "updated_at", "deleted_at")
    more = ("text_body", "html_body", "created_at")
    column_searchable_list = ("subject",)


class Mailings(Overview):
    """What is sent to whom and when."""

    model, title = Mailing, _l("Mailings")
    shown = ("id", "owner_id", "name", "period", "next_run_at", "last_run_at", "completed_at")
    more = (
        "message_id", "audience", "tags", "starts_local", "ends_local", "timezone", "paused_at", "disabled_at",
        "disabled_by_id", "disabled_reason", "created_at", "updated_at", "deleted_at",
    )  # fmt: skip
    column_searchable_list = ("name",)


class Runs(Overview):
    """Occurrences of mailings, with their figures."""

    model, title, is_large = Run, _l("Runs"), True
    shown = ("id", "owner_id", "mailing_id", "state", "planned_at", "planned_count", "accepted_count", "refused_count")
    more = (
        "waiting_count", "excluded_count", "stopped_count", "uncertain_count", "unlisted_count",
        "successful_attempt_count", "failed_attempt_count", "occurrence", "stop_reason", "pause_reason",
        "started_at", "ends_at", "closed_at", "reopened_at", "last_fault", "last_fault_at",
    )  # fmt: skip


class Deliveries(Overview):
    """One client in one run."""

    model, title, is_large = Delivery, _l("Deliveries"), True
    shown = ("run_id", "position", "email", "state", "reason", "attempt_count")
    more = ("client_id", "retry_at")


class Attempts(Overview):
    """Every try to hand a mail over, with the server's words."""

    model, title, is_large = Attempt, _l("Attempts"), True
    shown = ("run_id", "position", "number", "outcome", "smtp_code", "response", "finished_at")
    more = ("phase", "enhanced_code", "tls", "transport", "worker", "started_at")


class AccountEmails(Overview):
    """Mails of the service to its own users."""

    model, title = AccountEmail, _l("Account mails")
    shown = ("id", "template", "to_email", "created_at", "sent_at", "try_count", "last_error")
    more = ("user_id", "language", "next_try_at", "given_up_at")
    column_searchable_list = ("to_email",)


OVERVIEWS = (Users, Mailings, Runs, Deliveries, Attempts, Messages, Clients, Imports, Suppressions, AccountEmails)
