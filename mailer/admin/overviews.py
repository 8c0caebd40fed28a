"""Everything an admin can look at. Secrets (hashes, tokens, the contents of account mails) are in no list."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Boolean, ColumnElement, Date, DateTime, Enum, Integer, select, tuple_
from sqlalchemy.orm import joinedload

from mailer.admin.names import REFERENCES
from mailer.admin.narrowing import Narrowing, in_period
from mailer.admin.overview import Overview
from mailer.admin.words import mail_words
from mailer.mailings.export import delivery_words
from mailer.mailings.queries import STATUS_IS
from mailer.mailings.tally_words import why
from mailer.models.account_email import AccountEmail
from mailer.models.account_token import AccountToken
from mailer.models.approval import Approval
from mailer.models.attempt import Attempt
from mailer.models.client import Client, ClientFilter, Suppression
from mailer.models.client_import import ClientImport
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mailing import Mailing, MailingStatus
from mailer.models.message import Message
from mailer.models.run import Run
from mailer.models.run_tally import RunTally
from mailer.models.slice import Slice
from mailer.models.user import User
from mailer.models.user_session import UserSession
from mailer.recurrence.moments import resolve
from mailer.recurrence.rule import Period, zone_named
from mailer.smtp.results import Outcome

MOST_OF_AN_ADDRESS = 1000


class Users(Overview):
    """Accounts."""

    model, title = User, _l("Users")
    shown = ("id", "email", "name", "role", "confirmed_at", "blocked_at", "last_login_at")
    more = (
        "language", "timezone", "country", "phone", "created_at", "block_reason", "blocked_by_id", "daily_limit",
        "needs_approval", "erased_at", "is_sample",
    )  # fmt: skip
    column_searchable_list = ("email", "name")
    choices, dated = ("role",), "created_at"


class Clients(Overview):
    """Everybody's recipients."""

    model, title, is_large = Client, _l("Clients"), True
    shown = ("id", "owner_id", "email", "last_name", "first_name", "tags", "deleted_at")
    more = ("patronymic", "birth_year", "comment", "attributes", "import_id", "created_at", "updated_at")
    column_searchable_list = ("email_key",)
    labels = {"email_key": _l("Address")}


class Suppressions(Overview):
    """Addresses that must not be written to."""

    model, title, is_large = Suppression, _l("Suppressed addresses"), True
    shown = ("owner_id", "email_key", "reason", "run_id", "created_at")
    labels = {"email_key": _l("Address"), "run_id": _l("Run whose link was used")}
    column_searchable_list = ("email_key",)
    choices, dated = ("reason",), "created_at"


class Filters(Overview):
    """Saved choices of clients."""

    model, title = ClientFilter, _l("Saved filters")
    shown = ("id", "owner_id", "name", "criteria", "created_at")
    column_searchable_list = ("name",)


class Imports(Overview):
    """Uploads of clients."""

    model, title = ClientImport, _l("Imports")
    shown = ("id", "owner_id", "file_name", "state", "row_count", "done_count", "created_at")
    more = ("created_count", "updated_count", "unchanged_count", "rejected_count", "error", "started_at", "finished_at")
    column_searchable_list = ("file_name",)
    choices, dated = ("state",), "created_at"


class Messages(Overview):
    """Contents."""

    model, title = Message, _l("Messages")
    shown = ("id", "owner_id", "subject", "updated_at", "deleted_at")
    more = ("text_body", "html_body", "created_at")
    column_searchable_list = ("subject",)
    dated = "updated_at"


def _moment(local: datetime | None, zone: str) -> datetime | None:
    """A wall-clock time of a mailing's own zone as a moment: all dates of the panel are in the reader's zone."""
    return resolve(local, zone_named(zone)).at if local is not None else None


class Mailings(Overview):
    """What is sent to whom and when."""

    model, title = Mailing, _l("Mailings")
    shown = ("id", "owner_id", "name", "status", "period", "next_run_at", "last_run_at", "completed_at")
    more = (
        "message_id", "audience", "tags", "filter_id", "starts_at", "finishes_at", "timezone", "paused_at",
        "disabled_at", "disabled_by_id", "disabled_reason", "created_at", "updated_at", "deleted_at",
    )  # fmt: skip
    computed = {
        "status": lambda mailing: mailing.status,
        "starts_at": lambda mailing: _moment(mailing.starts_local, mailing.timezone),
        "finishes_at": lambda mailing: _moment(mailing.ends_local, mailing.timezone),
    }
    labels = {"timezone": _l("Zone of its calendar")}
    column_searchable_list = ("name",)
    choices, dated = ("status", "period"), "created_at"

    def kinds(self) -> dict[str, type[StrEnum]]:
        return {"status": MailingStatus, "period": Period}

    def is_value(self, name: str, value: Any) -> ColumnElement[bool]:
        return STATUS_IS[value] if name == "status" else super().is_value(name, value)


class Approvals(Overview):
    """What managers were asked, and what they said."""

    model, title = Approval, _l("Approvals")
    shown = ("id", "owner_id", "mailing_id", "state", "recipient_count", "asked_at", "decided_at", "decided_by_id")
    more = ("reason",)
    choices, dated = ("state",), "asked_at"


class Runs(Overview):
    """Occurrences of mailings, with their figures."""

    model, title, is_large = Run, _l("Runs"), True
    shown = ("id", "owner_id", "mailing_id", "state", "planned_at", "planned_count", "accepted_count", "refused_count")
    more = (
        "waiting_count", "excluded_count", "stopped_count", "uncertain_count", "unlisted_count", "sent_count",
        "successful_attempt_count", "failed_attempt_count", "unsubscribed_count", "is_on_demand", "stop_reason",
        "pause_reason", "started_at", "ends_at", "closed_at", "reopened_at", "last_fault", "last_fault_at",
    )  # fmt: skip
    computed = {"is_on_demand": lambda run: run.occurrence.startswith("manual:")}
    labels = {"id": _l("Run"), "planned_count": _l("Planned people")}
    choices, dated = ("state", "stop_reason"), "planned_at"


class Tallies(Overview):
    """Why people of closed runs were refused, left out or stopped."""

    model, title, is_large = RunTally, _l("Reasons of runs"), True
    shown = ("run_id", "kind", "reason", "count")
    computed = {
        "kind": lambda tally: delivery_words(DeliveryState(tally.kind)),
        "reason": lambda tally: why(tally.reason),
    }


class Slices(Overview):
    """How the sender divides a run."""

    model, title, is_large = Slice, _l("Parts of runs"), True
    shown = ("id", "run_id", "first_position", "last_position", "ready_at", "leased_until", "leased_by")


def _of_runs(column: Any, asked: Narrowing, *that: Any) -> ColumnElement[bool]:
    """Days and values are asked of the runs first, which are few: their rows are not looked through in vain."""
    return column.in_(select(Run.id).where(*in_period(Run.planned_at, asked.period), *that))


def _deliveries_to(address: str) -> Any:
    """Run and number of the deliveries to a whole address: one look into the unique index of each run."""
    query = select(Delivery.run_id, Delivery.position).join(Run, Run.id == Delivery.run_id)
    return query.where(Delivery.email_key == address).limit(MOST_OF_AN_ADDRESS).subquery()


class Deliveries(Overview):
    """One client in one run."""

    model, title, is_large = Delivery, _l("Deliveries"), True
    shown = ("run_id", "position", "email", "state", "reason", "attempt_count")
    more = ("client_id", "transient_count", "retry_at")
    labels = {"transient_count": _l("Tries that count")}
    choices, is_searched_by_address = ("state", "reason"), True
    dated_by_run = True

    def conditions(self, asked: Narrowing) -> list[ColumnElement[bool]]:
        found = super().conditions(asked)
        if asked.address:
            found.append(tuple_(Delivery.run_id, Delivery.position).in_(select(_deliveries_to(asked.address))))
        state = asked.values.get("state")
        that = [getattr(Run, f"{state.counter}_count") > 0] if state is not None else []
        if that or asked.period.first or asked.period.last:
            found.append(_of_runs(Delivery.run_id, asked, *that))
        return found


class Attempts(Overview):
    """Every try to hand a mail over, with the server's words."""

    model, title, is_large = Attempt, _l("Attempts"), True
    shown = ("run_id", "position", "email", "number", "outcome", "smtp_code", "response", "seconds", "finished_at")
    more = ("phase", "enhanced_code", "tls", "transport", "worker", "started_at")
    computed = {
        "email": lambda attempt: attempt.delivery.email,
        "seconds": lambda attempt: round((attempt.finished_at - attempt.started_at).total_seconds(), 3),
    }
    labels = {"transport": _l("Mail server")}
    loads = (joinedload(Attempt.delivery),)
    choices, is_searched_by_address = ("outcome", "phase"), True
    dated_by_run = True

    def conditions(self, asked: Narrowing) -> list[ColumnElement[bool]]:
        found = super().conditions(asked)
        if asked.address:
            found.append(tuple_(Attempt.run_id, Attempt.position).in_(select(_deliveries_to(asked.address))))
        outcome = asked.values.get("outcome")
        counter = Run.successful_attempt_count if outcome is Outcome.ACCEPTED else Run.failed_attempt_count
        that = [counter > 0] if outcome is not None else []
        if that or asked.period.first or asked.period.last:
            found.append(_of_runs(Attempt.run_id, asked, *that))
        return found


class AccountEmails(Overview):
    """Mails of the service to its own users."""

    model, title = AccountEmail, _l("Account mails")
    shown = ("id", "template", "to_email", "created_at", "sent_at", "try_count", "last_error")
    more = ("user_id", "language", "next_try_at", "given_up_at")
    labels = {"next_try_at": _l("Try again at")}
    computed = {"template": lambda mail: mail_words(mail.template)}
    column_searchable_list = ("to_email",)
    dated = "created_at"


class Sessions(Overview):
    """Who is signed in where."""

    model, title = UserSession, _l("Sessions")
    shown = ("id", "user_id", "created_at", "seen_at", "ip", "user_agent", "is_remembered")
    labels = {"created_at": _l("Signed in")}
    dated = "seen_at"


class Tokens(Overview):
    """Links that were mailed; what opens them is nowhere."""

    model, title = AccountToken, _l("Links in mails")
    shown = ("id", "user_id", "purpose", "email", "created_at", "expires_at", "used_at")
    choices, dated = ("purpose",), "created_at"


OVERVIEWS: tuple[type[Overview], ...] = (
    Users, Mailings, Runs, Deliveries, Attempts, Messages, Clients, Filters, Imports, Suppressions, Approvals, Tallies,
    Slices, AccountEmails, Sessions, Tokens,
)  # fmt: skip
# Tables that have a place of their own, or nothing but secrets.
ELSEWHERE = {
    "blog_posts", "former_slugs",  # the articles of the panel
    "journal",  # the journal
    "instances", "mail_servers",  # the pages of operation and state
    "mailing_clients",  # the mailing's page
    "known_devices", "former_links",  # hashes only
}  # fmt: skip
SAFE = (Integer, Boolean, Date, DateTime, Enum)


def rest() -> tuple[type[Overview], ...]:
    """A list for every other table, so that none is without: ids, numbers, moments and states, never free text."""
    covered = {overview.model.__tablename__ for overview in OVERVIEWS} | ELSEWHERE
    models = {mapper.class_ for mapper in User.registry.mappers if mapper.local_table.name not in covered}
    return tuple(_overview_of(model) for model in sorted(models, key=lambda model: str(model.__tablename__)))


def _overview_of(model: Any) -> type[Overview]:
    table = model.__table__
    shown = tuple(
        column.name for column in table.c if column.name in REFERENCES or isinstance(column.type, SAFE)
    )  # fmt: skip
    return type(
        model.__name__, (Overview,), {"model": model, "title": TITLES.get(table.name, table.name), "shown": shown}
    )


TITLES: dict[str, Any] = {
    "calendar_feeds": _l("Calendar feeds"),
    "drafts": _l("Drafts"),
    "holiday_changes": _l("Changed holidays"),
    "run_faults": _l("Faults of mail servers"),
    "own_addresses": _l("Reply addresses"),
    "second_factors": _l("Second factors"),
}
