"""Mail that leaves at once: asked for once more with what is unusual, and sent whatever the calendar says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import event, func, select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.delivery import DeliveryState, Reason
from mailer.models.mailing import Mailing
from mailer.models.message import Message
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.smtp.testserver import Lab, Offer
from tests.conftest import Browser, rewrite
from tests.factories import add_clients, make_client, make_mailing, make_message
from tests.mailings.builders import add_deliveries, close, form_of, make_deliveries, make_run
from tests.sending.conftest import assert_adds_up, finish

TOKEN = "0" * 32


def ago(**values: float) -> datetime:
    return (utcnow() - timedelta(**values)).replace(tzinfo=None, second=0, microsecond=0)


@pytest.fixture
def lab(app: Flask) -> Iterator[Lab]:
    """The mail server."""
    with Lab() as server:
        app.config["MAILINGS_SMTP_URL"] = f"smtp://127.0.0.1:{server.port}?connections=2"
        yield server


@pytest.fixture
def typed(owner: User) -> dict[str, object]:
    """The form of a new mailing to two people whose start was three days ago."""
    make_client(owner)
    make_client(owner)
    return {
        "name": "Autumn",
        "message_id": make_message(owner).id,
        "audience": "everyone",
        "period": "once",
        "starts_at": ago(days=3).strftime("%Y-%m-%dT%H:%M"),
        "timezone": "UTC",
        "in_doubt_rule": "hold",
    }


def the_run() -> Run:
    return db.session.scalars(select(Run)).one()


def count_mailings() -> int:
    return db.session.scalar(select(func.count()).select_from(Mailing)) or 0


def closed_hours() -> dict[str, object]:
    """Sending hours of two minutes, half a day from now."""
    opens = (utcnow() + timedelta(hours=12)).replace(second=0, microsecond=0)
    return {"window_opens": opens.time(), "window_closes": (opens + timedelta(minutes=2)).time()}


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({"starts_local": ago(days=3), "ends_local": ago(days=1)}, "прошло"),
        ({"starts_local": ago(days=-2)}, "начинается"),
        ({"starts_local": ago(days=-2), **closed_hours()}, "Часы отправки"),
    ],
    ids=["after the end", "before the start", "outside the hours"],
)
def test_send_now_sends_now(as_owner: Browser, owner: User, lab: Lab, values: dict[str, object], word: str) -> None:
    mailing = make_mailing(owner, [make_client(owner), make_client(owner)], **values)
    page = as_owner.get(f"/mailings/{mailing.id}/send-now").text
    assert "data-unusual" in page
    assert word in page
    assert as_owner.post(f"/mailings/{mailing.id}/send-now", data={"token": TOKEN}).status_code == 303
    run_id = the_run().id
    stop_what_must()
    run = finish(db.session.get_one(Run, run_id))
    assert (run.state, run.accepted_count) == (RunState.COMPLETE, 2)


def test_a_mail_larger_than_the_server_takes_is_told_before_the_run(
    app: Flask, as_owner: Browser, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = make_message(owner, text_body="word " * 4000)
    mailing = make_mailing(owner, [make_client(owner)], message=message, starts_local=ago(days=1))
    with Lab(offer=Offer(size=10_240)) as narrow:
        monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", f"smtp://127.0.0.1:{narrow.port}")
        ask = f"/mailings/{mailing.id}/send-now"
        assert "data-unusual" not in as_owner.get(ask).text, "nothing is known of the server yet"
        as_owner.post(ask, data={"token": TOKEN})
        finish(the_run())
        page = as_owner.get(ask).text
        assert "data-unusual" in page and "10\N{NO-BREAK SPACE}КБ" in page
        assert narrow.accepted == []


def test_a_number_never_reached_before_is_pointed_out(as_owner: Browser, owner: User) -> None:
    few = make_mailing(owner, [make_client(owner)], starts_local=ago(days=1))
    run = make_run(few)
    make_deliveries(run, accepted=3)
    close(run)
    add_clients(owner, 120)
    many = make_mailing(owner)
    assert "data-unusual" in as_owner.get(f"/mailings/{many.id}/send-now").text
    assert "data-unusual" not in as_owner.get(f"/mailings/{few.id}/send-now").text


def test_who_got_it_a_day_ago_at_most_is_pointed_out_and_the_sender_named(as_owner: Browser, owner: User) -> None:
    people = [make_client(owner, f"accepted{number}@example.test") for number in (1, 2)]
    mailing = make_mailing(owner, [*people, make_client(owner)], starts_local=ago(days=9), sender_name="Вести")
    run = make_run(mailing)
    make_deliveries(run, accepted=2)
    close(run)
    ask = f"/mailings/{mailing.id}/send-now"
    page = as_owner.get(ask).text.replace("\xa0", " ")
    assert "За последние 24 часа это сообщение уже получили 2 человека" in page
    assert "Вести &lt;" in page
    run.closed_at = utcnow() - timedelta(hours=25)
    db.session.commit()
    assert "data-unusual" not in as_owner.get(ask).text


def test_who_got_it_is_looked_up_and_not_compared_with_everybody(as_owner: Browser, owner: User) -> None:
    """Until the statistics know of a run just sent, a join of it with the clients is a loop over all of both: 6,000 of
    each ran into the page's ten seconds."""
    mailing = make_mailing(owner, [make_client(owner, "accepted1@example.test")], starts_local=ago(days=9))
    run = make_run(mailing)
    make_deliveries(run, accepted=1)
    close(run)
    asked: list[tuple[str, dict[str, object]]] = []
    event.listen(db.engine, "before_cursor_execute", note := lambda *each: asked.append((each[2], each[3])))
    as_owner.get(f"/mailings/{mailing.id}/send-now")
    event.remove(db.engine, "before_cursor_execute", note)
    [(statement, values)] = [each for each in asked if "SELECT deliveries.email_key" in each[0]]
    plan = "\n".join(db.session.connection().exec_driver_sql(f"EXPLAIN {statement}", values).scalars())
    assert "hashed SubPlan" in plan, plan


def test_saving_that_begins_at_once_asks_first(as_owner: Browser, typed: dict[str, object]) -> None:
    answer = as_owner.post("/mailings/new", data=typed)
    assert answer.status_code == 200
    assert 'data-will-get="2"' in answer.text
    assert "data-unusual" in answer.text
    assert count_mailings() == 0, "nothing is saved yet"
    kept = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', answer.text))
    assert {name: kept[name] for name in typed} == {name: str(value) for name, value in typed.items()}

    back = as_owner.post("/mailings/new", data=typed | {"find": "1"})
    assert 'value="Autumn"' in back.text
    assert count_mailings() == 0

    assert as_owner.post("/mailings/new", data=typed | {"confirmed": "2"}).status_code == 303
    assert count_mailings() == 1


def test_it_asks_again_when_the_number_of_people_has_changed(
    as_owner: Browser, typed: dict[str, object], owner: User
) -> None:
    make_client(owner)
    answer = as_owner.post("/mailings/new", data=typed | {"confirmed": "2"})
    assert (answer.status_code, 'data-will-get="3"' in answer.text, count_mailings()) == (200, True, 0)


def test_what_would_be_refused_is_refused_first(as_owner: Browser, typed: dict[str, object]) -> None:
    assert as_owner.post("/mailings/new", data=typed | {"audience": "tags"}).status_code == 422
    assert as_owner.post("/mailings/new", data=typed | {"starts_at": "x"}).status_code == 422


def test_an_edit_that_begins_at_once_asks_too_and_another_does_not(as_owner: Browser, owner: User) -> None:
    mailing = make_mailing(owner, [make_client(owner)], period="once")
    form = form_of(mailing, client_ids=[client.id for client in mailing.clients])
    address = f"/mailings/{mailing.id}/edit"
    assert as_owner.post(address, data=form | {"name": "Other"}).status_code == 303
    form["version"] = mailing.version
    past = form | {"starts_at": ago(hours=1).strftime("%Y-%m-%dT%H:%M")}
    assert as_owner.post(address, data=past).status_code == 200
    assert as_owner.post(address, data=past | {"confirmed": "1"}).status_code == 303


def test_those_whom_the_end_cut_off_can_be_sent_to(as_owner: Browser, owner: User, lab: Lab) -> None:
    mailing = make_mailing(owner, [make_client(owner), make_client(owner)], starts_local=ago(days=3))
    run_id = make_run(mailing, state=RunState.PLANNED, started_at=None, ends_at=utcnow() + timedelta(hours=1)).id
    write_recipient_list(run_id)
    stop_what_must(utcnow() + timedelta(hours=2))
    run = db.session.get_one(Run, run_id, populate_existing=True)
    assert (run.state, run.stop_reason, run.stopped_count) == (RunState.EXPIRED, StopReason.ENDED, 2)
    address = f"/mailings/{mailing.id}/runs/{run_id}"
    assert f"{address}/send-to-stopped" in as_owner.get(address).text

    assert as_owner.post(f"{address}/send-to-stopped").status_code == 303

    stop_what_must()
    run = finish(db.session.get_one(Run, run_id))
    assert (run.state, run.accepted_count, run.stop_reason) == (RunState.COMPLETE, 2, None)
    assert_adds_up(run)


def test_the_limit_holds_for_those_cut_off_too(as_owner: Browser, owner: User) -> None:
    mailing = make_mailing(owner, [make_client(owner)], starts_local=ago(days=3))
    run = make_run(mailing)
    make_deliveries(run, reason="ended", stopped=2)
    close(run, RunState.EXPIRED, stop_reason=StopReason.ENDED)
    owner.daily_limit = 1
    db.session.commit()
    as_owner.post(f"/mailings/{mailing.id}/runs/{run.id}/send-to-stopped")
    db.session.refresh(run)
    assert (run.state, run.stopped_count) == (RunState.EXPIRED, 2)


@pytest.mark.parametrize(
    ("action", "state", "reason"),
    [
        ("send-to-stopped", "stopped", "ended"),
        ("retry-refused", "refused", None),
        ("resend-uncertain", "uncertain", None),
    ],
)
def test_old_runs_taken_up_again_count_for_the_limit_of_the_day(
    as_owner: Browser, owner: User, action: str, state: str, reason: str | None
) -> None:
    runs = []
    for day in (2, 3, 4):
        run = make_run(make_mailing(owner, [make_client(owner)], starts_local=ago(days=day)), created_at=ago(days=day))
        add_deliveries(run, {state: 2}, reason)
        runs.append(close(run, stop_reason=StopReason.ENDED if reason else None))
    owner.daily_limit = 5
    db.session.commit()
    for run in runs:
        assert as_owner.post(f"/mailings/{run.mailing_id}/runs/{run.id}/{action}").status_code == 303
    db.session.expire_all()
    assert [run.waiting_count for run in runs] == [2, 2, 0]


def test_those_stopped_by_a_person_stay_stopped(as_owner: Browser, owner: User) -> None:
    mailing = make_mailing(owner, [make_client(owner)])
    run = make_run(mailing)
    stopped = make_deliveries(run, reason=Reason.STOPPED_BY_OWNER.value, stopped=2)
    close(run, stop_reason=StopReason.OWNER)
    address = f"/mailings/{mailing.id}/runs/{run.id}"
    assert "send-to-stopped" not in as_owner.get(address).text
    assert as_owner.post(f"{address}/send-to-stopped").status_code == 303
    assert {delivery.state for delivery in stopped} == {DeliveryState.STOPPED}


@pytest.mark.parametrize("is_new", [True, False], ids=["a copy with the same message", "the mailing, edited"])
def test_every_question_tells_of_the_sender_and_of_those_who_got_it_today(
    as_owner: Browser, owner: User, typed: dict[str, object], is_new: bool
) -> None:
    owner.name = "Anna"
    mailing = make_mailing(owner, audience="everyone", message=db.session.get_one(Message, typed["message_id"]))
    run = make_run(mailing)
    make_deliveries(run, accepted=1)
    rewrite("UPDATE deliveries SET email = c.email_key, email_key = c.email_key FROM (SELECT * FROM clients LIMIT 1) c")
    close(run)
    send_now = as_owner.get(f"/mailings/{mailing.id}/send-now").text
    address = "/mailings/new" if is_new else f"/mailings/{mailing.id}/edit"
    version = {} if is_new else {"version": str(mailing.version)}
    saving = as_owner.post(address, data=typed | version | {"sender_name": "Shop"}).text
    for page, name in ((send_now, "Anna"), (saving, "Shop")):
        assert f"{name} &lt;news@golub.localhost&gt;" in page
        assert "owner@golub.test" in page.partition("<main")[2]
        assert "это сообщение уже получил 1 человек" in page


def test_nothing_that_is_done_to_many_is_done_by_one_careless_click(
    as_owner: Browser, as_manager: Browser, owner: User
) -> None:
    """It asks first, or (deleting clients) can be undone by one click; giving a tag takes nothing away, and merging
    begins with a page."""
    make_mailing(owner, [make_client(owner)])
    for browser, path, free in (
        (as_owner, "/clients/", {"add_tag", "delete", "merge"}),
        (as_manager, "/mailings", set()),
    ):
        buttons = re.findall(r'<button[^>]*name="action" value="(\w+)"([^>]*)>', browser.get(path).text)
        assert len(buttons) >= 2
        assert {name for name, rest in buttons if "data-confirm=" not in rest} == free
