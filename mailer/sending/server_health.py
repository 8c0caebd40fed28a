"""The breaker of the mail server, shared by all workers through the database."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select, text, update
from sqlalchemy.dialects.postgresql import insert

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mail_server import MailServer
from mailer.models.run import Run, RunState
from mailer.smtp.results import Fault
from mailer.smtp.transport import Transport

LATELY = timedelta(minutes=15)
KNOCK = text(
    "UPDATE mail_servers SET probe_at = now() + make_interval(secs => :wait) "
    "WHERE name = :name AND probe_at <= now() RETURNING name"
)


def name_of(transport: Transport) -> str:
    """What the transport is called in the database: no credentials."""
    return f"{transport.host}:{transport.port}"[:100]


def may_connect(transport: Transport) -> bool:
    """Whether a worker may connect now. While the breaker is open, only the one that wins the probe may. Commits."""
    name = name_of(transport)
    server = db.session.get(MailServer, name, populate_existing=True)
    if server is None or server.probe_at is None:
        db.session.rollback()
        return True
    wait = _wait(transport, server.fault_count)
    has_won = db.session.execute(KNOCK, {"name": name, "wait": wait}).first() is not None
    db.session.commit()
    return has_won


def probe_at(transport: Transport) -> datetime | None:
    """When the server is tried again; None while it works."""
    return db.session.scalar(select(MailServer.probe_at).where(MailServer.name == name_of(transport)))


def was_sound_lately(transport: Transport) -> bool:
    """Whether the server has judged a mail of anybody's in good order within the last quarter of an hour."""
    last = db.session.scalar(select(MailServer.last_success_at).where(MailServer.name == name_of(transport)))
    return last is not None and last > utcnow() - LATELY


def note_fault(transport: Transport, run_id: int, fault: Fault) -> None:
    """Open the breaker (longer each time) and let the run say what it waits for. Commits."""
    now, name = utcnow(), name_of(transport)
    words = f"{fault.code} {fault.text}" if fault.code else fault.text
    said = {"last_fault": words[:1000], "last_fault_at": now}
    row = db.session.get(MailServer, name, with_for_update=True, populate_existing=True)
    count = (row.fault_count if row else 0) + 1
    values = said | {
        "fault_count": count,
        "probe_at": db.func.now() + text("make_interval(secs => :wait)").bindparams(wait=_wait(transport, count)),
    }
    db.session.execute(
        insert(MailServer).values(name=name, **values).on_conflict_do_update(index_elements=["name"], set_=values)
    )
    db.session.execute(
        update(Run)
        .where(Run.id == run_id, Run.state == RunState.SENDING)
        .values(state=RunState.WAITING_FOR_SERVER, **said)
    )
    db.session.commit()


def note_success(transport: Transport, run_id: int) -> None:
    """The server has taken a mail: close the breaker, and the run is sending. Commits."""
    values = {"fault_count": 0, "probe_at": None, "last_success_at": utcnow()}
    db.session.execute(
        insert(MailServer)
        .values(name=name_of(transport), **values)
        .on_conflict_do_update(index_elements=["name"], set_=values)
    )
    db.session.execute(
        update(Run).where(Run.id == run_id, Run.state == RunState.WAITING_FOR_SERVER).values(state=RunState.SENDING)
    )
    db.session.commit()


def _wait(transport: Transport, fault_count: int) -> float:
    return float(min(transport.probe_after * 2 ** max(0, fault_count - 1), transport.probe_at_most))
