"""What a person should know before mail leaves at once: sentences for the page that asks once more."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _
from sqlalchemy import Select, func, or_, select

from mailer.extensions import db
from mailer.http import relative
from mailer.letters.document import from_json
from mailer.letters.starters import examples_left
from mailer.mailings.agenda_labels import format_instant, format_local
from mailer.mailings.other_languages import other_languages_text
from mailer.mailings.plan import MailingPlan
from mailer.mailings.queries import people_of
from mailer.mailings.warm_up_words import warm_up_text
from mailer.models.client import Client
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mailing import Mailing
from mailer.models.message import Message, MessageKind
from mailer.models.run import Run
from mailer.models.user import User
from mailer.recurrence.moments import Moment, end_at, resolve
from mailer.recurrence.rule import zone_named
from mailer.sending import own_domains
from mailer.sending.runs.audience import recipients
from mailer.sending.runs.next_run import end_of, has_open_run, taken
from mailer.sending.runs.size import too_large

MANY = 100  # people, and
MANY_TIMES = 10  # so many times as many as ever before: perhaps the wrong list
LONG_AGO = timedelta(minutes=5)
LATELY = timedelta(hours=24)


def before_saving(
    owner: User, plan: MailingPlan, mailing: Mailing | None, due: Moment, will_get: int, now: datetime
) -> list[str]:
    """What is unusual about a mailing, new or changed to `plan`, that begins at once when it is saved."""
    lines, rule, window = (
        _examples_text(plan.message) + _size_text(plan.message, owner) + _domain_text(owner),
        plan.calendar.rule(),
        plan.calendar.window(),
    )
    if now - due.at > LONG_AGO:
        words = {"moment": format_instant(due.at, plan.calendar.timezone), "ago": relative(due.at - now)}
        lines.append(_("The start was %(moment)s, %(ago)s.", **words))
    opening = window.opening(now) if window is not None else None
    if opening is not None and opening.opens_at > now:
        opens = format_instant(opening.opens_at, rule.zone)
        lines.append(_("The sending hours are closed now: emails leave from %(moment)s.", moment=opens))
    ends_at = end_at(rule.until, rule.zone)
    if ends_at is not None and rule.until is not None:
        lines += _end_text(ends_at, rule.until, now)
    people = people_of(plan, owner.id)
    lines += warm_up_text(owner, people, ends_at)
    lines += _once_more(owner, plan.message.id, mailing.id if mailing else None, people, now)
    lines += other_languages_text(plan.message, people)
    return lines + more_than_ever(owner.id, will_get)


def before_sending_now(mailing: Mailing, will_get: int, now: datetime) -> list[str]:
    """What is unusual about a run on demand."""
    ends_at, starts = end_of(mailing), resolve(mailing.starts_local, zone_named(mailing.timezone))
    lines = _examples_text(mailing.message) + _size_text(mailing.message, mailing.owner, mailing)
    lines += _domain_text(mailing.owner)
    if ends_at is not None and ends_at <= now:
        assert mailing.ends_local is not None
        moment = format_local(mailing.ends_local)
        lines.append(_("The end of the mailing, %(moment)s, has passed. This run is sent all the same.", moment=moment))
    elif ends_at is not None and mailing.ends_local is not None:
        lines += _end_text(ends_at, mailing.ends_local, now)
    if has_open_run(mailing):
        lines.append(_("A run of this mailing is still in progress. Wait until it ends, or stop it."))
    elif starts.at > now and not _has_begun(mailing, starts):
        moment = format_local(mailing.starts_local)
        lines.append(_("The mailing starts on %(moment)s. This run comes before that.", moment=moment))
    if mailing.in_waves:
        lines.append(_("This run goes to everybody at once: it does not wait for the time in each client’s own zone."))
    if mailing.window is not None and not mailing.window.is_open(now):
        lines.append(_("The sending hours are closed now. This run does not wait for them."))
    people = recipients(mailing)
    lines += warm_up_text(mailing.owner, people, ends_at if ends_at is not None and ends_at > now else None)
    lines += _once_more(mailing.owner, mailing.message_id, mailing.id, people, now)
    lines += other_languages_text(mailing.message, people)
    return lines + more_than_ever(mailing.owner_id, will_get)


def before_moving(mailing: Mailing, will_get: int, now: datetime) -> list[str]:
    """What is unusual about a run of the calendar that begins at once when it is moved by hand."""
    ends_at, people = end_of(mailing), recipients(mailing)
    lines = _examples_text(mailing.message) + _size_text(mailing.message, mailing.owner, mailing)
    lines += _domain_text(mailing.owner)
    if ends_at is not None and mailing.ends_local is not None:
        lines += _end_text(ends_at, mailing.ends_local, now)
    lines += warm_up_text(mailing.owner, people, ends_at)
    lines += _once_more(mailing.owner, mailing.message_id, mailing.id, people, now)
    lines += other_languages_text(mailing.message, people)
    return lines + more_than_ever(mailing.owner_id, will_get)


def _has_begun(mailing: Mailing, moment: Moment) -> bool:
    """Whether the run of a moment to come has begun already, with people farther east."""
    return bool(taken(mailing.id, [moment]))


def _once_more(owner: User, message_id: int, mailing_id: int | None, people: Select[Any], now: datetime) -> list[str]:
    """A word about those of `people` whom this mailing, or another one of its message, reached in the last 24 hours."""
    lately = or_(Run.closed_at.is_(None), Run.closed_at > now - LATELY)
    is_same = or_(Run.mailing_id == mailing_id, Mailing.message_id == message_id)
    query = select(Run.id).join(Mailing, Mailing.id == Run.mailing_id)
    runs = list(db.session.scalars(query.where(Run.owner_id == owner.id, lately, is_same, Run.accepted_count > 0)))
    if not runs:
        return []
    reached = select(Delivery.email_key).where(Delivery.run_id.in_(runs), Delivery.state == DeliveryState.ACCEPTED)
    # IS TRUE keeps it a set that is looked into: as a join, before the statistics know of the run, it is a loop of
    # everybody over everybody, and the page runs into its time limit.
    again = people.where(Client.email_key.in_(reached).is_(True)).order_by(None).subquery()
    count = db.session.scalar(select(func.count()).select_from(again)) or 0
    if not count:
        return []
    return [
        ngettext(
            "In the last 24 hours %(count)s of these people already got this message and would get it once more.",
            "In the last 24 hours %(count)s of these people already got this message and would get it once more.",
            count,
            count=format_decimal(count),
        )
    ]


def more_than_ever(owner_id: int, will_get: int) -> list[str]:
    """A word about a number of people that the owner never wrote to before."""
    most = db.session.scalar(select(func.max(Run.planned_count)).where(Run.owner_id == owner_id)) or 0
    if not most or will_get < MANY or will_get < MANY_TIMES * most:
        return []
    return [
        ngettext(
            "You have never written to so many people: the largest run so far went to %(count)s person.",
            "You have never written to so many people: the largest run so far went to %(count)s.",
            most,
            count=format_decimal(most),
        )
    ]


def _examples_text(message: Message) -> list[str]:
    """A word about a starter's words and pictures that nobody has replaced."""
    if message.kind is not MessageKind.BLOCKS or not examples_left(from_json(message.document)):
        return []
    return [_("The email still contains text or pictures from the example it started from.")]


def _domain_text(owner: User) -> list[str]:
    """A word about the records of the owner's domain."""
    domain = own_domains.used_by(owner.id)
    if domain is None or domain.missed_at is None:
        return []
    words = _(
        "The DNS no longer shows the records of %(domain)s: emails may be taken for forgeries.",
        domain=domain.name,
    )
    return [words]


def _size_text(message: Message, owner: User, mailing: Mailing | None = None) -> list[str]:
    found = too_large(message, owner, mailing)
    if found is None:
        return []
    size, limit = (format_decimal(round(number / 1024)) for number in found)
    words = _(
        "One email is %(size)s KB and the mail server accepts at most %(limit)s KB: nobody would get it.",
        size=size,
        limit=limit,
    )
    return [words]


def _end_text(ends_at: datetime, local: datetime, now: datetime) -> list[str]:
    if ends_at <= now:
        return []
    return [_("Anyone not reached by the end, %(moment)s, will not receive it.", moment=format_local(local, now))]
