"""What a mail server at fault said is in the run's log, and is the last word about everyone it kept from a mail."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from mailer.clock import database_now, utcnow
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.run import Run, RunState, StopReason
from mailer.models.run_fault import RunFault
from mailer.sending import server_faults
from mailer.sending.runs import control
from mailer.sending.runs.closing import stop_what_must
from mailer.smtp.results import Outcome, Phase
from mailer.smtp.testserver import Lab
from tests.conftest import Browser
from tests.sending.conftest import assert_adds_up, attempts, finish, let_time_pass

MakeRun = Callable[..., Run]
PEOPLE = ("a@example.test", "b@example.test", "c@example.test")
WORDS = "4.3.2 Closed for today"


def the_end_comes(run: Run) -> Run:
    run_id = run.id
    db.session.execute(update(Run).values(ends_at=database_now()))
    db.session.commit()
    assert stop_what_must() == [run_id]
    return db.session.get_one(Run, run_id, populate_existing=True)


def test_everyone_kept_from_a_mail_ends_with_the_servers_last_words(
    make_run: MakeRun, lab: Lab, as_owner: Browser
) -> None:
    lab.obey(f"GREETING -> 421 {WORDS}")
    run = finish(make_run(*PEOPLE))
    let_time_pass()
    run = finish(run)  # a second probe
    assert run.state is RunState.WAITING_FOR_SERVER
    before = len(attempts(run))
    said_at = db.session.scalars(select(RunFault.last_at)).one()

    run = the_end_comes(run)

    assert (run.state, run.stop_reason, run.stopped_count) == (RunState.EXPIRED, StopReason.ENDED, len(PEOPLE))
    last = {attempt.position: attempt for attempt in attempts(run)}
    assert sorted(last) == [1, 2, 3]
    for attempt in last.values():
        assert (attempt.outcome, attempt.is_successful) == (Outcome.SERVER_FAULT, False)
        assert (attempt.smtp_code, WORDS in attempt.response) == (421, True)
        assert attempt.finished_at <= said_at + timedelta(seconds=1)
    assert len(attempts(run)) <= before + len(PEOPLE), "one row a person, not one a probe"
    assert_adds_up(run)
    page = as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text
    assert "data-faults" in page
    assert WORDS in page
    assert WORDS in as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}/deliveries/3").text


def test_a_stop_by_the_owner_tells_it_too(make_run: MakeRun, lab: Lab) -> None:
    lab.refuse()
    run = finish(make_run(*PEOPLE))
    control.stop(run.mailing, StopReason.OWNER)
    db.session.commit()
    stop_what_must()
    assert {attempt.position for attempt in attempts(run)} == {1, 2, 3}
    assert_adds_up(run)


def test_a_server_that_works_again_is_no_reason(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("GREETING x1 -> 421 4.3.2 A moment\nRCPT b@* -> 451 4.7.1 Later")
    run = finish(make_run(*PEOPLE))
    let_time_pass()
    run = finish(run)
    assert (run.accepted_count, run.last_fault_at) == (2, None)
    count = len(attempts(run))
    run = the_end_comes(run)
    assert (run.stopped_count, len(attempts(run))) == (1, count)


def test_a_run_that_waits_for_anothers_server_has_its_words(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("GREETING -> 554 5.3.2 Not for you")
    finish(make_run("a@example.test"))
    second = finish(make_run("b@example.test", "c@example.test"))
    assert second.state is RunState.WAITING_FOR_SERVER
    db.session.execute(update(Run).where(Run.id == second.id).values(ends_at=database_now()))
    db.session.commit()
    stop_what_must()
    rows = db.session.execute(select(Attempt.smtp_code, Attempt.phase).where(Attempt.run_id == second.id))
    assert [tuple(row) for row in rows] == [(554, Phase.GREETING)] * 2


def test_the_log_counts_the_same_words_and_is_bounded(make_run: MakeRun) -> None:
    run, start = make_run("a@example.test"), utcnow()
    for second in range(3):
        server_faults.note(run.id, "mx:25", Phase.CONNECT, None, "refused", start + timedelta(seconds=second))
    assert [(fault.count, fault.last_at - fault.first_at) for fault in server_faults.log_of(run.id)] == [
        (3, timedelta(seconds=2))
    ]
    for number in range(server_faults.MOST + 5):
        server_faults.note(run.id, "mx:25", Phase.GREETING, 421, f"id {number}", start + timedelta(minutes=1 + number))
    log = server_faults.log_of(run.id)
    assert len(log) == server_faults.MOST
    assert log[0].response == f"id {server_faults.MOST + 4}"


@pytest.mark.parametrize("page", ["/mailings/{0}/runs/{1}", "/mailings/{0}", "/calendar/punctuality"])
def test_the_first_hand_over_is_told_alike_and_whether_it_was_accepted(
    make_run: MakeRun, lab: Lab, as_owner: Browser, page: str
) -> None:
    """Of a calendar saved a month after its start: in time. And nobody reads that a mail left where none did."""
    lab.refuse()
    long_ago = (utcnow() - timedelta(days=30)).replace(tzinfo=None)
    run = finish(make_run("a@example.test", period="once", starts_local=long_ago))
    assert run.late_by is not None
    assert run.late_by < timedelta(minutes=1)
    text = as_owner.get(page.format(run.mailing_id, run.id)).text
    assert "ни одно письмо ещё не принято" in text
    assert not re.search(r"через (1 месяц|30 дней)", text)
