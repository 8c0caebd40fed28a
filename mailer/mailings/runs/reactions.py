"""What a recipient, or a machine on the way to them, did with their mail; and the words for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.delivery import Delivery
from mailer.models.reaction import Asker, JudgedBy, Reaction
from mailer.models.run import Run


@dataclass(frozen=True, slots=True)
class Did:
    """One line of it. `address` is None for the pixel."""

    address: str | None
    verdict: Asker
    rule: JudgedBy
    first_at: datetime
    count: int


def reactions_to(run: Run, delivery: Delivery) -> list[Did]:
    """The first ones first; nothing where nothing is counted, or any more."""
    if not run.is_tracked:
        return []
    query = select(Reaction).where(Reaction.run_id == run.id, Reaction.position == delivery.position)
    found = db.session.scalars(query.order_by(Reaction.first_at, Reaction.link))
    return [Did(run.link_address(one.link), one.verdict, one.rule, one.first_at, one.hit_count) for one in found]


def verdict_label(verdict: Asker) -> str:
    """Who it was."""
    return {
        Asker.PERSON: _("a person"),
        Asker.PROBABLY: _("probably a robot"),
        Asker.MACHINE: _("a robot"),
    }[verdict]


def rule_label(rule: JudgedBy) -> str:
    """Why it is taken for that."""
    return {
        JudgedBy.NONE: _("nothing suggests a robot"),
        JudgedBy.PROXY: _("the mail service fetched pictures for somebody who was looking"),
        JudgedBy.HEAD: _("asked for the headers only"),
        JudgedBy.AHEAD: _("fetched ahead, before anybody clicked"),
        JudgedBy.PROGRAM: _("identifies itself as a program, a scanner or a preview"),
        JudgedBy.BURST: _("many links within two seconds"),
        JudgedBy.AT_ONCE: _("before a person could have read it"),
        JudgedBy.SOON: _("within 15 seconds of delivery"),
        JudgedBy.PROXY_SOON: _("the mail service fetched pictures when the email arrived"),
        JudgedBy.APPLE: _("Apple Mail, which loads every picture by itself"),
        JudgedBy.GMAIL: _("Gmail’s check of an email that arrives"),
        JudgedBy.NETWORK: _("from a network of robots that check links"),
    }[rule]
