"""What a report changes: the delivery, the figures of its run, whom we still write to, and whether the run goes on."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from mailer.account_mail import outbox
from mailer.bounces.report import Kind, Report, Said
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.account_email import AccountEmail
from mailer.models.client import Suppression, SuppressionReason
from mailer.models.delivery import CameBack, Delivery, DeliveryState, Reason
from mailer.models.domain_day import DomainFigure
from mailer.models.mail_report import MailReport
from mailer.models.mailing import Mailing
from mailer.models.run import PauseReason, Run, RunState
from mailer.models.user import User
from mailer.sending import own_domains, pacing, warm_ups
from mailer.sending.conditions import OPEN_SENDING_STATES
from mailer.sending.runs import closing, domain_days
from mailer.sending.warm_ups import Noted
from mailer.smtp import provider_pace as pacing_words
from mailer.smtp.concerns import Concern, concern_of
from mailer.smtp.replies import Reply
from mailer.smtp.results import Phase

SOFT_LIMIT, SOFT_WITHIN = 3, timedelta(days=30)  # so many mails of an owner that did not get through for now
FIRST_ONES, TOO_MANY, FEW = 500, 0.05, 5  # a run pauses when more than this share of its first mails came back
_WORSE = {None: 0, CameBack.TRANSIENT: 1, CameBack.PERMANENT: 2, CameBack.COMPLAINED: 3}
# Permanent, and yet not about the address: 2.2 a full mailbox, 3.x and 6.x size and form, 4.x the way there, 5.x the
# protocol, 7.x rules against the mail or its sender.
_NOT_THE_ADDRESS = re.compile(r"5\.(2\.[2-4]|[34567]\.\d+)")


def apply(report: Report, delivery: Delivery) -> AccountEmail | None:
    """Change what the report changes, its row being written; the mail to the owner of a run that paused. No commit."""
    run = db.session.get_one(Run, delivery.run_id)
    came_back = _outcome(report)
    if came_back is not None:  # before the run is locked: who unsubscribes comes to the two in this order
        _suppress(run, delivery, came_back, report.worst)
    lock_row(run, FOR_CHANGE)
    lock_row(delivery, FOR_CHANGE)
    _note_pace(report, run, delivery)
    if delivery.state is DeliveryState.UNCERTAIN:  # whatever comes back shows that the mail had left
        closing.settle_uncertain(run, Reason.PROVEN_BY_REPORT, Delivery.position == delivery.position)
        db.session.refresh(delivery)
    if came_back is not None:
        _count_by_domain(run, delivery, came_back)
    if came_back is None or _WORSE[came_back] <= _WORSE[delivery.came_back]:
        return None
    delivery.came_back = came_back
    db.session.flush()
    return _pause_if_too_many(run, report.worst) if came_back is not CameBack.COMPLAINED else None


def _note_pace(report: Report, run: Run, delivery: Delivery) -> None:
    """A provider that gets too much of ours says so in reports of delays, where the relay keeps its words to itself."""
    said = report.worst
    if report.kind in (Kind.DELAYED, Kind.BOUNCE) and pacing_words.says_too_fast(said.code, said.status, said.text):
        _note_warm_up(run, delivery, Noted.TOLD)
        cursor = db.session.connection().connection.cursor()
        pacing.hear(cursor, delivery.email, said.text)
        cursor.close()


def _note_warm_up(run: Run, delivery: Delivery, what: Noted) -> None:
    cursor = db.session.connection().connection.cursor()
    warm_ups.note(cursor, own_domains.from_domain(run.snapshot), delivery.email_key, what)
    cursor.close()


def _count_by_domain(run: Run, delivery: Delivery, came_back: CameBack) -> None:
    """Of a delivery the first bounce, unless it was called spam before, and the first complaint."""
    if came_back is CameBack.COMPLAINED and delivery.came_back is not CameBack.COMPLAINED:
        domain_days.note_return(run, delivery.email_key, DomainFigure.COMPLAINED)
        _note_warm_up(run, delivery, Noted.COMPLAINED)
    elif came_back is not CameBack.COMPLAINED and delivery.came_back is None:
        domain_days.note_return(run, delivery.email_key, DomainFigure.BOUNCED)
        _note_warm_up(run, delivery, Noted.BOUNCED)


def _outcome(report: Report) -> CameBack | None:
    if report.kind is Kind.COMPLAINT:
        return CameBack.COMPLAINED
    if report.kind is Kind.BOUNCE:
        return CameBack.PERMANENT if report.worst.is_permanent else CameBack.TRANSIENT
    return None


def is_about_address(said: Said) -> bool:
    """Whether a permanent failure means that no mail will ever get there."""
    if not said.is_permanent or _NOT_THE_ADDRESS.fullmatch(said.status):
        return False
    code = said.code if said.code and said.code >= 500 else 550
    reply = Reply(code, (f"{said.status} {said.text}".strip().encode(),))
    return concern_of(Phase.RCPT, reply) is Concern.EMAIL


def _suppress(run: Run, delivery: Delivery, came_back: CameBack, said: Said) -> None:
    """The person's own word outweighs a server's; a complaint outweighs what the owner or a server said."""
    reason = SuppressionReason.BOUNCED
    if came_back is CameBack.COMPLAINED:
        reason = SuppressionReason.COMPLAINED
    elif not is_about_address(said) and _bounce_count(delivery) < SOFT_LIMIT:
        return
    row = insert(Suppression).values(
        owner_id=run.owner_id, email_key=delivery.email_key, reason=reason, created_at=utcnow()
    )
    if reason is SuppressionReason.COMPLAINED:
        others = Suppression.reason.not_in([SuppressionReason.UNSUBSCRIBED, SuppressionReason.COMPLAINED])
        changed = {"reason": reason, "import_id": None}
        statement = row.on_conflict_do_update(index_elements=["owner_id", "email_key"], set_=changed, where=others)
    else:
        statement = row.on_conflict_do_nothing()
    db.session.execute(statement)


def _bounce_count(delivery: Delivery) -> int:
    """How many mails to this client came back of late, this one among them; one for somebody no longer a client."""
    if delivery.client_id is None:
        return 1
    same = (Delivery.run_id == MailReport.run_id) & (Delivery.position == MailReport.position)
    query = select(func.count(MailReport.run_id.distinct())).join(Delivery, same)
    query = query.where(MailReport.kind == Kind.BOUNCE, MailReport.received_at > utcnow() - SOFT_WITHIN)
    return db.session.scalar(query.where(Delivery.client_id == delivery.client_id)) or 0


def _pause_if_too_many(run: Run, said: Said) -> AccountEmail | None:
    db.session.refresh(run)
    limit = max(FEW, TOO_MANY * min(FIRST_ONES, run.chosen_count))
    if run.tolerates_bounces or run.closed_at is not None or run.bounced_count <= limit:
        return None
    first = select(func.count()).where(Delivery.run_id == run.id, Delivery.position <= FIRST_ONES)
    bounced = first.where(Delivery.came_back.in_([CameBack.TRANSIENT, CameBack.PERMANENT]))
    if (db.session.scalar(bounced) or 0) <= limit:
        return None
    paused = db.session.scalar(
        update(Run)
        .where(Run.id == run.id, Run.state.in_(OPEN_SENDING_STATES), Run.stop_reason.is_(None))
        .values(state=RunState.PAUSED, pause_reason=PauseReason.BOUNCES)
        .returning(Run.id)
    )
    owner = db.session.get_one(User, run.owner_id)
    if paused is None or owner.blocked_at is not None:
        return None
    name = db.session.scalar(select(Mailing.name).where(Mailing.id == run.mailing_id)) or ""
    return outbox.add_for(
        owner, "run-bounced", name=name, mailing_id=str(run.mailing_id), run_id=str(run.id), said=said.text[:500] or "—"
    )
