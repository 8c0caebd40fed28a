"""A step is sent by the ledger: nobody lost, nobody twice, and every figure adds up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, text

from mailer.clients import subscription
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.letters.document import ShownTo, added
from mailer.letters.kinds import TextBlock
from mailer.letters.starters import starter
from mailer.messages import letter_desk
from mailer.models.client import ClientFilter, Suppression, SuppressionReason
from mailer.models.delivery import Delivery
from mailer.models.run import RunState
from mailer.models.series import DelayKind, Enrolment, EnrolmentState, Entry, LeftReason, Series
from mailer.models.user import User
from mailer.preferences import services as preferences
from mailer.sending.series import taking
from mailer.sending.series.places import due_people, with_work, work_at
from mailer.sending.series.taking import take
from mailer.series import services
from mailer.series.plan import SeriesPlan, StepPlan
from mailer.smtp.testserver import Lab
from tests.conftest import owner_engine
from tests.factories import make_client, save
from tests.sending.conftest import assert_adds_up, finish, lab, states
from tests.series.conftest import let_pass, put_in, runs_of, turn, where_is

Make = Callable[..., Series]
__all__ = ["lab"]


def test_who_asked_for_a_pause_gets_the_step_after_it_or_when_they_end_it(
    lab: Lab, owner: User, make_series: Make
) -> None:
    series, people = make_series(0, 1), [make_client(owner, email=f"p{n}@example.test") for n in (1, 2)]
    for one in people:
        preferences.pause(one)
    put_in(series, *people)
    turn(series)
    assert not runs_of(series) and {where_is(one).due_at for one in people} == {one.paused_until for one in people}
    preferences.resume(people[0])
    turn(series)
    (run,) = runs_of(series)
    assert finish(run).state is RunState.COMPLETE
    assert [mail.recipient for mail in lab.accepted] == ["p1@example.test"]
    assert where_is(people[1]).state is EnrolmentState.WAITING, "loses no step"


def test_three_people_go_through_three_steps_and_one_leaves_amid_them(lab: Lab, owner: User, make_series: Make) -> None:
    series, people = make_series(0, 24, 48), [make_client(owner, email=f"p{n}@example.test") for n in (1, 2, 3)]
    assert put_in(series, *people) == 3
    assert put_in(series, *people) == 0, "nobody enters twice"
    turn(series)
    (first,) = runs_of(series)
    assert finish(first).state is RunState.COMPLETE
    turn(series)
    assert len(runs_of(series)) == 1, "the next step counts from this one"
    let_pass(series, 24)
    subscription.suppress(people[1])
    assert where_is(people[1]).left_reason is LeftReason.SUPPRESSED, "at once, whichever door said so"
    turn(series)
    finish(runs_of(series)[1])
    let_pass(series, 48)
    turn(series)
    finish(runs_of(series)[2])
    runs = runs_of(series)
    assert [run.planned_count for run in runs] == [3, 2, 2]
    for run in runs:
        assert_adds_up(run)
        assert run.state is RunState.COMPLETE
    received = [mail.recipient for mail in lab.accepted]
    assert sorted(received) == sorted(["p1@example.test", "p3@example.test"] * 3 + ["p2@example.test"])
    assert [where_is(one).state.value for one in people] == ["finished", "left", "finished"]


def test_a_block_for_some_reaches_those_who_are_in_its_segment_when_their_step_comes(lab: Lab, owner: User) -> None:
    tree = {"v": 1, "all": [{"what": "tag", "op": "any", "value": ["vip"]}]}
    vip = save(ClientFilter(owner_id=owner.id, name="VIP", tree=tree))
    letter, _id = added(starter("personal", "en"), TextBlock(html="<p>For friends</p>"), None, ShownTo("in", vip.id))
    letter, _id = added(letter, TextBlock(html="<p>For others</p>"), None, ShownTo("not_in", vip.id))
    step = StepPlan(letter_desk.begin(owner, letter), DelayKind.HOURS, 0, None)
    series = services.save_series(owner, SeriesPlan("Welcome", "UTC", [step]))
    services.start(series)
    anna, boris, vera = (make_client(owner, f"{name}@example.test") for name in ("anna", "boris", "vera"))
    anna.tags = ["vip"]
    put_in(series, anna, boris)
    turn(series)
    finish(runs_of(series)[0])
    vera.tags, boris.tags = ["vip"], ["vip"]  # Boris has his already
    put_in(series, vera)
    turn(series)
    (run,) = runs_of(series)
    assert finish(run).accepted_count == 3, "the same run of the day was taken up again"
    got = {mail.recipient: (mail.content or b"").decode() for mail in lab.accepted}
    for name, for_friends in (("anna", True), ("boris", False), ("vera", True)):
        mail = got[f"{name}@example.test"]
        assert (mail.count("For friends"), mail.count("For others")) == ((2, 0) if for_friends else (0, 2)), name


def test_a_segment_lets_people_in_and_out(lab: Lab, owner: User, make_series: Make) -> None:
    """Through the worker: who comes into it enters, who leaves it gets no further step; broken, it moves nobody."""
    tree = {"v": 1, "all": [{"what": "tag", "op": "any", "value": ["lead"]}]}
    segment = save(ClientFilter(owner_id=owner.id, name="Leads", tree=tree))
    people = [make_client(owner, email=f"p{n}@example.test", tags=["lead"] * (n < 3)) for n in (1, 2, 3)]
    rule = {"entry": Entry.SEGMENT, "entry_segment_id": segment.id, "takes_present": True, "leaves_with_segment": True}
    series = make_series(0, 24, **rule)
    turn(series)
    assert finish(runs_of(series)[0]).accepted_count == 2
    people[0].tags = []
    segment.tree = {"v": 1, "all": [{"field": 99, "op": "filled"}]}
    people[2].tags = ["lead"]
    db.session.commit()
    let_pass(series, 1)
    turn(series)
    assert where_is(people[0]).state is EnrolmentState.WAITING, "nobody leaves by what cannot be asked"
    assert db.session.scalar(select(func.count()).select_from(Enrolment)) == 2, "nor enters"
    segment.tree = tree
    db.session.commit()
    let_pass(series, 24)
    turn(series)
    assert where_is(people[0]).left_reason is LeftReason.SEGMENT
    for run in runs_of(series):
        finish(run)
    received = sorted(mail.recipient for mail in lab.accepted)
    assert received == ["p1@example.test", "p2@example.test", "p2@example.test", "p3@example.test"]


def test_a_crash_between_the_list_and_the_moving_on_neither_loses_nor_repeats(
    lab: Lab, owner: User, make_series: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    series, client = make_series(0, 1), make_client(owner)
    put_in(series, client)
    step = series.steps[0].id
    whole = taking._move_on
    monkeypatch.setattr(taking, "_move_on", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        take(step)
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 0
    monkeypatch.setattr(taking, "_move_on", whole)
    for _ in range(3):
        take(step)
    assert db.session.scalar(select(func.count()).select_from(Delivery)) == 1
    assert finish(runs_of(series)[0]).accepted_count == len(lab.accepted) == 1


def test_those_who_come_later_on_a_day_are_written_on_the_same_run(lab: Lab, owner: User, make_series: Make) -> None:
    series = make_series(0)
    for expected in (1, 2):
        put_in(series, make_client(owner))
        turn(series)
        (run,) = runs_of(series)
        assert not run.state.is_final, "taken up again"
        assert finish(run).state is RunState.COMPLETE
        assert_adds_up(run)
        assert run.accepted_count == len(lab.accepted) == expected
    db.session.execute(text("UPDATE messages SET subject = 'Another'"))
    db.session.commit()
    put_in(series, make_client(owner))
    turn(series)
    assert [run.snapshot["subject"] for run in runs_of(series)] == ["Step 1", "Another"], "a run has one text"


def test_after_an_outage_nobody_gets_a_burst(lab: Lab, owner: User, make_series: Make) -> None:
    series, client = make_series(0, 1, 1, 1, late_limit_hours=12), make_client(owner)
    put_in(series, client)
    let_pass(series, 72)  # three days: every step would have been long ago
    turn(series)
    turn(series)
    (run,) = runs_of(series)
    finish(run)
    assert states(run) == {client.email: "excluded"}
    assert_adds_up(run)
    assert len(lab.accepted) == 0
    let_pass(series, 2)  # late, and not too late
    turn(series)
    turn(series)
    assert [finish(run).accepted_count for run in runs_of(series)] == [0, 1]
    assert where_is(client).step_id == series.steps[2].id


def test_a_step_waits_for_the_mail_before_it_and_counts_from_its_sending(
    lab: Lab, owner: User, make_series: Make
) -> None:
    series, slow, gone = make_series(0, 24), make_client(owner, email="slow@example.test"), make_client(owner)
    lab.obey(f"RCPT slow@* x1 -> 450 4.2.0 Later\nRCPT {gone.email} -> 550 5.1.1 No such user")
    put_in(series, slow, gone)
    turn(series)
    run = finish(runs_of(series)[0])
    assert states(run)[slow.email] == "deferred"
    let_pass(series, 24)
    turn(series)
    assert len(runs_of(series)) == 1, "the mail before is still on its way"
    assert where_is(gone).left_reason is LeftReason.REFUSED
    db.session.execute(text("UPDATE deliveries SET retry_at = now() WHERE retry_at IS NOT NULL"))
    db.session.execute(text("UPDATE slices SET ready_at = now() WHERE ready_at IS NOT NULL"))
    db.session.commit()
    finish(run)
    let_pass(series, 1)
    turn(series)
    assert len(runs_of(series)) == 1, "a day from the hand-over, not from the plan"
    left = db.session.scalar(select((Enrolment.due_at - func.now()) > text("interval '22 hours'")).where(
        Enrolment.client_id == slow.id))  # fmt: skip
    assert left


def test_who_may_not_be_written_to_is_on_the_list_with_the_reason(lab: Lab, owner: User, make_series: Make) -> None:
    series, client = make_series(0, 1), make_client(owner)
    put_in(series, client)
    db.session.add(Suppression(owner_id=owner.id, email_key=client.email_key, reason=SuppressionReason.UNSUBSCRIBED))
    db.session.commit()
    assert where_is(client).left_reason is LeftReason.UNSUBSCRIBED
    turn(series)
    assert runs_of(series) == []
    assert put_in(series, client) == 0


def test_the_limit_of_a_day_and_a_missing_approval_hold_people_back_without_making_them_late(
    lab: Lab, owner: User, make_series: Make
) -> None:
    series = make_series(0)
    owner.daily_limit = 2
    db.session.commit()
    put_in(series, *(make_client(owner) for _ in range(3)))
    turn(series)
    (run,) = runs_of(series)
    assert finish(run).accepted_count == 2
    assert series.steps[0].held_reason == "limit"
    owner.daily_limit, owner.needs_approval = None, True
    db.session.commit()
    let_pass(series, 20)
    turn(series)
    assert series.steps[0].held_reason == "unapproved"
    owner.needs_approval = False
    db.session.commit()
    let_pass(series, 0.2)
    turn(series)
    assert finish(run).accepted_count == 3
    assert series.steps[0].held_reason is None


MANY_SLEEP = (
    "INSERT INTO series (owner_id, name, state, timezone, entry, created_at, started_at) "
    "SELECT owner_id, name, state, timezone, entry, created_at, started_at FROM series, generate_series(1, 800)",
    "INSERT INTO mailings (owner_id, name, message_id, audience, in_doubt_rule, period, starts_local, timezone, "
    "created_at, updated_at, version) SELECT owner_id, name, message_id, audience, in_doubt_rule, period, "
    "starts_local, timezone, created_at, updated_at, version FROM mailings, generate_series(1, 800)",
    "INSERT INTO series_steps (owner_id, series_id, mailing_id, position, delay_kind, delay_count) "
    "SELECT owner_id, (SELECT min(id) FROM series), id, 2, 'hours', 0 FROM mailings "
    "WHERE id NOT IN (SELECT mailing_id FROM series_steps)",
    "ANALYZE series, mailings, series_steps",
)


def test_the_tick_reads_indexes_alone(owner: User, make_series: Make) -> None:
    """However many wait: it looks at the steps, of which there are few, and never at people."""
    series = make_series(24)
    put_in(series, make_client(owner))
    assert with_work(utcnow()) == []
    assert with_work(utcnow() + timedelta(hours=25)) == [series.id]
    with owner_engine().begin() as connection:
        for statement in MANY_SLEEP:
            connection.execute(text(statement))
    look = plan_of(work_at(utcnow()))
    assert {"ix_series_steps_due", "ix_series_look"} <= set(re.findall(r"\w+", look))
    assert "enrolments" not in look
    db.session.execute(text("SET LOCAL enable_seqscan = off"))  # there is one
    people = plan_of(due_people(series.steps[0].id, utcnow(), 1000))
    assert "ix_enrolments_due" in people
    assert "Sort" not in people
    db.session.rollback()


def plan_of(query: Any) -> str:
    """What PostgreSQL makes of it."""
    statement = query.compile(db.engine, compile_kwargs={"literal_binds": True})
    return "\n".join(db.session.scalars(text(f"EXPLAIN {statement}".replace(":", "\\:"))))


def test_a_crowd_is_taken_in_batches_onto_one_list(lab: Lab, owner: User, make_series: Make) -> None:
    series = make_series(0)
    put_in(series, *(make_client(owner) for _ in range(5)))
    while take(series.steps[0].id, batch=2).count:
        pass
    (run,) = runs_of(series)
    assert finish(run).accepted_count == len(lab.accepted) == 5
    assert db.session.scalar(select(func.count()).where(Enrolment.state == EnrolmentState.FINISHED)) == 5


def test_a_blocked_owners_people_wait_and_nobody_gets_a_burst_afterwards(
    lab: Lab, owner: User, make_series: Make
) -> None:
    series, client = make_series(0, 24, 24), make_client(owner, email="p@example.test")
    put_in(series, client)
    turn(series)
    finish(runs_of(series)[0])
    let_pass(series, 25)
    owner.blocked_at, owner.block_reason = utcnow(), "spam"
    db.session.commit()
    turn(series)  # a worker that was woken before the block
    assert len(runs_of(series)) == 1
    assert where_is(client).state is EnrolmentState.WAITING, "who waits stays where they are"
    owner.blocked_at = owner.block_reason = None
    db.session.commit()
    turn(series)
    finish(runs_of(series)[1])
    turn(series)
    assert [mail.recipient for mail in lab.accepted] == ["p@example.test"] * 2
    assert len(runs_of(series)) == 2, "the step after it counts from the sending of this one"
