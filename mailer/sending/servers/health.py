"""The breaker of each mail server, shared by all workers through the database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import case, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.mail_server import MailServer
from mailer.models.run import SENDING_STATES, Run, RunState
from mailer.models.types import MAX_RESPONSE, MAX_SERVER_NAME
from mailer.sending import server_faults
from mailer.smtp.breaker import BreakerState
from mailer.smtp.results import Fault
from mailer.smtp.transport import Transport

LATELY = timedelta(minutes=15)
JUST_NOW = timedelta(seconds=5)  # small runs come by the hundred, and all would write the one row
KNOCK = text(
    "UPDATE mail_servers SET probe_at = now() + make_interval(secs => :wait) "
    "WHERE name = :name AND probe_at <= now() RETURNING name"
)


def name_of(transport: Transport) -> str:
    """What the transport is called in the database: no credentials."""
    return transport.name[:MAX_SERVER_NAME]


def try_server(transport: Transport) -> BreakerState:
    """Ask whether a worker may connect now: *closed* yes, *open* no, *probing* yes, as the only one. Commits."""
    name = name_of(transport)
    server = db.session.get(MailServer, name, populate_existing=True)
    if server is None or server.probe_at is None:
        db.session.rollback()
        return BreakerState.CLOSED
    wait = _wait(transport, server.fault_count)
    has_won = db.session.execute(KNOCK, {"name": name, "wait": wait}).first() is not None
    db.session.commit()
    return BreakerState.PROBING if has_won else BreakerState.OPEN


def probe_times(transports: Iterable[Transport]) -> dict[str, datetime]:
    """When each of those servers that are out of order is tried again, by name. Those that work are left out."""
    names = [name_of(transport) for transport in transports]
    query = select(MailServer.name, MailServer.probe_at)
    rows = db.session.execute(query.where(MailServer.name.in_(names), MailServer.probe_at.is_not(None)))
    return {row.name: row.probe_at for row in rows}


def was_sound_lately(transport: Transport) -> bool:
    """Whether the server has judged a mail of anybody's in good order within the last quarter of an hour."""
    last = db.session.scalar(select(MailServer.last_success_at).where(MailServer.name == name_of(transport)))
    return last is not None and last > utcnow() - LATELY


def note_fault(transport: Transport, fault: Fault, *, was_probe: bool) -> None:
    """Open the breaker, for longer after each probe that failed. Commits.

    Workers that ran into the same outage side by side count as one fault.
    """
    now, name = utcnow(), name_of(transport)
    values = {"last_fault": label_of(fault), "last_fault_at": now}
    values |= {"last_fault_phase": fault.phase.value, "last_fault_code": fault.code}
    row = db.session.get(MailServer, name, with_for_update=FOR_CHANGE, populate_existing=True)
    count = row.fault_count if row is not None else 0
    if fault.needs_admin:
        values["needs_admin_since"] = (row and row.needs_admin_since) or now
    if count == 0 or was_probe:
        wait = _wait(transport, count + 1)
        values["fault_count"] = count + 1
        values["probe_at"] = db.func.now() + text("make_interval(secs => :wait)").bindparams(wait=wait)
    db.session.execute(
        insert(MailServer).values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values)
    )
    db.session.commit()


def note_success(transport: Transport) -> None:
    """The server has taken a mail: close the breaker. Commits; writes nothing where that was just noted."""
    now = utcnow()
    values = {"fault_count": 0, "probe_at": None, "last_success_at": now}
    values |= {"needs_admin_since": None, "admins_told_at": None}
    is_news = or_(
        MailServer.fault_count > 0,
        MailServer.needs_admin_since.is_not(None),
        MailServer.last_success_at.is_(None),
        MailServer.last_success_at < now - JUST_NOW,
    )
    db.session.execute(
        insert(MailServer)
        .values(name=name_of(transport), **values)
        .on_conflict_do_update(index_elements=["name"], set_=values, where=is_news)
    )
    db.session.commit()


def let_run_wait(run_id: int, transport: Transport) -> None:
    """Every server is out of order: the run says that it waits, and for what. Commits."""
    server = db.session.get(MailServer, name_of(transport), populate_existing=True)
    said = {"last_fault": server.last_fault, "last_fault_at": server.last_fault_at} if server is not None else {}
    db.session.execute(
        update(Run)
        .where(Run.id == run_id, Run.state.in_(SENDING_STATES))
        .values(state=RunState.WAITING_FOR_SERVER, **said)
    )
    if server is not None:
        server_faults.note_of_server(run_id, server)
    db.session.commit()


def let_run_go_on(run_id: int) -> None:
    """A server works: the run is sending, and no fault holds it. Commits."""
    is_held = or_(Run.state == RunState.WAITING_FOR_SERVER, Run.last_fault_at.is_not(None))
    state = case((Run.state == RunState.WAITING_FOR_SERVER, RunState.SENDING.value), else_=Run.state)
    db.session.execute(
        update(Run)
        .where(Run.id == run_id, Run.closed_at.is_(None), is_held)
        .values(state=state, last_fault=None, last_fault_at=None)
    )
    db.session.commit()


def label_of(fault: Fault) -> str:
    """What the server said, with its code."""
    return (f"{fault.code} {fault.text}" if fault.code else fault.text)[:MAX_RESPONSE]


def _wait(transport: Transport, fault_count: int) -> float:
    return float(min(transport.probe_after * 2 ** max(0, fault_count - 1), transport.probe_at_most))
