"""A provider's recipients get only so many emails a minute, over all runs; the others go on, and nobody is lost."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from flask import Flask
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.mail_report import Door
from mailer.models.recipient_pace import RecipientPace
from mailer.models.run import Run, RunState
from mailer.models.user import Role, User
from mailer.operations import paces
from mailer.returns.taking import take
from mailer.sending import return_path
from mailer.sending.pacing import Known, after_words, pace_now
from mailer.smtp.testserver import Lab
from tests.bounces import shapes
from tests.conftest import Browser, browser_of
from tests.factories import make_user
from tests.sending.conftest import assert_adds_up, finish, let_time_pass, states

GMAIL = [f"a{number}@{domain}" for number, domain in enumerate(["gmail.com", "googlemail.com"] * 3)]
UNUSUAL = "421 4.7.28 Gmail has detected an unusual rate of mail"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def held(run: Run) -> list[Delivery]:
    db.session.expire_all()
    found = select(Delivery).where(Delivery.run_id == run.id, Delivery.reason == Reason.PACED)
    return list(db.session.scalars(found.order_by(Delivery.retry_at, Delivery.position)))


def pace_of(name: str) -> RecipientPace:
    db.session.expire_all()
    return db.session.get_one(RecipientPace, name)


def test_a_rule_holds_over_all_runs_and_the_others_go_on(
    lab: Lab, owner: User, make_run: Callable[..., Run], as_owner: Browser
) -> None:
    paces.set_rule(paces.read_name("GoogleMail.com"), 1)
    runs = [finish(make_run(*(f"{run}{one}" for one in GMAIL), f"c{run}@own.example")) for run in range(2)]
    assert [run.accepted_count for run in runs] == [2, 1]  # of the first run one at once; of the second nobody in time
    for run in runs:
        assert_adds_up(run)
        assert run.state is RunState.SENDING
        assert states(run)[f"c{runs.index(run)}@own.example"] == "accepted"
    moments = [delivery.retry_at for run in runs for delivery in held(run)]
    assert len(moments) == 11
    assert all(at is not None and at.second % 10 == 0 for at in moments)
    steps = [(later - at).total_seconds() for at, later in pairwise(moments) if at is not None and later is not None]
    assert steps == [60] * 10  # a minute for each, in order, over both runs
    assert all(each.state is DeliveryState.WAITING and not each.attempt_count for each in held(runs[1]))

    page = as_owner.get(f"/mailings/{runs[1].mailing_id}/runs/{runs[1].id}").text
    assert 'data-hold="gmail"' in page
    before = pace_of("gmail").next_free
    let_time_pass()  # their moments have come: they go without asking again
    for run in map(finish, runs):
        assert (run.state, run.accepted_count) == (RunState.COMPLETE, 7)
        assert_adds_up(run)
        assert not held(run)
    assert pace_of("gmail").next_free == before
    assert len(lab.accepted) == 14


def test_a_provider_that_says_so_rests_and_is_heard_by_all(lab: Lab, make_run: Callable[..., Run]) -> None:
    lab.obey(f"DOT x1 -> {UNUSUAL}")
    finish(make_run("a@gmail.com"))
    assert pace_of("gmail").heard == UNUSUAL.partition(" ")[2]
    assert pace_of("gmail").rest_minutes == 5
    let_time_pass()  # the relay, which closed the connection with it, is tried again
    run = finish(make_run("b@gmail.com", "c@own.example"))
    assert states(run) == {"b@gmail.com": "waiting", "c@own.example": "accepted"}
    let_time_pass()
    run = finish(run)  # its moment has come, and the rest has not ended: held anew
    assert states(run)["b@gmail.com"] == "waiting"
    assert paces.end_rest("gmail")
    let_time_pass()
    assert finish(run).state is RunState.COMPLETE


def test_reports_of_delays_say_it_too(
    app: Flask, lab: Lab, make_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "BOUNCE_ADDRESS", "bounces+*@golub.test")
    run = finish(make_run("a@bk.ru"))
    path = return_path.configured()
    assert path is not None
    words = shapes.failed("4.7.1", "451 4.7.1 no more than 600 messages per hour", "delayed")
    take(shapes.dsn(path.senders_of(run.id)(1)[0], *words), Door.RECEIVER)
    known = pace_of("mailru")
    assert (known.learned_per_minute, known.rest_minutes) == (10, 5)


def test_a_pace_is_halved_by_words_and_creeps_up() -> None:
    assert pace_now(None, None, None, NOW) is None
    assert pace_now(600, 100.0, NOW, NOW) == 100
    assert pace_now(600, 100.0, NOW - timedelta(minutes=31), NOW) == pytest.approx(121)
    assert pace_now(600, 100.0, NOW - timedelta(hours=25), NOW) == 600
    assert after_words(Known(600, None, 0, None, None), UNUSUAL, NOW) == (300, 5)
    earlier = NOW - timedelta(hours=1)
    assert after_words(Known(None, 100.0, 160, earlier, earlier), "100 mails per minute", NOW) == (100, 240)
    assert after_words(Known(600, None, 5, NOW, NOW + timedelta(seconds=1)), UNUSUAL, NOW) is None
    assert after_words(Known(600, None, 80, NOW - timedelta(hours=25), None), UNUSUAL, NOW) == (300, 5)


def test_a_rule_is_typed_checked_and_taken_back(app: Flask) -> None:
    admin = browser_of(app).login(make_user(role=Role.ADMIN))
    typed = {("nonsense", "5"): 422, ("example.org", "0"): 422, ("", "5"): 422, ("Пример.рф", "90"): 303}
    for (name, count), status in typed.items():
        assert admin.post("/operations/paces", data={"name": name, "per_minute": count}).status_code == status, name
    page = admin.get("/operations/paces").text
    assert "пример.рф" in page
    assert admin.post("/operations/paces/end-rule", data={"name": "xn--e1afmkfd.xn--p1ai"}).status_code == 303
    assert db.session.get(RecipientPace, "xn--e1afmkfd.xn--p1ai") is None
