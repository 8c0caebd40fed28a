"""What an owner asks for in a mailing's form."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _

from mailer.mailings.form.calendar_plan import Calendar, FormRefusal
from mailer.mailings.form.choices import too_many_text
from mailer.models.client import Client, ClientFilter
from mailer.models.mailing import Audience, InDoubtRule, Mailing
from mailer.models.message import Message
from mailer.models.own_address import OwnAddress


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
    sender_name: str = ""
    reply_to: OwnAddress | None = None

    def require_recipients(self) -> None:
        """FormRefusal when the kind of audience is chosen, but nothing of that kind."""
        if self.audience is Audience.TAGS and not self.tags:
            raise FormRefusal({"tags": _("Choose at least one tag.")})
        if self.audience is Audience.FILTER and self.filter is None:
            raise FormRefusal({"filter_id": _("Choose a saved filter.")})
        if self.audience is Audience.CLIENTS and not self.clients:
            raise FormRefusal({"client_ids": _("Choose at least one client.")})
        if self.audience is Audience.CLIENTS and (words := too_many_text(len(self.clients))):
            raise FormRefusal({"client_ids": words})

    def apply_to(self, mailing: Mailing) -> None:
        """Write everything but the chosen clients into `mailing`."""
        mailing.name = self.name
        mailing.message_id = self.message.id
        mailing.audience = self.audience
        mailing.tags = self.tags if self.audience is Audience.TAGS else []
        mailing.filter_id = self.filter.id if self.filter and self.audience is Audience.FILTER else None
        mailing.in_doubt_rule = self.in_doubt_rule
        mailing.sender_name = self.sender_name
        mailing.reply_to_id = self.reply_to.id if self.reply_to else None
        self.calendar.apply_to(mailing)
