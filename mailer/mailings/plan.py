"""What an owner asks for in a mailing's form, and what the calendar says to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from mailer.errors import Refusal
from mailer.models.client import Client, ClientFilter
from mailer.models.mailing import Audience, InDoubtRule, Mailing
from mailer.models.message import Message
from mailer.recurrence.moments import resolve
from mailer.recurrence.rule import FIRST_YEAR, LAST_YEAR, Period, Rule, RuleError, zone_named


class FormRefusal(Refusal):
    """Fields that make no sense together: `reasons` by field name, sentences for the person."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__(" ".join(reasons.values()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Calendar:
    """When and how often; wall-clock moments of the zone."""

    period: Period
    starts_local: datetime
    ends_local: datetime | None
    timezone: str

    @classmethod
    def of(cls, mailing: Mailing) -> Calendar:
        """A mailing's own calendar."""
        return cls(mailing.period, mailing.starts_local, mailing.ends_local, mailing.timezone)

    def rule(self) -> Rule:
        """The rule; FormRefusal with the reason beside the field when it is none."""
        try:
            return Rule(self.period, self.starts_local, self.timezone, self.ends_local)
        except RuleError as error:
            raise FormRefusal(_reasons(error.code, self)) from error

    def require_ahead(self, now: datetime) -> None:
        """FormRefusal unless something of the calendar lies ahead of `now`."""
        self.rule()
        if self.ends_local is None:
            return
        zone = zone_named(self.timezone)
        if resolve(self.ends_local, zone).at <= now:
            raise FormRefusal(
                {
                    "starts_at": _("The start has passed, and so has the end."),
                    "ends_at": _("The end has passed: nothing would ever be sent."),
                }
            )


def _reasons(code: str, calendar: Calendar) -> dict[str, str]:
    if code == "unknown_zone":
        return {"timezone": _("There is no such time zone.")}
    if code == "ends_before_it_starts":
        return {"ends_at": _("The end must be later than the start.")}
    years = _("Choose a year from %(first)s to %(last)s.", first=FIRST_YEAR, last=LAST_YEAR)
    is_start_sane = FIRST_YEAR <= calendar.starts_local.year <= LAST_YEAR
    return {"ends_at" if is_start_sane else "starts_at": years}


@dataclass(frozen=True, slots=True)
class MailingPlan:
    """Everything of the form, with the chosen records loaded: they are the owner's."""

    name: str
    message: Message
    audience: Audience
    tags: list[str]
    filter: ClientFilter | None
    clients: list[Client]
    calendar: Calendar
    in_doubt_rule: InDoubtRule

    def require_recipients(self) -> None:
        """FormRefusal when the kind of audience is chosen, but nothing of that kind."""
        if self.audience is Audience.TAGS and not self.tags:
            raise FormRefusal({"tags": _("Choose at least one tag.")})
        if self.audience is Audience.FILTER and self.filter is None:
            raise FormRefusal({"filter_id": _("Choose a saved filter.")})
        if self.audience is Audience.CLIENTS and not self.clients:
            raise FormRefusal({"client_ids": _("Choose at least one client.")})

    def apply_to(self, mailing: Mailing) -> None:
        """Write everything but the chosen clients into `mailing`."""
        mailing.name = self.name
        mailing.message_id = self.message.id
        mailing.audience = self.audience
        mailing.tags = self.tags if self.audience is Audience.TAGS else []
        mailing.filter_id = self.filter.id if self.filter and self.audience is Audience.FILTER else None
        mailing.in_doubt_rule = self.in_doubt_rule
        mailing.period = self.calendar.period
        mailing.starts_local = self.calendar.starts_local
        mailing.ends_local = self.calendar.ends_local
        mailing.timezone = self.calendar.timezone
