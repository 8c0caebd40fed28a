"""Values of the database in the reader's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from functools import lru_cache
from typing import Any

from flask_babel import get_locale, pgettext
from flask_babel import gettext as _

from mailer.bounces.report import Kind
from mailer.clients.labels import FIELD_TYPES
from mailer.mailings.labels import domain_figures, mailing_statuses, reason_label, run_states, stop_reasons
from mailer.mailings.runs.export import came_back_label, delivery_label, outcome_label
from mailer.mailings.runs.reactions import rule_label, verdict_label
from mailer.manager.labels import role_labels
from mailer.models.account_token import TokenPurpose
from mailer.models.approval import ApprovalState
from mailer.models.client import SuppressionReason
from mailer.models.client_field import FieldType
from mailer.models.client_import import ImportState
from mailer.models.delivery import CameBack, DeliveryState, Reason
from mailer.models.domain_day import DomainFigure
from mailer.models.examination import ExaminationKind, ExaminationState
from mailer.models.mail_report import Door
from mailer.models.mailing import Audience, InDoubtRule, MailingStatus
from mailer.models.reaction import Asker, JudgedBy
from mailer.models.run import PauseReason, RunState, StopReason
from mailer.models.series import DelayKind, EnrolmentState, Entry, Held, LeftReason, SeriesState
from mailer.models.sign_up import ConsentKind
from mailer.models.user import Role
from mailer.models.warm_up import CeilingReason
from mailer.recurrence.rule import Period
from mailer.series import labels as series_labels
from mailer.smtp.results import Outcome, Phase


def label_of(value: StrEnum) -> str:
    """What a value is called; one that has no words yet is shown as it is."""
    return _words_in(str(get_locale()), type(value)).get(value, value.value)


@lru_cache(maxsize=128)
def _words_in(_language: str, kind: type[StrEnum]) -> Mapping[StrEnum, str]:
    """Of a whole kind, in the language of the moment, made once: an export asks for every cell."""
    speak = SPEAKERS.get(kind)
    return {value: str(words) for value, words in speak().items()} if speak is not None else {}


def mail_label(template: str) -> str:
    """What an account mail is about, by its template; one that has no words yet is shown as it is."""
    return {
        "account-blocked": pgettext("account mail", "account blocked"),
        "account-deleted": pgettext("account mail", "account deleted"),
        "account-unblocked": pgettext("account mail", "account unblocked"),
        "already-registered": pgettext("account mail", "address registered already"),
        "article-approved": pgettext("account mail", "article approved"),
        "article-rejected": pgettext("account mail", "article not approved"),
        "confirm-email": pgettext("account mail", "confirmation of an address"),
        "confirm-new-email": pgettext("account mail", "confirmation of a new address"),
        "confirm-own-address": pgettext("account mail", "confirmation of a reply address"),
        "email-change-asked": pgettext("account mail", "change of address asked for"),
        "email-changed": pgettext("account mail", "address changed"),
        "invitation": pgettext("account mail", "invitation"),
        "mailing-approved": pgettext("account mail", "mailing approved"),
        "run-stopped": pgettext("account mail", "run stopped"),
        "mailing-disabled": pgettext("account mail", "mailing switched off"),
        "mailing-enabled": pgettext("account mail", "mailing switched on again"),
        "mailing-rejected": pgettext("account mail", "mailing not approved"),
        "new-device": pgettext("account mail", "new device"),
        "overdue": pgettext("account mail", "mailings late"),
        "password-changed": pgettext("account mail", "password changed"),
        "permissions-changed": pgettext("account mail", "permissions changed"),
        "reset-password": pgettext("account mail", "password recovery"),
        "role-changed": pgettext("account mail", "role changed"),
        "second-factor-off": pgettext("account mail", "second factor switched off"),
        "second-factor-on": pgettext("account mail", "second factor switched on"),
        "domain-ended": pgettext("account mail", "a domain is no longer verified"),
        "segment-broken": pgettext("account mail", "a segment cannot be used"),
        "run-bounced": pgettext("account mail", "a mailing paused: too many emails came back"),
        "run-paused": pgettext("account mail", "a mailing paused automatically"),
        "sign-up-already": pgettext("account mail", "sign-up of an address on the list"),
        "sign-up-confirm": pgettext("account mail", "confirmation of a sign-up"),
        "sign-up-news": pgettext("account mail", "new people on the list"),
        "server-fault": pgettext("account mail", "fault of the mail server"),
        "reply": pgettext("account mail", "forwarded reply to a mailing"),
        "trial": pgettext("account mail", "test email"),
    }.get(template, template)


def _phases() -> dict[Any, str]:
    return {
        Phase.CONNECT: _("connecting"),
        Phase.GREETING: _("greeting"),
        Phase.EHLO: _("introducing ourselves (EHLO)"),
        Phase.STARTTLS: _("encryption (STARTTLS)"),
        Phase.AUTH: _("logging in (AUTH)"),
        Phase.MAIL: _("naming the sender (MAIL)"),
        Phase.RCPT: _("naming the recipient (RCPT)"),
        Phase.DATA: _("announcing the text (DATA)"),
        Phase.MARK: _("before the text was let go"),
        Phase.CONTENT: _("after the text had been sent"),
        Phase.RSET: _("reset (RSET)"),
        Phase.IDLE: _("between two emails"),
        Phase.QUIT: _("saying goodbye (QUIT)"),
    }


def _import_states() -> dict[Any, str]:
    return {
        ImportState.UPLOADED: _("uploaded, not started"),
        ImportState.QUEUED: pgettext("import", "waiting"),
        ImportState.RUNNING: pgettext("import", "running"),
        ImportState.DONE: pgettext("import", "done"),
        ImportState.FAILED: pgettext("import", "failed"),
        ImportState.UNDONE: pgettext("import", "undone"),
    }


def _examination_states() -> dict[Any, str]:
    return {
        ExaminationState.QUEUED: pgettext("import", "waiting"),
        ExaminationState.RUNNING: pgettext("import", "running"),
        ExaminationState.DONE: pgettext("import", "done"),
        ExaminationState.CANCELLED: _("stopped"),
        ExaminationState.FAILED: pgettext("import", "failed"),
    }


def _steps() -> dict[Any, str]:
    return {
        CeilingReason.START: _("the start of the plan"),
        CeilingReason.GROWN: _("grown"),
        CeilingReason.UNUSED: _("the same: too little was sent"),
        CeilingReason.BOUNCES: _("the same: too many came back"),
        CeilingReason.COMPLAINTS: _("the same: too many marked as spam"),
        CeilingReason.HALVED: _("halved: the provider got too much"),
        CeilingReason.HELD: _("the same: the growth is paused"),
        CeilingReason.WARM: _("warmed up"),
    }


SPEAKERS: dict[type[StrEnum], Callable[[], dict[Any, str]]] = {
    CeilingReason: _steps,
    DomainFigure: lambda: dict(domain_figures()),
    ExaminationKind: lambda: {ExaminationKind.LINKS: _("Links"), ExaminationKind.PEOPLE: _("Everyone’s email")},
    ExaminationState: _examination_states,
    Asker: lambda: {asker: verdict_label(asker) for asker in Asker},
    JudgedBy: lambda: {rule: rule_label(rule) for rule in JudgedBy},
    Role: lambda: dict(role_labels()),
    RunState: run_states,
    StopReason: stop_reasons,
    PauseReason: lambda: {
        PauseReason.REFUSALS: _("too many emails were refused"),
        PauseReason.BOUNCES: _("too many emails came back"),
        PauseReason.RESTORED: _("restored from a backup"),
    },
    FieldType: lambda: {kind: str(label) for kind, label in FIELD_TYPES.items()},
    Period: lambda: {
        Period.ONCE: pgettext("period", "once"),
        Period.DAILY: pgettext("period", "every day"),
        Period.WEEKLY: pgettext("period", "every week"),
        Period.MONTHLY: pgettext("period", "every month"),
        Period.YEARLY: pgettext("period", "every year"),
        Period.DATES: pgettext("period", "on certain dates"),
    },
    Audience: lambda: {
        Audience.EVERYONE: _("Everyone on the list"),
        Audience.TAGS: _("Clients with a tag"),
        Audience.FILTER: _("Clients of a segment"),
        Audience.CLIENTS: _("Chosen clients"),
        Audience.SERIES: _("People in a series"),
    },
    ConsentKind: lambda: {ConsentKind.MAIL: _("to get emails"), ConsentKind.DATA: _("to the use of personal data")},
    SeriesState: lambda: {state: series_labels.standings()[state.value] for state in SeriesState},
    Entry: series_labels.entries,
    DelayKind: series_labels.delay_kinds,
    EnrolmentState: series_labels.enrolment_states,
    LeftReason: series_labels.left_reasons,
    Held: series_labels.held_reasons,
    InDoubtRule: lambda: {InDoubtRule.HOLD: _("leave it to the owner"), InDoubtRule.RESEND: _("send once more")},
    MailingStatus: mailing_statuses,
    DeliveryState: lambda: {state: delivery_label(state) for state in DeliveryState},
    CameBack: lambda: {what: came_back_label(what) for what in CameBack},
    Kind: lambda: {
        Kind.BOUNCE: _("came back"),
        Kind.DELAYED: _("a server is still trying"),
        Kind.DELIVERED: _("forwarded"),
        Kind.COMPLAINT: _("marked as spam"),
        Kind.AUTO_REPLY: _("an automatic reply"),
        Kind.REPLY: _("a reply"),
        Kind.UNKNOWN: _("not understood"),
    },
    Door: lambda: {
        Door.COMMAND: _("a command"),
        Door.RECEIVER: _("the receiver"),
        Door.MAILBOX: _("a mailbox"),
        Door.WEBHOOK: _("a webhook"),
    },
    Reason: lambda: {reason: reason_label(reason) for reason in Reason},
    Outcome: lambda: {outcome: outcome_label(outcome) for outcome in Outcome},
    Phase: _phases,
    SuppressionReason: lambda: {
        SuppressionReason.UNSUBSCRIBED: _("unsubscribed"),
        SuppressionReason.MANUAL: _("by the owner"),
        SuppressionReason.BAD_ADDRESS: _("the address cannot be used"),
        SuppressionReason.BOUNCED: _("email came back"),
        SuppressionReason.COMPLAINED: _("complained of spam"),
    },
    ImportState: _import_states,
    TokenPurpose: lambda: {
        TokenPurpose.CONFIRM_EMAIL: _("to confirm an address"),
        TokenPurpose.RESET_PASSWORD: _("to set a new password"),
        TokenPurpose.CHANGE_EMAIL: _("to change the address"),
        TokenPurpose.CONFIRM_OWN_ADDRESS: _("to confirm a reply address"),
    },
    ApprovalState: lambda: {
        ApprovalState.ASKED: _("waits for a decision"),
        ApprovalState.APPROVED: _("mailing approved"),
        ApprovalState.REJECTED: _("mailing not approved"),
    },
}
