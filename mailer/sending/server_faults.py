"""A run's log of what mail servers said when they were at fault, and attempts of those whom that kept from a mail."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, text, update

from mailer.extensions import db
from mailer.models.delivery import DeliveryState
from mailer.models.mail_server import MailServer
from mailer.models.run import Run
from mailer.models.run_fault import RunFault
from mailer.models.types import MAX_RESPONSE
from mailer.sending.conditions import listed
from mailer.smtp.results import Outcome, Phase

MOST = 50  # different words kept of one run; the oldest give way
# Those of a slice who wait, whose moment had come when the server last failed, whose last attempt says no such thing.
ATTEMPTS = text(
    "INSERT INTO attempts (run_id, position, number, outcome, phase, smtp_code, response, started_at, finished_at, "
    "transport, worker) "
    f"SELECT d.run_id, d.position, d.attempt_count + 1, '{Outcome.SERVER_FAULT}', "
    ":phase, :code, :said, :at, :at, :server, '' "
    "FROM deliveries d WHERE d.run_id = :run AND d.position BETWEEN :first AND :last "
    f"AND d.state IN ({listed((DeliveryState.WAITING, DeliveryState.DEFERRED))}) "
    "AND (d.retry_at IS NULL OR d.retry_at <= :at) "
    "AND NOT EXISTS (SELECT FROM attempts a WHERE a.run_id = d.run_id AND a.position = d.position "
    f"AND a.number = d.attempt_count AND a.outcome = '{Outcome.SERVER_FAULT}') RETURNING position"
)


def note(run_id: int, server: str, phase: Phase, code: int | None, said: str, at: datetime) -> None:
    """Write a fault into the run's log: the same words again are counted. No commit."""
    same = (
        RunFault.run_id == run_id,
        RunFault.server == server,
        RunFault.phase == phase,
        RunFault.smtp_code.is_not_distinct_from(code),
        RunFault.response == said[:MAX_RESPONSE],
    )
    again = update(RunFault).where(*same, RunFault.last_at < at).values(count=RunFault.count + 1, last_at=at)
    if db.session.execute(again).rowcount:  # type: ignore[attr-defined]
        return
    if db.session.scalar(select(RunFault.id).where(*same).limit(1)) is not None:
        return
    oldest_first = db.session.scalars(select(RunFault).filter_by(run_id=run_id).order_by(RunFault.last_at)).all()
    fault = oldest_first[0] if len(oldest_first) >= MOST else RunFault(run_id=run_id)
    fault.server, fault.phase, fault.smtp_code, fault.response = server, phase, code, said[:MAX_RESPONSE]
    fault.count, fault.first_at, fault.last_at = 1, at, at
    db.session.add(fault)
    db.session.flush()


def note_of_server(run_id: int, server: MailServer) -> None:
    """Write what a server said to another run, for which this one waits too. No commit."""
    if server.last_fault is None or server.last_fault_at is None:
        return
    code = server.last_fault_code
    said = server.last_fault.removeprefix(f"{code} ") if code else server.last_fault
    note(run_id, server.name, Phase(server.last_fault_phase or Phase.CONNECT), code, said, server.last_fault_at)


def log_of(run_id: int) -> list[RunFault]:
    """The run's log, the latest first."""
    return list(db.session.scalars(select(RunFault).filter_by(run_id=run_id).order_by(RunFault.last_at.desc())))


def close_attempts(run: Run, first: int, last: int) -> list[int]:
    """Give those at these positions whom a server's fault keeps from being mailed a closed attempt with its last words;
    the positions, whose `attempt_count` the caller raises. No commit. Nobody when no server is at fault now.
    """
    if run.last_fault_at is None:
        return []
    latest = select(RunFault).filter_by(run_id=run.id).order_by(RunFault.last_at.desc()).limit(1)
    fault = db.session.scalar(latest)
    if fault is None:
        return []
    about = {"phase": fault.phase.value, "code": fault.smtp_code, "said": fault.response, "server": fault.server}
    places = {"run": run.id, "first": first, "last": last, "at": fault.last_at}
    return list(db.session.scalars(ATTEMPTS, about | places))
