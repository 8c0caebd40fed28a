"""Mailings of three kinds: one that is over, one that goes every day, one that starts in a moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from mailer.extensions import db
from mailer.models.client import Client, ClientFilter, Suppression, SuppressionReason
from mailer.models.client_field import ClientField
from mailer.models.mailing import Audience, Mailing
from mailer.models.message import Message
from mailer.recurrence.moments import moments
from mailer.recurrence.rule import Period
from mailer.sample import ledger
from mailer.sample.people import DIGEST_TAG, SUBSCRIBER_TAG
from mailer.segments.former import tree_of
from mailer.sending.runs.next_run import set_next_run

ZONE = "Europe/Moscow"
STARTS_IN = timedelta(seconds=15)
HISTORY_DAYS = 24
# Position in the list of clients -> what became of that person in the finished mailing.
UNSUBSCRIBED = (7, 60, 131)
EXCEPTIONS = (
    dict.fromkeys((15, 48, 77, 102, 140, 188), ledger.NO_SUCH_USER)
    | dict.fromkeys((33, 118), ledger.MAILBOX_FULL)
    | {164: ledger.NOT_WANTED}
    | dict.fromkeys(range(20, 200, 31), ledger.ACCEPTED_LATER)
)


def add_field(owner_id: int) -> None:
    """The field that the clients have; no commit."""
    db.session.add(ClientField(owner_id=owner_id, key="город", label="Город", is_listed=True))


def add_filter(owner_id: int) -> ClientFilter:
    """A saved choice of clients; no commit."""
    saved = ClientFilter(
        owner_id=owner_id,
        name="Постоянные, старше сорока",
        tree=tree_of({"tags_any": ["постоянный клиент"], "birth_year_to": 1985}),
    )
    db.session.add(saved)
    return saved


def add_unsubscribed(clients: Sequence[Client], now: datetime) -> None:
    """Some have unsubscribed, before any run there is; no commit."""
    for number in UNSUBSCRIBED:
        client = clients[number]
        db.session.add(
            Suppression(
                owner_id=client.owner_id,
                email_key=client.email_key,
                reason=SuppressionReason.UNSUBSCRIBED,
                created_at=now - timedelta(days=HISTORY_DAYS + 2),
            )
        )
    db.session.flush()


def add_finished(owner_id: int, message: Message, clients: Sequence[Client], now: datetime) -> Mailing:
    """A single mailing of last week with everything that happens in life; no commit."""
    starts_local = _local(now - timedelta(days=6)).replace(hour=11, minute=0, second=0, microsecond=0)
    mailing = _add(owner_id, "Осенний сбор", message, Period.ONCE, starts_local, Audience.EVERYONE)
    planned_at = next(moments(mailing.rule)).at
    stories = {client.email: EXCEPTIONS.get(number, ledger.ACCEPTED) for number, client in enumerate(clients)}
    run = ledger.add_closed_run(mailing, planned_at, lambda _position, email: stories[email])
    mailing.started_at = mailing.last_run_at = run.started_at
    mailing.completed_at = run.closed_at
    return mailing


def add_daily(owner_id: int, message: Message, now: datetime) -> Mailing:
    """A mailing of every morning at nine with some weeks behind it; no commit."""
    starts_local = _local(now - timedelta(days=HISTORY_DAYS)).replace(hour=9, minute=0, second=0, microsecond=0)
    mailing = _add(owner_id, "Утро в лавке", message, Period.DAILY, starts_local, Audience.TAGS, [DIGEST_TAG])
    for number, moment in enumerate(moments(mailing.rule)):
        if moment.at > now:
            break
        run = ledger.add_closed_run(mailing, moment.at, partial(_morning, number))
        mailing.started_at = mailing.started_at or run.started_at
        mailing.last_run_at = run.started_at
    set_next_run(mailing, now)
    return mailing


def add_soon(owner_id: int, message: Message, now: datetime) -> Mailing:
    """A mailing that begins within seconds, so that a newcomer sees mail arrive; no commit."""
    starts_local = (_local(now) + STARTS_IN).replace(microsecond=0)
    mailing = _add(owner_id, "Приглашение в клуб", message, Period.ONCE, starts_local, Audience.TAGS, [SUBSCRIBER_TAG])
    set_next_run(mailing, now)
    return mailing


def _add(
    owner_id: int,
    name: str,
    message: Message,
    period: Period,
    starts_local: datetime,
    audience: Audience,
    tags: Sequence[str] = (),
) -> Mailing:
    mailing = Mailing(
        owner_id=owner_id,
        name=name,
        message_id=message.id,
        period=period,
        starts_local=starts_local,
        timezone=ZONE,
        audience=audience,
        tags=list(tags),
    )
    db.session.add(mailing)
    db.session.flush()
    return mailing


def _morning(day: int, position: int, _email: str) -> ledger.Story:
    """Now and then somebody is greylisted or has a full mailbox."""
    match (day * 7 + position * 3) % 41:
        case 0:
            return ledger.MAILBOX_FULL
        case 5 | 17:
            return ledger.ACCEPTED_LATER
    return ledger.ACCEPTED


def _local(at: datetime) -> datetime:
    return at.astimezone(ZoneInfo(ZONE)).replace(tzinfo=None)
