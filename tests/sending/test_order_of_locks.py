"""Transactions that meet at the ledger: whichever comes first, and however far it is, none ends in a deadlock.

For each pair: the first stops after its first, second, third … statement that locks; the second goes on until it is
over or waits; then the first goes on too. Wherever two transactions can lock each other out, one of these orders shows
it. None of them commits, so each pair meets the same rows.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Any

import psycopg2
import pytest
from flask import Flask
from psycopg2.extensions import connection as Connection  # noqa: N812
from sqlalchemy import event, text

from mailer.auth.services.profile import erase_account
from mailer.clients.subscription import Subscription, unsubscribe
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.mailings import services
from mailer.mailings.runs import services as run_services
from mailer.manager import decisions
from mailer.manager import services as blocking
from mailer.manager import services as roles
from mailer.models.delivery import DeliveryState, Reason
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import Role, User
from mailer.sending.runs import closing, list_rows, recipient_list, stuck, windows
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.worker.claims import Claim
from mailer.sending.worker.delivery_rules import DeliveryUpdate
from mailer.sending.worker.group_commit import Writer
from mailer.sending.worker.ledger import Ledger
from tests.conftest import ROOT
from tests.factories import PASSWORD, make_client
from tests.waiting import wait_until

MakeRun = Callable[..., Run]
PEOPLE = [f"c{number}@example.test" for number in range(1, 9)]
ATTEMPT = (
    "INSERT INTO attempts (run_id, position, number, outcome, phase, worker, response, started_at, finished_at) "
    "VALUES (:run, :position, 1, :outcome, 'content', 'w', '', now(), now())"
)
MOVE = "UPDATE deliveries SET state = :state, reason = :reason WHERE run_id = :run AND position = :position"
LOCKING = "FOR "  # a SELECT with it
SOON = 0.003  # seconds after which it is looked whether somebody waits


class Over(BaseException):
    """Where the transaction would have been committed."""


class Undone(Connection):
    """A connection that commits nothing."""

    def commit(self) -> None:
        """Undo everything instead."""
        self.rollback()


class Act(threading.Thread):
    """One transaction in a thread of its own, that stops after so many locking statements until it is told to go on."""

    def __init__(self, app: Flask, work: Callable[[], object], stops_after: int | None = None) -> None:
        super().__init__(daemon=True)
        self._app, self._work, self._left = app, work, stops_after
        self.has_stopped, self.goes_on = threading.Event(), threading.Event()
        self.error: BaseException | None = None

    def run(self) -> None:
        """Work, up to where it would be committed."""
        with self._app.app_context():
            try:
                self._work()
            except Over:
                pass
            except BaseException as error:
                self.error = error
            finally:
                db.session.rollback()
                db.session.remove()
                self.has_stopped.set()

    def count(self) -> None:
        """One statement that locks is done."""
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                self.has_stopped.set()
                assert self.goes_on.wait(60)

    @property
    def stands(self) -> bool:
        """It has come as far as it was to come, and waits to be told."""
        return self._left is not None and self._left <= 0


@pytest.fixture
def no_commits(app: Flask) -> Iterator[None]:
    """What acts write is undone where it would be committed, and they count their statements."""

    def end(session: Any) -> None:
        if isinstance(threading.current_thread(), Act):
            session.flush()
            raise Over

    def counted(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        thread = threading.current_thread()
        if isinstance(thread, Act) and (not statement.startswith("SELECT") or LOCKING in statement):
            thread.count()

    event.listen(db.session, "before_commit", end)
    event.listen(db.engine, "after_cursor_execute", counted)
    yield
    event.remove(db.session, "before_commit", end)
    event.remove(db.engine, "after_cursor_execute", counted)


class Stage:
    """A run that goes on: people of every kind, and a slice in a worker's hands with an answer not yet settled."""

    def __init__(self, run: Run, by: User) -> None:
        self.run_id, self.mailing_id, self.owner_id, self.by_id = run.id, run.mailing_id, run.owner_id, by.id
        assert write_recipient_list(run.id)
        places = [(3, "refused", None), (4, "uncertain", None), (5, "stopped", Reason.STOPPED_ENDED.value)]
        for position, state, reason in places:
            db.session.execute(text(MOVE), {"run": run.id, "position": position, "state": state, "reason": reason})
        for position in (1, 2):
            db.session.execute(text(ATTEMPT), {"run": run.id, "position": position, "outcome": "accepted"})
        db.session.commit()
        self.newcomers = [make_client(self.user()).id for _number in range(2)]
        self._url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        worker = self._ledger(None, 60)
        found = worker.claim()
        worker.close()
        assert found
        self.claim: Claim = found[0]

    def _ledger(self, kind: type[Connection] | None, lease_seconds: float) -> Ledger:
        connect = partial(psycopg2.connect, self._url, connection_factory=kind)
        return Ledger(connect, Writer(self.run_id, "a worker", None, lease_seconds))

    def user(self) -> User:
        """Whose run it is."""
        return db.session.get_one(User, self.owner_id)

    def mailing(self) -> Mailing:
        """The mailing of the run."""
        return db.session.get_one(Mailing, self.mailing_id)

    def run(self) -> Run:
        """The run."""
        return db.session.get_one(Run, self.run_id)

    def settle(self) -> None:
        """A worker that takes in two answers and gives its slice back. It has no patience: a deadlock shows."""
        ledger = self._ledger(Undone, 0)
        people = [DeliveryUpdate(position, DeliveryState.ACCEPTED, 1, 0) for position in (1, 2)]
        try:
            ledger.settle(self.claim, people, release=True)
        finally:
            ledger.close()

    def write_list(self) -> None:
        """A worker that writes one more part of the list, as far as anybody is missing."""
        list_rows.write_list(self.run_id, self.owner_id, self.newcomers, len(PEOPLE))
        db.session.execute(text("UPDATE runs SET unlisted_count = 0 WHERE id = :run"), {"run": self.run_id})

    def begin_list(self) -> None:
        """What precedes the list."""
        recipient_list._lock(self.run(), self.mailing())
        self.mailing().skipped_count += 1
        db.session.commit()

    def leave(self) -> None:
        """A recipient unsubscribes by the link of this run."""
        unsubscribe(Subscription(self.owner_id, "", PEOPLE[0], PEOPLE[0], None, self.run_id))


PEOPLES: dict[str, Callable[[Stage], object]] = {
    "block": lambda s: blocking.block(s.user(), "spam", db.session.get_one(User, s.by_id)),
    "erase": lambda s: erase_account(s.user(), PASSWORD),
    "change role": lambda s: roles.change_role(s.user(), Role.EDITOR),
    "disable": lambda s: decisions.disable(s.mailing(), "spam", db.session.get_one(User, s.by_id)),
    "stop by a manager": lambda s: decisions.stop_run(s.run(), "spam"),
    "pause": lambda s: services.pause_mailing(s.mailing()),
    "resume": lambda s: services.resume_mailing(s.mailing()),
    "stop": lambda s: services.stop_run(s.mailing()),
    "send to the uncertain": lambda s: run_services.resend_uncertain(s.run()),
    "retry": lambda s: run_services.retry_refused(s.run()),
    "send to the stopped": lambda s: run_services.send_to_stopped(s.run()),
    "count as accepted": lambda s: run_services.count_uncertain_as_accepted(s.run()),
    "unsubscribe": lambda s: s.leave(),
}
OURS: dict[str, Callable[[Stage], object]] = {
    "settle": lambda s: s.settle(),
    "list": lambda s: s.write_list(),
    "begin the list": lambda s: s.begin_list(),
    "stop what must": lambda s: closing._stop(s.run_id, utcnow()),
    "heal": lambda s: stuck._heal(s.run_id),
    "turn at the hours": lambda s: windows._turn(s.run_id, utcnow()),
}


FIRST = [name for name in PEOPLES | OURS if name != "settle"]  # it is one statement to SQLAlchemy's eyes


@pytest.mark.parametrize("first", FIRST)
def test_two_that_meet_end_without_a_deadlock(
    app: Flask,
    make_run: MakeRun,
    manager: User,
    monkeypatch: pytest.MonkeyPatch,
    no_commits: None,
    first: str,
) -> None:
    monkeypatch.setitem(app.config, "SLICE_SIZE", 2)
    stage = Stage(make_run(*PEOPLE), manager)
    found = [f"{first}, statement {at}, then {name}: {error}" for at, name, error in meetings(app, stage, first)]
    assert not found


def meetings(app: Flask, stage: Stage, first: str) -> Iterator[tuple[int, str, BaseException]]:
    """Every order in which `first` meets one of ours that goes wrong: after which statement, whom, and how."""
    for name, work in OURS.items():
        for at in count(1):
            one = Act(app, partial((PEOPLES | OURS)[first], stage), at)
            one.start()
            assert one.has_stopped.wait(60)
            if not one.stands:
                assert one.error is None, one.error
                assert at > 1
                break
            other = Act(app, partial(work, stage))
            other.start()
            wait_until(lambda other=other: other.has_stopped.wait(SOON) or is_anybody_waiting())  # type: ignore[misc]
            one.goes_on.set()
            for act in (one, other):
                act.join(60)
                assert not act.is_alive()
                if act.error is not None:
                    yield at, name, act.error


def is_anybody_waiting() -> bool:
    """A transaction waits for a lock."""
    with db.engine.connect() as connection:
        return bool(connection.scalar(text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")))


def test_rows_are_locked_in_the_ways_that_are_named() -> None:
    ways = re.compile(r"with_for_update(?:\(|=)(?!\*\*(?:FOR_CHANGE|AS_IT_IS)\b|(?:FOR_CHANGE|AS_IT_IS)\b)[^\n]*")
    texts = {path: path.read_text() for path in (ROOT / "mailer").rglob("*.py")}
    found = {match[0] for text_ in texts.values() for match in ways.finditer(text_)}
    assert found == {
        'with_for_update={**how, "of": type(row)})',  # `lock_row`
        'with_for_update={**FOR_CHANGE, "of": SignUp})',  # one that an advisory lock stands before
        "with_for_update(read=True, key_share=True)",  # as a reference does
    }
    assert [path.name for path, text_ in texts.items() if "FOR UPDATE" in text_] == ["locks.py"]  # it says why
