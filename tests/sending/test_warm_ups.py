"""A domain that is warmed up sends each provider no more than the day's ceiling; the others wait, nobody is lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from threading import Barrier, Thread
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select, text

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.mail_report import Door
from mailer.models.recipient_pace import RunHold
from mailer.models.run import Run, RunState, StopReason
from mailer.models.warm_up import CeilingReason, WarmUp, WarmUpDay
from mailer.operations import paces, warm_ups
from mailer.returns.taking import take
from mailer.sending import return_path
from mailer.sending.database_connections import connector
from mailer.sending.runs import control
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.let_go import let_go
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.warm_up_plan import Plan
from mailer.sending.worker.group_commit import Writer
from mailer.sending.worker.ledger import Ledger
from mailer.sending.worker.warm_up_gate import WarmUpGate
from mailer.smtp.testserver import Lab
from tests.bounces import shapes
from tests.conftest import Browser
from tests.sending.conftest import assert_adds_up, finish, let_time_pass

DOMAIN, ZONE = "golub.localhost", "Europe/Moscow"
MakeRun = Callable[..., Run]


def gmail(count: int, mark: str = "a") -> list[str]:
    return [f"{mark}{number}@{('gmail.com', 'googlemail.com')[number % 2]}" for number in range(count)]


@pytest.fixture
def warm_up(app: Flask) -> WarmUp:
    """Ten a day at first."""
    return warm_ups.start(DOMAIN, Plan(10, 50, 20), ["gmail", "mailru", ""])


def day_of(name: str = "gmail") -> WarmUpDay:
    db.session.expire_all()
    query = select(WarmUpDay).where(WarmUpDay.name == name).order_by(WarmUpDay.day.desc()).limit(1)
    return db.session.scalars(query).one()


def held(run: Run) -> list[Delivery]:
    db.session.expire_all()
    query = select(Delivery).where(Delivery.run_id == run.id, Delivery.reason == Reason.WARMING)
    return list(db.session.scalars(query.order_by(Delivery.position)))


def let_a_day_pass() -> None:
    """As if all of it had been the day before."""
    db.session.execute(text("UPDATE warm_up_days SET day = day - 1"))
    let_time_pass()


def test_the_rest_waits_for_the_next_day_and_the_ceiling_grows(
    lab: Lab, warm_up: WarmUp, make_run: MakeRun, as_owner: Browser
) -> None:
    run = finish(make_run(*gmail(40), "c@mail.ru", "c@own.example"))
    tomorrow = datetime.now(ZoneInfo(ZONE)).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert (run.state, run.accepted_count) == (RunState.SENDING, 12)
    assert_adds_up(run)
    assert len(held(run)) == 30
    assert {(each.state, each.retry_at, each.attempt_count) for each in held(run)} == {
        (DeliveryState.WAITING, tomorrow, 0)
    }
    assert db.session.get_one(RunHold, (run.id, "gmail")).warm_up_id == warm_up.id
    page = as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text
    assert 'data-hold="gmail"' in page
    assert f"{DOMAIN} прогревается" in page
    assert [(day_of(name).used_count, day_of(name).ceiling) for name in ("gmail", "mailru", "")] == [
        (10, 10), (1, 10), (1, 10),
    ]  # fmt: skip
    let_a_day_pass()
    run = finish(run)
    assert (run.accepted_count, day_of().step) == (27, CeilingReason.GROWN)
    assert (day_of().ceiling, day_of().used_count) == (15, 15)
    let_a_day_pass()  # 22 would be beyond the target
    run = finish(run)
    assert (run.state, run.accepted_count) == (RunState.COMPLETE, 42)
    assert (day_of().step, day_of().ceiling) == (CeilingReason.WARM, None)
    assert_adds_up(run)
    assert len(lab.accepted) == 42


def test_what_is_put_off_gives_its_place_back_and_what_is_refused_does_not(
    lab: Lab, warm_up: WarmUp, make_run: MakeRun
) -> None:
    lab.obey("RCPT a0@* -> 451 4.2.2 Later\nRCPT a1@* -> 550 5.1.1 No such user")
    run = finish(make_run(*gmail(9)))
    assert (run.accepted_count, run.refused_count, run.waiting_count) == (7, 1, 1)
    assert (day_of().used_count, day_of().refused_count) == (8, 1)
    let_a_day_pass()
    lab.obey("")
    assert finish(run).state is RunState.COMPLETE_WITH_REFUSALS
    assert (day_of().step, day_of().used_count) == (CeilingReason.BOUNCES, 1)


def test_who_waits_for_a_pace_holds_no_place(lab: Lab, warm_up: WarmUp, make_run: MakeRun) -> None:
    paces.set_rule("gmail", 1)
    run = finish(make_run(*gmail(12)))
    assert run.accepted_count == 1
    assert day_of().used_count == 1
    let_time_pass()
    run = finish(run)
    assert (run.accepted_count, day_of().used_count, len(held(run))) == (10, 10, 2)


def test_claims_of_two_connections_at_once_share_the_day(app: Flask, warm_up: WarmUp, make_run: MakeRun) -> None:
    """Both open the day, which nobody has yet, and neither waits for ever."""
    runs = [listed(make_run(*gmail(8, mark), *(f"{mark}{number}@list.ru" for number in range(8)))) for mark in "ab"]
    db.session.execute(text("UPDATE warm_up_days SET day = day - 1, used_count = ceiling"))
    db.session.commit()
    ids = [run.id for run in runs]
    db.session.rollback()
    together = Barrier(2)
    places: list[list[str]] = []

    def claim(run_id: int) -> None:
        with closing(Ledger(connect, Writer(run_id, "w", None, 60), WarmUpGate(DOMAIN, ZONE))) as ledger:
            together.wait()
            found = ledger.claim()
            assert found is not None
            places.append([person.place for person in found[0].people.values() if person.place])

    connect = connector()
    threads = [Thread(target=claim, args=(id_,)) for id_ in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(name for each in places for name in each) == ["gmail"] * 15 + ["mailru"] * 15


def test_whoever_takes_a_slice_over_gives_back_what_was_in_hand(
    app: Flask, lab: Lab, warm_up: WarmUp, make_run: MakeRun
) -> None:
    run = listed(make_run(*gmail(9)))
    with closing(Ledger(connector(), Writer(run.id, "dead", None, 0), WarmUpGate(DOMAIN, ZONE))) as ledger:
        assert ledger.claim() is not None
    assert day_of().used_count == 9
    run = finish(run)
    assert (run.state, day_of().used_count) == (RunState.COMPLETE, 9)


def test_a_run_that_is_stopped_gives_its_places_back(app: Flask, lab: Lab, warm_up: WarmUp, make_run: MakeRun) -> None:
    run = listed(make_run(*gmail(9)))
    with closing(Ledger(connector(), Writer(run.id, "dead", None, 0), WarmUpGate(DOMAIN, ZONE))) as ledger:
        assert ledger.claim() is not None
    assert day_of().used_count == 9
    control.stop_run(run.id, StopReason.OWNER)
    stop_what_must()
    assert day_of().used_count == 0
    db.session.refresh(run)
    assert (run.state, run.stopped_count) == (RunState.STOPPED, 9)


def listed(run: Run) -> Run:
    """With its list, and nothing sent."""
    write_recipient_list(run.id)
    return run


def test_the_end_stops_those_who_wait_and_refuses_nobody(lab: Lab, warm_up: WarmUp, make_run: MakeRun) -> None:
    run = finish(make_run(*gmail(14)))
    run.ends_at = utcnow()
    db.session.commit()
    stop_what_must()
    db.session.refresh(run)
    assert (run.state, run.stopped_count, run.refused_count) == (RunState.EXPIRED, 4, 0)
    reasons = db.session.scalars(select(Delivery.reason).where(Delivery.state == DeliveryState.STOPPED))
    assert set(reasons) == {Reason.STOPPED_ENDED}


def test_what_comes_back_and_what_is_said_counts_against_the_day(
    app: Flask, lab: Lab, warm_up: WarmUp, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "BOUNCE_ADDRESS", "bounces+*@golub.test")
    run = finish(make_run("a@bk.ru", "b@gmail.com"))
    path = return_path.configured()
    assert path is not None
    sender = path.senders_of(run.id)
    take(shapes.dsn(sender(1)[0], *shapes.failed()), Door.RECEIVER)
    take(
        shapes.dsn(sender(2)[0], *shapes.failed("4.7.28", "421 4.7.28 unusual rate of mail", "delayed")), Door.RECEIVER
    )
    assert (day_of("mailru").bounced_count, day_of("gmail").bounced_count) == (1, 0)
    assert (day_of("mailru").heard_at is None, day_of("gmail").heard_at is None) == (True, False)


def test_words_of_a_provider_halve_its_next_day(lab: Lab, warm_up: WarmUp, make_run: MakeRun) -> None:
    lab.obey("DOT x1 -> 421 4.7.28 Gmail has detected an unusual rate of mail")
    run = finish(make_run(*gmail(1), "c@mail.ru"))
    paces.end_rest("gmail")
    let_a_day_pass()
    finish(run)
    assert (day_of().step, day_of().ceiling) == (CeilingReason.HALVED, 5)
    assert day_of("mailru").step is not CeilingReason.HALVED


def test_who_waits_goes_when_the_warm_up_ends(lab: Lab, warm_up: WarmUp, make_run: MakeRun) -> None:
    run = finish(make_run(*gmail(14)))
    assert let_go() == 0
    assert warm_ups.end(warm_up)
    assert let_go() == 1
    assert (let_go(), finish(run).state) == (0, RunState.COMPLETE)
    assert day_of().used_count == 10


def test_other_domains_of_from_are_not_limited(
    app: Flask, lab: Lab, make_run: MakeRun, warm_up: WarmUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAILINGS_FROM", "news@other.test")
    assert finish(make_run(*gmail(14))).state is RunState.COMPLETE
