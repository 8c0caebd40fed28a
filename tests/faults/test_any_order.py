"""Any order of events at all: Hypothesis deals them, PostgreSQL keeps the books, a simulated server takes the mails.

The network is the only thing that is simulated: whether the content arrives before a crash is the deal of the cards.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import psycopg2
import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, text

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.client import Client, Suppression
from mailer.models.delivery import UNFINISHED, Delivery, DeliveryState
from mailer.models.mailing import InDoubtRule, Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.sending.runs import closing, control
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_now
from mailer.sending.worker.claims import AttemptEntry, Claim, LeaseLost
from mailer.sending.worker.delivery_rules import RunRules, deadline
from mailer.sending.worker.group_commit import Writer
from mailer.sending.worker.ledger import Ledger
from mailer.sending.worker.recovery import recover
from mailer.sending.worker.statements import ABANDONED
from mailer.smtp.results import Outcome, Result
from mailer.smtp.results import Phase as Step
from tests.conftest import empty_the_tables
from tests.factories import add_clients, make_mailing, make_user
from tests.faults.group_commits import BREAKS, GroupCommits

PEOPLE = 5
SLICE = 3
WORKERS = 2
# What keeps a delivery going comes up more often than what ends it.
DEALT = [*([Outcome.IN_DOUBT, Outcome.TRANSIENT] * 3), *Outcome]
OUTCOMES = st.lists(st.sampled_from(DEALT), min_size=3 * SLICE, max_size=3 * SLICE)


@dataclass
class Worker:
    """What one worker holds in memory: it may die at any moment and take that with it."""

    ledger: Ledger
    commits: GroupCommits
    claims: list[Claim] = field(default_factory=list)
    marked: dict[tuple[int, int], bool] = field(default_factory=dict)  # mail -> whether the server has taken it
    answered: list[tuple[Claim, int, Result]] = field(default_factory=list)
    settled: dict[int, list[int]] = field(default_factory=dict)  # slice -> positions recorded, not settled
    done: set[tuple[int, int]] = field(default_factory=set)  # had their try under this lease

    def close(self) -> None:
        """Let go of the database."""
        self.ledger.close()
        self.commits.close()


class AnyOrder(RuleBasedStateMachine):
    """Claim, mark, answer, record, settle, crash, expiry, pause, stop, resend, retry, unsubscribe, end, tick."""

    @initialize(rule_=st.sampled_from(list(InDoubtRule)))
    def begin(self, rule_: InDoubtRule) -> None:
        """A planned run to five people in two slices."""
        owner: User = make_user()
        add_clients(owner, PEOPLE)
        mailing = make_mailing(owner, in_doubt_rule=rule_)
        run = start_now(mailing, "form")
        write_recipient_list(run.id)
        self.run_id, self.mailing_id, self.owner_id, self.in_doubt_rule = run.id, mailing.id, owner.id, rule_
        db.session.commit()
        self.copies: Counter[int] = Counter()  # the server's ledger
        self.presses = self.turn_count = 0
        self.workers = [self._hire(number) for number in range(WORKERS)]

    def _hire(self, number: int) -> Worker:
        url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        writer = Writer(self.run_id, f"worker {number}", None, 3600)
        return Worker(Ledger(lambda: psycopg2.connect(url), writer), GroupCommits(url, writer))

    def teardown(self) -> None:
        """Close what is open, and leave an empty database."""
        for worker in getattr(self, "workers", []):
            worker.close()
        db.session.rollback()
        empty_the_tables()

    # -- workers -------------------------------------------------------------------------------------------------------

    @rule(number=st.integers(0, WORKERS - 1), abandoned=st.booleans())
    def claim(self, number: int, abandoned: bool) -> None:
        """Take a slice, and write down what a dead holder left."""
        worker = self.workers[number]
        found = worker.ledger.claim(ABANDONED) if abandoned else worker.ledger.claim()
        if found is None:
            return
        claim, doubts = found
        recover(worker.ledger, claim, doubts, self._rules(), Random(1), utcnow())
        touched = [each.progress for each in claim.people.values() if not each.is_settled]
        worker.ledger.settle(claim, touched, release=abandoned)
        if not abandoned:
            worker.claims.append(claim)
            worker.done |= {(claim.slice_id, each.position) for each in touched}
            worker.done |= {(claim.slice_id, p) for p, each in claim.people.items() if each.progress.state.is_final}

    @rule(
        number=st.integers(0, WORKERS - 1),
        which=st.integers(0, 20),
        arrives=st.booleans(),
        records=st.booleans(),
        breaks_at=st.sampled_from(BREAKS),
    )
    def mark(self, number: int, which: int, arrives: bool, records: bool = False, breaks_at: int | None = None) -> None:
        """Ask for the mark, with what there is to record; if it is granted the content leaves, and may arrive."""
        worker = self.workers[number]
        free = [(claim, p) for claim in worker.claims for p in claim.people if (claim.slice_id, p) not in worker.done]
        if not free:
            return
        claim, position = free[which % len(free)]
        worker.done.add((claim.slice_id, position))
        allowed = self._commit(number, [(claim, position)], records=records, breaks_at=breaks_at)
        if allowed.get((claim.slice_id, position)):
            worker.marked[claim.slice_id, position] = arrives
            self.copies[position] += arrives

    @rule(number=st.integers(0, WORKERS - 1), which=st.integers(0, 20), outcome=st.sampled_from(list(Outcome)))
    def answer(self, number: int, which: int, outcome: Outcome) -> None:
        """The end of a try: after a mark only what the server has done can be its answer."""
        worker = self.workers[number]
        places = [(claim, p) for claim in worker.claims for p in claim.people]
        marked = [(claim, p) for claim, p in places if (claim.slice_id, p) in worker.marked]
        fresh = [(claim, p) for claim, p in places if (claim.slice_id, p) not in worker.done]
        if outcome in (Outcome.ACCEPTED, Outcome.IN_DOUBT):
            candidates = marked
        else:
            candidates = [(claim, p) for claim, p in marked if not worker.marked[claim.slice_id, p]] + fresh
        if not candidates:
            return
        claim, position = candidates[which % len(candidates)]
        has_arrived = worker.marked.pop((claim.slice_id, position), False)
        if outcome is Outcome.ACCEPTED and not has_arrived:
            self.copies[position] += 1  # it arrives just now
        worker.done.add((claim.slice_id, position))
        now = datetime.now(UTC)
        code = {Outcome.ACCEPTED: 250, Outcome.TRANSIENT: 451, Outcome.PERMANENT: 550}.get(outcome)
        step = Step.RCPT if outcome in (Outcome.TRANSIENT, Outcome.PERMANENT, Outcome.SERVER_FAULT) else Step.CONTENT
        worker.answered.append((claim, position, Result(position, outcome, step, code, None, "words", now, now, None)))

    @rule(number=st.integers(0, WORKERS - 1), breaks_at=st.sampled_from(BREAKS))
    def record(self, number: int, breaks_at: int | None = None) -> None:
        """One group commit of all answers."""
        if self.workers[number].answered:
            self._commit(number, [], records=True, breaks_at=breaks_at)

    def _commit(
        self, number: int, marks: list[tuple[Claim, int]], *, records: bool, breaks_at: int | None
    ) -> dict[tuple[int, int], bool]:
        worker = self.workers[number]
        answered = worker.answered if records else []
        entries = [
            AttemptEntry(claim, position, claim.people[position].progress.attempt_count + 1, result)
            for claim, position, result in answered
        ]
        try:
            allowed = worker.commits.commit(marks, entries, breaks_at=breaks_at)
        except LeaseLost:
            self._fire(number)
            return {}
        for claim, position, result in answered:
            claim.people[position].progress.apply(result, self._rules(), Random(1), serves_others=True)
            worker.settled.setdefault(claim.slice_id, []).append(position)
        worker.answered = [] if records else worker.answered
        return allowed

    @rule(number=st.integers(0, WORKERS - 1), release=st.booleans())
    def settle(self, number: int, release: bool) -> None:
        """Settle what is recorded; give a slice back only when nothing of it is on its way."""
        worker = self.workers[number]
        for claim in list(worker.claims):
            is_busy = any(slice_id == claim.slice_id for slice_id, _position in worker.marked)
            is_busy = is_busy or any(each.slice_id == claim.slice_id for each, _position, _result in worker.answered)
            progress = [claim.people[p].progress for p in worker.settled.pop(claim.slice_id, [])]
            progress += [each.progress for each in claim.people.values() if not each.is_settled]
            try:
                worker.ledger.settle(claim, progress, release=release and not is_busy)
            except LeaseLost:
                self._fire(number)
                return
            if release and not is_busy:
                worker.claims.remove(claim)
                worker.done = {place for place in worker.done if place[0] != claim.slice_id}

    @rule(number=st.integers(0, WORKERS - 1), outcomes=OUTCOMES, arrives=st.booleans(), turns=st.integers(1, 3))
    def whole_turns(self, number: int, outcomes: list[Outcome], arrives: bool, turns: int) -> None:
        """All at once, so that long histories come up: everyone due gets an answer, and it is settled."""
        for turn in range(turns):
            self.time_passes()
            self.claim(number, False)
            for outcome in outcomes[turn * SLICE : (turn + 1) * SLICE]:
                if outcome in (Outcome.ACCEPTED, Outcome.IN_DOUBT):
                    self.mark(number, 0, arrives, records=True)
                self.answer(number, 0, outcome)
            self.record(number)
            self.settle(number, True)

    @rule(number=st.integers(0, WORKERS - 1))
    def crash(self, number: int) -> None:
        """SIGKILL: memory is gone, content on its way may have arrived or not, as dealt."""
        self._fire(number)

    @rule()
    def leases_run_out(self) -> None:
        """Everyone sleeps for longer than a lease, and wakes."""
        db.session.execute(
            text("UPDATE slices SET leased_until = now() - interval '1 second' WHERE lease_token IS NOT NULL")
        )
        db.session.commit()

    def _fire(self, number: int) -> None:
        self.workers[number].close()
        self.workers[number] = self._hire(number)

    # -- people and time -----------------------------------------------------------------------------------------------

    @rule()
    def time_passes(self) -> None:
        """Every retry is due."""
        self.turn_count += 1
        db.session.execute(text("UPDATE deliveries SET retry_at = now() WHERE retry_at IS NOT NULL"))
        db.session.execute(text("UPDATE slices SET ready_at = now() WHERE ready_at IS NOT NULL"))
        db.session.commit()

    @rule(goes_on=st.sampled_from([True, True, True, False]))
    def pause_or_resume(self, goes_on: bool) -> None:
        """The owner pauses."""
        (control.resume if goes_on else control.pause)(db.session.get_one(Mailing, self.mailing_id))
        db.session.commit()

    @precondition(lambda self: self._is_late())
    @rule(reason=st.sampled_from([StopReason.OWNER, StopReason.DISABLED, StopReason.BLOCKED]))
    def stop(self, reason: StopReason) -> None:
        """Somebody stops the run."""
        control.stop(db.session.get_one(Mailing, self.mailing_id), reason)
        db.session.commit()

    @precondition(lambda self: self._is_late())
    @rule()
    def end_passes(self) -> None:
        """The mailing comes to its end."""
        run = self._run()
        if run.closed_at is None:
            run.ends_at = utcnow() - timedelta(seconds=1)
        db.session.commit()

    @precondition(lambda self: self._is_late())
    @rule(number=st.integers(1, PEOPLE))
    def unsubscribe(self, number: int) -> None:
        """One of the recipients wants no more."""
        email = f"c{number}@example.test"
        if db.session.get(Suppression, (self.owner_id, email)) is None:
            db.session.add(Suppression(owner_id=self.owner_id, email_key=email, reason="unsubscribed"))
        db.session.commit()

    @precondition(lambda self: self._is_late())
    @rule(number=st.integers(1, PEOPLE))
    def delete(self, number: int) -> None:
        """One of the clients is deleted, or comes back."""
        client = db.session.scalars(select(Client).where(Client.email == f"c{number}@example.test")).one()
        client.deleted_at = None if client.deleted_at else utcnow()
        db.session.commit()

    @rule(what=st.sampled_from([closing.resend_uncertain, closing.retry_refused, closing.count_uncertain_as_accepted]))
    def decide(self, what: Callable[[Run], int]) -> None:
        """The owner decides about those uncertain or refused, as the page allows once the run is closed."""
        run = self._run()
        if run.closed_at is not None and what(run) and what is not closing.count_uncertain_as_accepted:
            self.presses += 1
        db.session.commit()

    @rule()
    def tick(self) -> None:
        """Stop what must be stopped, close what is done."""
        db.session.rollback()
        closing.stop_what_must()
        closing.close_if_done(self.run_id)

    def _is_late(self) -> bool:
        """After a while only, so that most runs are long."""
        return getattr(self, "turn_count", 0) >= 12

    # -- what always holds ---------------------------------------------------------------------------------------------

    @invariant()
    def the_books_agree(self) -> None:
        """Sums, states and copies, after every single step."""
        if not hasattr(self, "run_id"):
            return
        db.session.rollback()
        run = self._run()
        rows = db.session.execute(select(Delivery.position, Delivery.state).where(Delivery.run_id == self.run_id)).all()
        assert len(rows) == run.planned_count == PEOPLE
        counted = dict.fromkeys(run.counts, 0)
        for _position, state in rows:
            counted[state.counter] += 1
        assert counted == run.counts
        doubts, flags = self._doubts(), self._flags()
        for position, state in rows:
            count = self.copies[position]
            assert count <= 2 + self.presses, f"{position}: {count} copies"
            assert count <= 1 + doubts[position] + (position in flags), f"{position}: {count} copies not flagged"
            if state is DeliveryState.ACCEPTED:
                assert count or doubts[position], f"{position} is accepted, yet not with the server"
            elif count and state not in (DeliveryState.UNCERTAIN, DeliveryState.IN_DOUBT):
                assert position in flags or doubts[position] or self._is_unsettled(position), f"{position} is hidden"
                assert state in UNFINISHED or self.presses, f"{position}: {count} copies, yet {state}"
        if run.closed_at is not None:
            assert not any(state in UNFINISHED for _position, state in rows)
            assert run.state is not RunState.COMPLETE or not run.uncertain_count + run.refused_count
        db.session.rollback()

    def _doubts(self) -> Counter[int]:
        query = select(Attempt.position, func.count()).where(
            Attempt.run_id == self.run_id, Attempt.outcome == Outcome.IN_DOUBT
        )
        return Counter(dict(db.session.execute(query.group_by(Attempt.position)).tuples().all()))

    def _flags(self) -> set[int]:
        rows = db.session.execute(text("SELECT first_position, marked FROM slices WHERE marked IS NOT NULL"))
        return {first + index for first, marked in rows for index, flag in enumerate(marked) if flag == "1"}

    def _is_unsettled(self, position: int) -> bool:
        attempts = select(func.count()).where(Attempt.run_id == self.run_id, Attempt.position == position)
        written: int = db.session.scalar(attempts) or 0
        return written > db.session.get_one(Delivery, (self.run_id, position)).attempt_count

    def _run(self) -> Run:
        return db.session.get_one(Run, self.run_id, populate_existing=True)

    def _rules(self) -> RunRules:
        run = self._run()
        found = RunRules(deadline(utcnow(), run.ends_at), self.in_doubt_rule)
        db.session.rollback()
        return found


@pytest.fixture(autouse=True)
def nobody_is_lost() -> Iterator[None]:
    """The machine looks itself, after every step."""
    yield


@pytest.mark.parametrize(
    ("examples", "steps"), [(12, 40), pytest.param(160, 60, marks=pytest.mark.faults, id="ten thousand steps")]
)
def test_any_order_of_events_keeps_the_books(
    app: Flask, monkeypatch: pytest.MonkeyPatch, examples: int, steps: int
) -> None:
    monkeypatch.setitem(app.config, "SLICE_SIZE", SLICE)
    chance = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize="SEED" not in os.environ,
        phases=[Phase.generate],  # shrinking would take hours on a real database
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(AnyOrder, settings=chance)
