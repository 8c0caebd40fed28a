"""What an owner asks for in a mailing's form."""

from __future__ import annotations

from dataclasses import dataclass, field

from flask_babel import gettext as _

from mailer.mailings.calendar_plan import Calendar, FormRefusal
from mailer.models.client import Client
from mailer.models.mailing import Audience, InDoubtRule, Mailing
from mailer.models.message import Message
from mailer.models.own_address import OwnAddress

MOST_SEGMENTS = 20  # taken, and as many left out
MAX_CLIENTS = 1000  # chosen by hand; tags and segments are for more


@dataclass(frozen=True, slots=True)
class MailingPlan:
    """Everything of the form, with the chosen records loaded: they are the owner's."""

    name: str
    message: Message
    audience: Audience
    tags: list[str]
    segment_ids: list[int]
    clients: list[Client]
    calendar: Calendar
    in_doubt_rule: InDoubtRule
    left_out_ids: list[int] = field(default_factory=list)
    sender_name: str = ""
    reply_to: OwnAddress | None = None
    counts_clicks: bool = False
    counts_opens: bool = False

    def require_recipients(self) -> None:
        """FormRefusal when the kind of audience is chosen, but nothing of that kind."""
        if self.audience is Audience.TAGS and not self.tags:
            raise FormRefusal({"tags": _("Choose at least one tag.")})
        if self.audience is Audience.FILTER and not self.segment_ids:
            raise FormRefusal({"segment_ids": _("Choose at least one segment.")})
        if max(len(self.segment_ids), len(self.left_out_ids)) > MOST_SEGMENTS:
            raise FormRefusal({"segment_ids": _("Up to %(limit)s segments can be chosen.", limit=MOST_SEGMENTS)})
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
        mailing.segment_ids = self.segment_ids if self.audience is Audience.FILTER else []
        mailing.left_out_ids = self.left_out_ids
        mailing.filter_id = None
        mailing.in_doubt_rule = self.in_doubt_rule
        mailing.sender_name = self.sender_name
        mailing.reply_to_id = self.reply_to.id if self.reply_to else None
        mailing.counts_clicks, mailing.counts_opens = self.counts_clicks, self.counts_opens
        self.calendar.apply_to(mailing)


def too_many_text(count: int) -> str | None:
    """What is said of that many clients chosen by hand; None while they are not too many."""
    if count <= MAX_CLIENTS:
        return None
    return _(
        "You can choose up to %(limit)s clients by hand. For more, give them a tag and choose the tag.",
        limit=MAX_CLIENTS,
    )
