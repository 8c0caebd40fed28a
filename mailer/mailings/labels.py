"""Statuses, reasons and figures of mailings and runs in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext

from mailer.models.delivery import Reason
from mailer.models.domain_day import DomainFigure
from mailer.models.mailing import MailingStatus
from mailer.models.run import RunState, StopReason
from mailer.models.run_tally import RefusalKind


def run_states() -> dict[Any, str]:
    """Where a run stands, or how it ended."""
    return {
        RunState.PLANNED: pgettext("run", "planned"),
        RunState.SENDING: _("sending"),
        RunState.WAITING_FOR_SERVER: _("waiting for the mail server"),
        RunState.WAITING_FOR_WINDOW: _("waiting for the sending hours"),
        RunState.PAUSED: pgettext("run", "paused"),
        RunState.COMPLETE: _("complete"),
        RunState.COMPLETE_WITH_REFUSALS: _("complete with refusals"),
        RunState.INCOMPLETE: _("incomplete"),
        RunState.STOPPED: pgettext("run", "stopped"),
        RunState.EXPIRED: _("expired"),
        RunState.SKIPPED: _("skipped"),
    }


def stop_reasons() -> dict[Any, str]:
    """Why the rest of a run is not sent."""
    return {
        StopReason.OWNER: _("stopped by the owner"),
        StopReason.DISABLED: _("the mailing was switched off"),
        StopReason.BLOCKED: _("the account was blocked"),
        StopReason.DELETED: _("the mailing was deleted"),
        StopReason.ENDED: _("the mailing reached its end"),
        StopReason.OVERLAP: _("the previous run was still in progress"),
        StopReason.NOBODY: _("there was nobody on the list"),
        StopReason.MISSED: _("nothing could be sent at that moment"),
        StopReason.LIMIT: _("more than the account can send in a day"),
        StopReason.MANAGER: _("a manager stopped the run"),
        StopReason.UNAPPROVED: _("no manager had approved it"),
        StopReason.SEGMENT: _("one of its segments cannot be used"),
        StopReason.HELD: _("sending was paused or switched off at that moment"),
        StopReason.CHANGED: _("the calendar was changed before it began"),
        StopReason.NO_CATCHER: _("a sample account, and no mail catcher"),
    }


def mailing_statuses() -> dict[Any, str]:
    """The status of a mailing."""
    return {
        MailingStatus.CREATED: _("created"),
        MailingStatus.STARTED: _("started"),
        MailingStatus.COMPLETED: _("completed"),
        MailingStatus.PAUSED: _("paused"),
        MailingStatus.DISABLED: _("disabled"),
    }


def counters() -> dict[str, str]:
    """The labels of a run's six counters, whose sum is the planned people, by the counter's name."""
    return {
        "accepted": _("accepted"),
        "refused": _("refused"),
        "uncertain": _("uncertain"),
        "stopped": _("stopped"),
        "excluded": _("excluded"),
        "waiting": _("waiting"),
    }


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
    return reason_label(Reason(reason))


def reason_label(reason: Reason | str | None) -> str:
    """Why a delivery ended as it did, when it was not the server's word."""
    if reason is None:
        return ""
    return {
        Reason.UNSUBSCRIBED: _("unsubscribed"),
        Reason.SUPPRESSED: _("on the list of addresses not to write to"),
        Reason.PAUSED: _("paused by the person"),
        Reason.UNCONFIRMED: _("has not confirmed by a link of a sign-up form, as you or this service ask for"),
        Reason.DELETED: _("deleted from the clients in the meantime"),
        Reason.INVALID_ADDRESS: _("the address cannot be used"),
        Reason.NO_SMTPUTF8: _(
            "the mail server does not accept addresses with non-Latin letters before the @ (SMTPUTF8)"
        ),
        Reason.TOO_LATE: _("too late: the service was down when it was due"),
        Reason.TOO_MANY: _("too many: this person has already received as many emails as you allow"),
        Reason.RENDER_ERROR: _("the email could not be composed for this client"),
        Reason.RETRIES_RAN_OUT: _("the server deferred it until the attempts ran out"),
        Reason.PACED: _("waiting: the number of emails a minute to this provider is limited"),
        Reason.WARMING: _("waiting for the next day: the sender’s domain is being warmed up"),
        Reason.PROVEN_BY_REPORT: _("a returned report shows that it had been sent"),
        Reason.PROVEN_BY_CLICK: _("its recipient opened it or followed a link"),
        Reason.COUNTED_AS_ACCEPTED: _("the owner counted it as accepted"),
        Reason.STOPPED_BY_OWNER: _("stopped by the owner"),
        Reason.STOPPED_DISABLED: _("the mailing was switched off"),
        Reason.STOPPED_BY_MANAGER: _("a manager stopped the run"),
        Reason.STOPPED_BLOCKED: _("the account was blocked"),
        Reason.STOPPED_DELETED: _("the mailing was deleted"),
        Reason.STOPPED_ENDED: _("the mailing reached its end"),
        Reason.STOPPED_NO_CATCHER: _("a sample account, and no mail catcher"),
        Reason.STOPPED_WINDOW: _("the mailing reached its end while waiting for the sending hours"),
    }[Reason(reason)]


def domain_figures() -> dict[DomainFigure, str]:
    """What is counted of a recipient domain."""
    return {
        DomainFigure.ACCEPTED: _("Accepted"),
        DomainFigure.DEFERRED: _("Deferred"),
        DomainFigure.REFUSED: _("Refused"),
        DomainFigure.BOUNCED: _("Came back"),
        DomainFigure.COMPLAINED: _("Marked as spam"),
    }
