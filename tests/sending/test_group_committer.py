"""Group commits in the event loop: one statement for what gathered, no harm when an answer is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from time import sleep
from typing import Any

import psycopg2
import pytest
from flask import Flask
from psycopg2.extensions import POLL_OK, POLL_READ
from psycopg2.extensions import connection as Connection  # noqa: N812
from psycopg2.extensions import cursor as Cursor  # noqa: N812
from sqlalchemy import select, text

from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.run import Run
from mailer.sending.database_connections import connector
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.worker import statements
from mailer.sending.worker.claims import AttemptEntry, Claim, LeaseLost
from mailer.sending.worker.group_commit import Writer
from mailer.sending.worker.group_committer import GroupCommitter, Mark
from mailer.sending.worker.ledger import Ledger
from mailer.smtp.results import Outcome, Phase, Result


class Forgetful(Connection):
    """A connection that breaks right after a statement was committed, once it is told to."""

    breaks = False

    def poll(self) -> int:
        """Lose the answer."""
        was_busy = self.isexecuting()
        state: int = super().poll()
        if Forgetful.breaks and was_busy and state == POLL_OK:
            Forgetful.breaks = False
            self.close()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")
        return state


class Late(Connection):
    """A connection that is lost while its first group commit is on the way; the server executes that a second later."""

    stage = "new"

    def cursor(self, *arguments: Any, **settings: Any) -> Any:
        """One that says when it speaks for the first time."""
        return super().cursor(*arguments, cursor_factory=LateCursor, **settings)

    def poll(self) -> int:
        """Break off as soon as the statement has left."""
        state: int = super().poll()
        if self.isexecuting() and state == POLL_READ and Late.stage == "asked":
            Late.stage = "lost"
            self.close()
            raise psycopg2.OperationalError("server closed the connection unexpectedly")
        return state


class LateCursor(Cursor):
    """Lets the first group commit sleep before it works."""

    def execute(self, query: Any, arguments: Any = None) -> None:
        """As any, but for the first."""
        if query == statements.MARK and Late.stage == "new":
            Late.stage = "asked"
            query = f"SELECT pg_sleep(1); {query}"
        super().execute(query, arguments)


@pytest.fixture
def claim(app: Flask, make_run: Callable[..., Run]) -> Iterator[Claim]:
    """A slice of three people."""
    run = make_run("a@x.test", "b@x.test", "c@x.test")
    write_recipient_list(run.id)
    with closing(Ledger(connector(), writer_of(run.id))) as ledger:
        found = ledger.claim()
        assert found is not None
        yield found[0]


def writer_of(run_id: int) -> Writer:
    return Writer(run_id, "test", "mail.test:25", 10)


class Told:
    """What the committer said."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bool]] = []
        self.written: list[int] = []
        self.errors: list[BaseException] = []
        self.round_count = 0

    def committed(self, answers: list[tuple[Mark, bool]], entries: list[AttemptEntry]) -> None:
        self.round_count += 1
        self.answers += [(mark.position, may_send) for mark, may_send in answers]
        self.written += [entry.position for entry in entries]


def play(
    *rounds: list[Mark | AttemptEntry], connect: Callable[..., Connection] | None = None, forgets: bool = False
) -> Told:
    """Put the items of each round in one turn of a loop, and wait for their commit."""
    run_id = db.session.scalars(select(Run.id)).one()
    committer = GroupCommitter(partial(connect or connector(), async_=True), writer_of(run_id))
    told = Told()
    Forgetful.breaks = forgets

    async def work() -> None:
        committer.start(told.committed, told.errors.append)
        for items in rounds:
            before = told.round_count
            for item in items:
                committer.put(item)
            while told.round_count == before and not told.errors:
                await asyncio.sleep(0.001)
        await committer.end()

    with closing(committer):
        asyncio.run(work())
    return told


def mark(claim: Claim, position: int) -> Mark:
    return Mark(claim, position, lambda _may_send: None)


def accepted(claim: Claim, position: int, words: str = "2.0.0 Ok", **values: Any) -> AttemptEntry:
    now = datetime.now(UTC)
    result = Result(position, Outcome.ACCEPTED, Phase.CONTENT, 250, "2.0.0", words, now, now, values.get("tls"))
    return AttemptEntry(claim, position, 1, result)


def connecting_by(kind: type[Connection]) -> Callable[..., Connection]:
    """What makes connections of that kind to the tests' database."""
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)

    def connect(**settings: Any) -> Connection:
        connection = psycopg2.connect(url, connection_factory=kind, **settings)
        psycopg2.extras.wait_select(connection)
        return connection

    return connect


def flags() -> str | None:
    return db.session.scalar(text("SELECT marked FROM slices"))


def test_what_gathers_in_one_turn_is_one_commit(claim: Claim) -> None:
    told = play([mark(claim, 1), mark(claim, 2)], [accepted(claim, 1), mark(claim, 3)])
    assert told.round_count == 2
    assert told.answers == [(1, True), (2, True), (3, True)]
    assert told.written == [1]
    assert flags() == "011"


def test_a_servers_words_are_kept_to_the_letter(claim: Claim) -> None:
    words = 'Ok "quoted" \\back\\ {brace}, NULL\tпочта 🕊 \'; DROP TABLE attempts; --'
    play([accepted(claim, 1, words, tls='TLSv1.3 "x"'), accepted(claim, 2, "NULL")])
    attempts = db.session.scalars(select(Attempt).order_by(Attempt.position)).all()
    assert [attempt.response for attempt in attempts] == [words, "NULL"]
    assert [attempt.tls for attempt in attempts] == ['TLSv1.3 "x"', None]
    assert {attempt.transport for attempt in attempts} == {"mail.test:25"}


def test_a_run_that_was_stopped_gets_no_mark_and_keeps_its_results(claim: Claim) -> None:
    play([mark(claim, 1)])
    db.session.execute(text("UPDATE runs SET stop_reason = 'owner'"))
    db.session.commit()
    told = play([accepted(claim, 1), mark(claim, 2)])
    assert told.answers == [(2, False)]
    assert told.written == [1]
    assert flags() == "000"


def test_a_commit_whose_answer_is_lost_is_made_once(claim: Claim) -> None:
    play([mark(claim, 1), mark(claim, 2)])
    told = play(
        [accepted(claim, 1), accepted(claim, 2), mark(claim, 3)], connect=connecting_by(Forgetful), forgets=True
    )
    assert not Forgetful.breaks
    assert (told.answers, told.written, told.errors) == ([(3, True)], [1, 2], [])
    assert db.session.scalars(select(Attempt.position).order_by(Attempt.position)).all() == [1, 2]
    assert flags() == "001"


def test_a_commit_that_its_repetition_overtook_takes_no_flag_back(claim: Claim) -> None:
    Late.stage = "new"
    told = play([mark(claim, 1)], [mark(claim, 2)], connect=connecting_by(Late))
    assert told.answers == [(1, True), (2, True)]
    late = text("SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(1); EXECUTE%'")
    while db.session.scalar(late):
        db.session.rollback()
        sleep(0.05)
    db.session.rollback()
    assert flags() == "110", "a mail on its way is not in doubt"


def test_a_slice_taken_over_ends_the_committer(claim: Claim) -> None:
    db.session.execute(text("UPDATE slices SET lease_token = gen_random_uuid()"))
    db.session.commit()
    told = play([mark(claim, 1)])
    assert [type(error) for error in told.errors] == [LeaseLost]
    assert not told.answers
    assert flags() is None


def test_an_attempt_without_its_delivery_is_refused_by_the_database(claim: Claim) -> None:
    claim.flags.extend(b"0")
    told = play([accepted(claim, 4)])
    (error,) = told.errors
    assert "needs its delivery" in str(error)
