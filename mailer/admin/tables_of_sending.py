"""What the sender makes: runs, their parts, deliveries, attempts, reasons."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, select, tuple_
from sqlalchemy.orm import joinedload, undefer

from mailer.admin.narrowing import Narrowing, in_period
from mailer.admin.overview import Overview
from mailer.http import provider_label
from mailer.mailings.labels import why
from mailer.mailings.runs.export import delivery_label
from mailer.models.attempt import Attempt
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mail_exchanger import MailExchanger
from mailer.models.mail_report import MailReport, UnreadMail
from mailer.models.run import Run
from mailer.models.run_tally import RunTally
from mailer.models.slice import Slice
from mailer.readable import readable_domain
from mailer.smtp.results import Outcome

MOST_OF_AN_ADDRESS = 1000
SHOWN_OF_A_MAIL = 20_000  # bytes


class Runs(Overview):
    """Occurrences of mailings, with their figures."""

    model, is_large = Run, True
    shown = ("id", "owner_id", "mailing_id", "state", "planned_at", "planned_count", "accepted_count", "refused_count")
    more = (
        "waiting_count", "excluded_count", "stopped_count", "uncertain_count", "unlisted_count", "sent_count",
        "successful_attempt_count", "failed_attempt_count", "unsubscribed_count", "bounced_count", "complained_count",
        "is_on_demand", "stop_reason",
        "pause_reason", "started_at", "ends_at", "closed_at", "reopened_at", "last_fault", "last_fault_at",
    )  # fmt: skip
    computed = {"is_on_demand": lambda run: run.occurrence.startswith("manual:")}
    labels = {"id": _l("Run"), "planned_count": _l("Planned people")}
    choices, dated = ("state", "stop_reason"), "planned_at"


class Tallies(Overview):
    """Why people of closed runs were refused, left out or stopped."""

    model, is_large = RunTally, True
    shown = ("run_id", "kind", "reason", "count")
    computed = {
        "kind": lambda tally: delivery_label(DeliveryState(tally.kind)),
        "reason": lambda tally: why(tally.reason),
    }


class Slices(Overview):
    """How the sender divides a run."""

    model, is_large = Slice, True
    shown = ("id", "run_id", "first_position", "last_position", "ready_at", "leased_until", "leased_by")


def _of_runs(column: Any, asked: Narrowing, *that: Any) -> ColumnElement[bool]:
    """Days and values are asked of the runs first, which are few: their rows are not looked through in vain."""
    return column.in_(select(Run.id).where(*in_period(Run.planned_at, asked.period), *that))


def _deliveries_to(address: str) -> Any:
    """Run and number of the deliveries to a whole address: one look into the unique index of each run."""
    query = select(Delivery.run_id, Delivery.position).join(Run, Run.id == Delivery.run_id)
    return query.where(Delivery.email_key == address).limit(MOST_OF_AN_ADDRESS).subquery()


class _OfRuns(Overview):
    """Rows of runs, each about one person: found by address, and by the runs' days and figures."""

    dated_by_run = True

    def runs_with(self, asked: Narrowing) -> list[ColumnElement[bool]]:
        """What a run's figures must say for it to have such rows."""
        raise NotImplementedError

    def conditions(self, asked: Narrowing) -> list[ColumnElement[bool]]:
        found = super().conditions(asked)
        if asked.address:
            found.append(tuple_(self.model.run_id, self.model.position).in_(select(_deliveries_to(asked.address))))
        that = self.runs_with(asked)
        if that or asked.period.first or asked.period.last:
            found.append(_of_runs(self.model.run_id, asked, *that))
        return found


class Deliveries(_OfRuns):
    """One client in one run."""

    model, is_large = Delivery, True
    shown = ("run_id", "position", "email", "state", "reason", "attempt_count")
    more = ("came_back", "client_id", "transient_count", "retry_at")
    labels = {"transient_count": _l("Tries that count")}
    choices, is_searched_by_address = ("state", "reason"), True

    def runs_with(self, asked: Narrowing) -> list[ColumnElement[bool]]:
        """Only runs that have counted a delivery in this state."""
        state = asked.values.get("state")
        return [getattr(Run, f"{state.counter}_count") > 0] if state is not None else []


class Attempts(_OfRuns):
    """Every try to hand a mail over, with the server's words."""

    model, is_large = Attempt, True
    shown = ("run_id", "position", "email", "number", "outcome", "smtp_code", "response", "seconds", "finished_at")
    more = ("phase", "enhanced_code", "tls", "transport", "worker", "started_at")
    computed = {
        "email": lambda attempt: attempt.delivery.email,
        "seconds": lambda attempt: round((attempt.finished_at - attempt.started_at).total_seconds(), 3),
    }
    labels = {"transport": _l("Mail server")}
    loads = (joinedload(Attempt.delivery),)
    choices, is_searched_by_address = ("outcome", "phase"), True

    def runs_with(self, asked: Narrowing) -> list[ColumnElement[bool]]:
        """Only runs that have counted an attempt with this outcome."""
        outcome = asked.values.get("outcome")
        counter = Run.successful_attempt_count if outcome is Outcome.ACCEPTED else Run.failed_attempt_count
        return [counter > 0] if outcome is not None else []


class MailReports(_OfRuns):
    """What came back about deliveries."""

    model, is_large = MailReport, True
    shown = ("id", "run_id", "position", "kind", "is_permanent", "smtp_code", "response", "received_at")
    more = ("recipient", "status", "server", "door", "read_by", "attempt_number")
    labels = {"kind": _l("What it is"), "status": _l("Enhanced code"), "attempt_number": _l("Attempt")}
    choices, is_searched_by_address = ("kind", "door"), True

    def runs_with(self, asked: Narrowing) -> list[ColumnElement[bool]]:
        """Of any run: automatic answers are in no figure."""
        return []


class UnreadMails(Overview):
    """Mails that came back and are tied to no delivery, or were not understood."""

    model, is_large = UnreadMail, True
    shown = ("id", "received_at", "kind", "sender", "subject", "size")
    more = ("door", "text")
    labels = {"kind": _l("What it is"), "text": _l("Its beginning")}
    computed = {"text": lambda mail: mail.content[:SHOWN_OF_A_MAIL].decode("utf-8", "replace")}
    choices, dated = ("kind", "door"), "received_at"
    loads = (undefer(UnreadMail.content),)


class MailExchangers(Overview):
    """Who takes the mail of recipient domains."""

    model = MailExchanger
    shown = ("domain", "host", "group_name", "answered_at", "look_due_at", "seen_at")
    labels = {"host": _l("Mail server (MX)"), "seen_at": _l("Clients there")}
    computed = {
        "domain": lambda row: readable_domain(row.domain),
        "group_name": lambda row: provider_label(row.group_name) if row.group_name else None,
    }
