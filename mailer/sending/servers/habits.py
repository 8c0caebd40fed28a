"""What each mail server has taught: its pace, its limits and what it does not bear, remembered for all workers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mail_server import MailServer
from mailer.sending.servers.health import name_of
from mailer.smtp.envelope import Features
from mailer.smtp.transport import Transport

PACE_HOLDS = timedelta(hours=1)
HABIT_HOLDS = timedelta(days=30)  # then it is tried anew
LIMITS_HOLD = timedelta(days=7)
NOTED_AGAIN_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Learned:
    """What conversations with a server have taught, for those who come after."""

    pace: float | None = None  # emails a second for one worker, where the server has had enough at some time
    refuses_riding: bool = False  # an envelope behind a final dot
    features: Features | None = None


def accustomed(transport: Transport) -> tuple[Transport, float | None]:
    """The transport without what this server does not bear, and the pace to begin with (None: no limit). No commit."""
    now, server = utcnow(), db.session.get(MailServer, name_of(transport))
    if server is None:
        return transport, None
    if server.refuses_riding_since is not None and now - server.refuses_riding_since < HABIT_HOLDS:
        transport = replace(transport, rides_behind_dot=False)
    is_fresh = server.paced_at is not None and now - server.paced_at < PACE_HOLDS
    return transport, server.pace if is_fresh else None


def note(transport: Transport, learned: Learned) -> None:
    """Remember what a turn has taught. Commits; writes nothing where nothing is new."""
    name = name_of(transport)
    server = db.session.get(MailServer, name, populate_existing=True)
    values = _news(server, transport, learned)
    if values:
        db.session.execute(
            insert(MailServer).values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values)
        )
        db.session.commit()
    else:
        db.session.rollback()


def size_limit(transports: Iterable[Transport]) -> int | None:
    """The largest mail in bytes that every one of these servers takes, as far as they have said so; None: no limit."""
    names = [name_of(transport) for transport in transports]
    smallest = select(func.min(MailServer.size_limit)).where(
        MailServer.name.in_(names), MailServer.met_at > utcnow() - LIMITS_HOLD
    )
    return db.session.scalar(smallest)


def _news(server: MailServer | None, transport: Transport, learned: Learned) -> dict[str, object]:
    now, values = utcnow(), dict[str, object]()
    if learned.pace is not None:
        values |= {"pace": learned.pace, "paced_at": now}
    if learned.refuses_riding and transport.rides_behind_dot:
        values |= {"refuses_riding_since": now}
    if learned.features is not None:
        offered = {"size_limit": learned.features.size_limit or None, "takes_smtputf8": learned.features.smtputf8}
        is_known = server is not None and all(getattr(server, key) == value for key, value in offered.items())
        if not is_known or server is None or server.met_at is None or now - server.met_at > NOTED_AGAIN_AFTER:
            values |= offered | {"met_at": now}
    return values
