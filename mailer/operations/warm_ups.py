"""What administrators do with warm-ups of sending domains."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from flask import current_app
from flask_babel import format_decimal
from flask_babel import gettext as _
from sqlalchemy import Executable, func, select, update

from mailer.clock import utcnow
from mailer.errors import Refusal, refused_by, undone_when_refused
from mailer.extensions import db
from mailer.journal.entries import add_entry
from mailer.locks import FOR_CHANGE, lock_row
from mailer.models.journal_entry import Action
from mailer.models.sending_domain import SendingDomain
from mailer.models.warm_up import ONE_GOING, CeilingReason, WarmUp, WarmUpDay
from mailer.operations.paces import read_domain
from mailer.sending import own_domains
from mailer.sending.warm_up_plan import Plan

MOST_GOING = 200
MOST_SHOWN = 200


class WarmUpRefused(Refusal):
    """This cannot be done with a warm-up."""


def find(warm_up_id: int) -> WarmUp | None:
    """The one of this id."""
    return db.session.get(WarmUp, warm_up_id)


def latest() -> Sequence[WarmUp]:
    """Those that go on, then those that ended, the latest first; `MOST_SHOWN` at most."""
    query = select(WarmUp).order_by(WarmUp.ended_at.desc().nulls_first(), WarmUp.id.desc())
    return db.session.scalars(query.limit(MOST_SHOWN)).all()


def days_since(warm_up: WarmUp, first: date) -> Sequence[WarmUpDay]:
    """Days of its providers on which anything was sent or came back, the latest first; `MOST_SHOWN` at most."""
    query = select(WarmUpDay).where(WarmUpDay.warm_up_id == warm_up.id, WarmUpDay.day >= first)
    query = query.where(WarmUpDay.used_count + WarmUpDay.bounced_count + WarmUpDay.complained_count > 0)
    return db.session.scalars(query.order_by(WarmUpDay.day.desc(), WarmUpDay.name).limit(MOST_SHOWN)).all()


def service_domain() -> str:
    """The domain that mailings leave from where their owner has none."""
    return own_domains.from_domain({})


def owner_of(domain: str) -> int | None:
    """Whose domain it is: None for that of the service. Raises WarmUpRefused for one that nothing leaves from."""
    if domain == service_domain():
        return None
    query = select(SendingDomain.owner_id).where(SendingDomain.name == domain, SendingDomain.proven_at.is_not(None))
    owner_id: int | None = db.session.scalar(query)
    if owner_id is None:
        raise WarmUpRefused(_("This is neither the domain of the service nor a verified domain of an owner."))
    return owner_id


@undone_when_refused
def start(typed: str, plan: Plan, names: Sequence[str]) -> WarmUp:
    """Limit what leaves from a domain, from today on, for those of `warm_ups.NAMES`. Raises PaceRefused for what is no
    domain, and WarmUpRefused."""
    domain = read_domain(typed)
    warm_up = WarmUp(
        domain=domain,
        owner_id=owner_of(domain),
        start_count=plan.start_count,
        growth_percent=plan.growth_percent,
        target_count=plan.target_count,
    )
    _require_room()
    db.session.add(warm_up)
    with refused_by(ONE_GOING, WarmUpRefused(_("This domain is already being warmed up."))):
        db.session.flush()
    zone = current_app.config["BABEL_DEFAULT_TIMEZONE"]
    today = db.session.scalar(select(func.date(func.timezone(zone, func.now()))))
    for name in names:
        day = WarmUpDay(warm_up_id=warm_up.id, name=name, day=today, ceiling=plan.start_count, step=CeilingReason.START)
        db.session.add(day)
    db.session.commit()
    return warm_up


def set_growth(warm_up: WarmUp, *, is_held: bool) -> bool:
    """Pause the growth, the ceilings staying as they are, or let it go on; whether that changed anything."""
    is_other = WarmUp.paused_at.is_(None) if is_held else WarmUp.paused_at.is_not(None)
    changed = update(WarmUp).where(WarmUp.id == warm_up.id, WarmUp.ended_at.is_(None), is_other)
    return _changed(changed.values(paused_at=utcnow() if is_held else None).returning(WarmUp.id))


def change_plan(warm_up: WarmUp, growth_percent: int, target_count: int) -> bool:
    """Let the ceilings grow by another share, or end at another one, from the next day on; today's stay. Whether that
    changed anything; the journal says from what to what. Raises WarmUpRefused for one that has ended, and for a target
    below the start."""
    lock_row(warm_up, FOR_CHANGE)
    if warm_up.ended_at is not None:
        db.session.rollback()
        raise WarmUpRefused(_("This warm-up has ended: nothing is limited any more."))
    if target_count < warm_up.start_count:
        least = format_decimal(warm_up.start_count)
        db.session.rollback()
        raise WarmUpRefused(_("Not less than on the first day: %(count)s.", count=least))
    before = (warm_up.growth_percent, warm_up.target_count)
    if before == (growth_percent, target_count):
        db.session.rollback()
        return False
    warm_up.growth_percent, warm_up.target_count = growth_percent, target_count
    add_entry(
        Action.CHANGED,
        f"warm_up {warm_up.id}",
        before="{} %, {}".format(*before),
        after=f"{growth_percent} %, {target_count}",
    )
    db.session.commit()
    return True


def end(warm_up: WarmUp) -> bool:
    """Limit nothing any more; the tick lets those go who wait. Whether it was going on."""
    ended = update(WarmUp).where(WarmUp.id == warm_up.id, WarmUp.ended_at.is_(None)).values(ended_at=utcnow())
    return _changed(ended.returning(WarmUp.id))


@undone_when_refused
def go_on(warm_up: WarmUp) -> bool:
    """Take the end back: each provider goes on from its latest day. Raises WarmUpRefused while another one goes on for
    the domain, or nothing leaves from it any more."""
    owner_of(warm_up.domain)
    _require_room()
    again = update(WarmUp).where(WarmUp.id == warm_up.id, WarmUp.ended_at.is_not(None)).values(ended_at=None)
    with refused_by(ONE_GOING, WarmUpRefused(_("This domain is already being warmed up."))):
        return _changed(again.returning(WarmUp.id))


def _require_room() -> None:
    count = db.session.scalar(select(func.count()).where(WarmUp.ended_at.is_(None))) or 0
    if count >= MOST_GOING:
        raise WarmUpRefused(
            _("There are already %(count)s warm-ups, the most there can be. End one first.", count=count)
        )


def _changed(statement: Executable) -> bool:
    is_changed = db.session.scalar(statement) is not None
    db.session.commit()
    return is_changed
