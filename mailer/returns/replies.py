"""Answers of people that went to the address for bounces: forwarded once to whom the mailing names in Reply-To."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta

import structlog
from sqlalchemy import func, select

from mailer.account_mail import outbox
from mailer.account_mail.forwarding import TEMPLATE
from mailer.bounces.report import Kind, Report
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.delivery import Delivery
from mailer.models.mail_report import MailReport
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import User

log = structlog.get_logger()

FORWARDED_BYTES = 5 * 1024 * 1024  # of an answer; what is beyond is cut off
OF_A_DELIVERY = 10  # answers to one mail that are forwarded
OF_AN_OWNER, WITHIN = 200, timedelta(hours=1)  # somebody who floods the address floods nobody's mailbox


def forward(report: Report, digest: bytes, delivery: Delivery, content: bytes, size: int) -> AccountEmail | None:
    """Put the answer into the outbox, its report being written and the delivery locked. No commit.

    None where it is no person's answer, goes in circles, was forwarded before, or is one of too many.
    """
    if report.kind is not Kind.REPLY or report.goes_round:
        return None
    answers = select(func.count()).where(
        MailReport.run_id == delivery.run_id, MailReport.position == delivery.position, MailReport.kind == Kind.REPLY
    )
    same = db.session.scalar(answers.where(MailReport.digest == digest)) or 0  # by another door
    if same > 1 or (db.session.scalar(answers) or 0) > OF_A_DELIVERY:
        return None
    run = db.session.get_one(Run, delivery.run_id)
    owner = db.session.get_one(User, run.owner_id)
    to = str(run.snapshot.get("reply_to") or owner.email)
    lately = select(func.count()).where(
        AccountEmail.template == TEMPLATE, AccountEmail.user_id == owner.id, AccountEmail.created_at > utcnow() - WITHIN
    )
    if owner.blocked_at is not None or (db.session.scalar(lately) or 0) >= OF_AN_OWNER:
        log.warning("answer not forwarded", run=run.id, position=delivery.position)
        return None
    name = db.session.scalar(select(Mailing.name).where(Mailing.id == run.mailing_id)) or ""
    part = content[:FORWARDED_BYTES]
    return outbox.add(
        TEMPLATE, to, owner.language, owner, original=b64encode(part).decode(), name=name,
        subject=report.subject.replace("\0", ""), is_cut=int(len(part) < size), sender=_ascii(report.sender),
    )  # fmt: skip


def _ascii(address: str) -> str:
    """An address that may stand in a header, else nothing."""
    is_plain = address.isascii() and address.isprintable() and address.count("@") == 1 and " " not in address
    return address if is_plain else ""
