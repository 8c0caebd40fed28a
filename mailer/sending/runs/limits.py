"""Whether a run may be planned: the owner's limit for a day, and a manager's approval where one is needed."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import current_app
from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, func, or_, select

from mailer.errors import Refusal
from mailer.extensions import db
from mailer.locks import waiting_for
from mailer.models.approval import Approval, ApprovalState
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.sending.conditions import IS_UNFINISHED
from mailer.sending.runs import audience
from mailer.sending.runs.approvals import fingerprint
from mailer.sending.runs.bound_values import Scalar
from mailer.sending.runs.ceilings import has_ceiling
from mailer.sending.runs.daily_reach import DAY, MAILS, reached_with, tried_since
from mailer.sending.runs.windows import ON_DEMAND
from mailer.sending.servers import mail_routes

# Between two runs of a daily mailing: 23 hours where the clocks go forward, and no two begin equally late.
SHORTEST_DAY = timedelta(hours=22)


class NotPermitted(Refusal):
    """The limit would be passed, or the approval is missing."""


def reason_not_to_send(
    mailing: Mailing, will_get: int, now: datetime, run: Run | None = None, ask: Scalar | None = None
) -> StopReason | None:
    """Why a run to `will_get` people may not begin now; None when it may. `run`: the run itself, made but not planned.

    Runs of one owner take turns here until the caller's transaction ends: two at once must not pass one limit.
    """
    owner = mailing.owner
    db.session.refresh(owner)
    if not mail_routes.routes_of(owner):
        return StopReason.NO_CATCHER
    if audience.broken_segments(mailing):
        return StopReason.SEGMENT
    if _counts_a_day(owner):
        _wait_for_turn(owner)
    if owner.daily_limit is not None and used_today(owner, now, run) + will_get > owner.daily_limit:
        return StopReason.LIMIT
    if needs_approval(mailing, will_get, now, run) and not is_approved(mailing, will_get, run, ask):
        return StopReason.UNAPPROVED
    return None


def require(mailing: Mailing, will_get: int, now: datetime, run: Run | None = None) -> None:
    """Raise `NotPermitted`, in words for the owner, when a run may not begin now (or `run`, which is over, go on)."""
    reason = reason_not_to_send(mailing, will_get, now, run)
    require_way(mailing.owner)
    if reason is StopReason.SEGMENT:
        raise NotPermitted(
            _("A segment of this mailing cannot be used: it refers to a field or segment that no longer exists.")
        )
    if reason is StopReason.LIMIT:
        raise NotPermitted(limit_text(mailing.owner, will_get, now))
    if reason is StopReason.UNAPPROVED:
        words = _("This mailing needs a manager’s approval before it is sent. Ask for it on its page.")
        raise NotPermitted(f"{reached_words(mailing, will_get, now, run)} {words}".strip())


def require_way(owner: User) -> None:
    """Raise `NotPermitted` when there is no mail server that this person's mailings may take."""
    if not mail_routes.routes_of(owner):
        raise NotPermitted(
            _("This is a sample account: its mailings go only to the mail catcher, and there is none here.")
        )


def require_room_again(run: Run, will_get: int, now: datetime) -> None:
    """Raise `NotPermitted` when `run`, which is over, may not be sent to so many once more under the limit of a day.

    Those of a run of the last 24 hours are counted already.
    """
    owner = run.mailing.owner
    db.session.refresh(owner)
    if owner.daily_limit is None or run.created_at > now - DAY:
        return
    _wait_for_turn(owner)
    if used_today(owner, now) + will_get > owner.daily_limit:
        raise NotPermitted(limit_text(owner, will_get, now))


def used_today(owner: User, now: datetime, run: Run | None = None) -> int:
    """How many mails of this person left, or may still leave, by runs made or taken up again in the last 24 hours.

    A scheduled `run` that asks for itself does not count a run of its mailing made more than 22 hours ago: a daily one
    is not in its own way for being a second early.
    """
    total = select(func.sum(MAILS)).where(
        Run.owner_id == owner.id, Run.created_at > now - DAY, Run.state != RunState.SKIPPED, Run.planned_count > 0
    )
    if run is not None and not run.occurrence.startswith(ON_DEMAND):
        is_of_yesterday = and_(
            Run.mailing_id == run.mailing_id,
            _is_a_day_before(run, now),
            Run.reopened_at.is_(None),
            Run.occurrence.not_like(f"{ON_DEMAND}%"),
        )
        total = total.where(~is_of_yesterday)
    return int(db.session.scalar(total) or 0) + _used_by_older_runs(owner, now)


def _is_a_day_before(run: Run, now: datetime) -> ColumnElement[bool]:
    """In SQL: whether a run is that of the day before. One in waves begins earlier when people come farther east."""
    is_earlier = Run.created_at <= now - SHORTEST_DAY
    if run.wave_local is None:
        return is_earlier
    return or_(is_earlier, and_(Run.wave_local.is_not(None), Run.planned_at <= run.planned_at - SHORTEST_DAY))


def _used_by_older_runs(owner: User, now: datetime) -> int:
    """Of older runs that were taken up again: who waits, and who was tried since."""
    since = now - DAY
    count = (
        select(func.count())
        .select_from(Delivery)
        .join(Run, Run.id == Delivery.run_id)
        .where(Run.owner_id == owner.id, Run.created_at <= since, Run.reopened_at > since)
        .where(or_(IS_UNFINISHED, tried_since(since)))
    )
    return db.session.scalar(count) or 0


def take_turn(owner: User) -> None:
    """Wait until nobody else asks `reason_not_to_send` about this owner; it is ours until the transaction ends.

    For those who lock a mailing before they ask: waiting with that lock could be a deadlock.
    """
    db.session.refresh(owner)
    if _counts_a_day(owner):
        _wait_for_turn(owner)


def _counts_a_day(owner: User) -> bool:
    return owner.daily_limit is not None or _threshold() is not None or has_ceiling(owner)


def _wait_for_turn(owner: User) -> None:
    db.session.execute(waiting_for(f"limit {owner.id}"))


def limit_text(owner: User, will_get: int, now: datetime) -> str:
    """What the limit is and what is left of it, in the reader's language."""
    limit = owner.daily_limit or 0
    return _(
        "%(wanted)s Your limit is %(limit)s in 24 hours, and %(left)s are left. Choose fewer people, wait, or "
        "ask a manager to raise the limit.",
        wanted=ngettext(
            "This run would write to %(count)s person.", "This run would write to %(count)s people.", will_get,
            count=format_decimal(will_get),
        ),
        limit=format_decimal(limit),
        left=format_decimal(max(0, limit - used_today(owner, now))),
    )  # fmt: skip


def needs_approval(mailing: Mailing, will_get: int, now: datetime, run: Run | None = None) -> bool:
    """Whether a manager must say yes: for this owner always, or for so many people reached within a day."""
    if mailing.owner.needs_approval:
        return True
    threshold = _threshold()
    return threshold is not None and (
        will_get > threshold or (will_get > 0 and reached_with(mailing, will_get, now, threshold, run) > threshold)
    )


def reached_words(mailing: Mailing, will_get: int, now: datetime, run: Run | None = None) -> str:
    """Why so small a mailing needs approval, in the reader's language; empty where there is another reason."""
    threshold = _threshold()
    if mailing.owner.needs_approval or threshold is None or will_get > threshold:
        return ""
    return _(
        "Together with your other mailings of the last 24 hours it would reach %(count)s people; above "
        "%(threshold)s, a manager must approve it. You can also wait.",
        count=format_decimal(reached_with(mailing, will_get, now, threshold, run)),
        threshold=format_decimal(threshold),
    )


def _threshold() -> int | None:
    threshold: int | None = current_app.config["APPROVAL_ABOVE"]
    return threshold


def is_approved(mailing: Mailing, will_get: int, run: Run | None = None, ask: Scalar | None = None) -> bool:
    """Whether a manager said yes to the mailing as it stands, to so many people, and to the very text of `run`."""
    approval = approval_of(mailing, will_get, run, ask)
    return approval is not None and approval.state is ApprovalState.APPROVED


def approval_of(mailing: Mailing, will_get: int, run: Run | None = None, ask: Scalar | None = None) -> Approval | None:
    """The question, answered or not, about the mailing as it stands and at least so many people; None when nobody has
    asked."""
    return db.session.scalar(
        select(Approval).where(
            Approval.mailing_id == mailing.id,
            Approval.fingerprint == fingerprint(mailing, run, ask),
            Approval.recipient_count >= will_get,
        )
    )


def is_about_present(approval: Approval) -> bool:
    """Whether the mailing is what was asked about, and goes to no more people."""
    mailing = approval.mailing
    is_same = approval.fingerprint == fingerprint(mailing)
    return is_same and audience.summary(mailing).will_get <= approval.recipient_count
