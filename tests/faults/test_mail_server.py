"""A mail server that does everything wrong."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import func, select

from mailer import queue
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.jobs.server_alarm import tell_admins
from mailer.jobs.waking import wake_senders
from mailer.models.account_email import AccountEmail
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mail_server import MailServer
from mailer.models.run import Run, RunState
from mailer.models.user import Role, User
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab, Offer
from mailer.smtp.transport import Transport
from tests.conftest import Browser
from tests.factories import make_user
from tests.faults.conftest import SHORT_TIMEOUTS, carry_on, outcomes, smtp_url
from tests.sending.conftest import attempts, let_time_pass
from tests.waiting import wait_until

MakeRun = Callable[..., Run]
COUNT = 30
NO_PROBE = "probe_after=3600&probe_at_most=3600"  # none comes by itself, however slow the machine is


@pytest.fixture(autouse=True)
def short_timeouts(app: Flask, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second instead of minutes."""
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, SHORT_TIMEOUTS))


# Before the content has left nobody may lose anything: as soon as the trouble is over, everyone is accepted.
BEFORE_THE_CONTENT = {
    "hangs up at once": "CONNECT -> drop",
    "resets at once": "CONNECT -> reset",
    "black hole": "CONNECT -> silence",
    "greets with 421": "GREETING -> 421 4.7.0 Too many connections",
    "greets with 554": "GREETING -> 554 5.7.1 Go away",
    "speaks HTTP": r"GREETING -> raw HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n",
    "noise": r"GREETING -> raw \x00\xff\xfe\x16\x03\x01 noise\n",
    "greets with 999": r"GREETING -> raw 999 x\r\n",
    "EHLO without end": "EHLO -> flood 250-more",
    "EHLO 421": "EHLO -> 421 4.3.2 Shutting down; drop",
    "a line of 9,000 characters": "EHLO -> 250 " + "x" * 9000,
    "dribbles": "MAIL -> dribble 0.3 250 2.1.0 Ok",
    "MAIL 421": "MAIL -> 421 4.3.2 Shutting down; drop",
    "MAIL 550 for all": "MAIL -> 550 5.7.1 Sender not welcome",
    "RCPT 421": "RCPT -> 421 4.7.0 Try again later; drop",
    "RCPT 454": "RCPT -> 454 4.7.0 Throttling failure: maximum sending rate exceeded",
    "RCPT says 999": r"RCPT -> raw 999 x\r\n",
    "RCPT without an answer": "RCPT -> silence",
    "DATA 421": "DATA -> 421 4.3.2 Shutting down; drop",
    "hangs up at DATA": "DATA -> drop",
    "DATA 503": "DATA -> 503 5.5.1 Bad sequence",
    "a daily limit at RCPT": "RCPT -> 550 5.4.5 Daily sending quota exceeded",
    "a daily limit in words": "RCPT -> 550 Daily limit exceeded for this account",
    "not allowed to relay": "RCPT -> 554 5.7.1 Relay access denied",
    "a login that lapsed": "RCPT -> 530 5.7.0 Authentication required",
    "the sender refused after the dot": "DOT -> 550 5.7.26 This mail is unauthenticated",
    "a flood after the dot": "DOT -> 450 4.7.28 Unusual rate of mail",
    "too much mail": "MAIL -> 450 4.7.1 Error: too much mail from 127.0.0.1",
    "452 mailbox full": "RCPT -> 452 4.2.2 Mailbox full",
    "greylisting": "RCPT -> 450 4.7.1 Greylisted, please try again in 300 seconds",
    "451 after the dot": "DOT -> 451 4.3.0 Try later",
    "421 after the dot": "DOT -> 421 4.3.2 Shutting down; drop",
    "one in three": "RCPT 66% -> 451 4.3.0 Later",
    "KOI8 reply": "RCPT -> raw 450 4.2.1 "
    + "".join(f"\\x{b:02x}" for b in "ящик переполнен".encode("koi8-r"))
    + r"\r\n",
    "ANSI and HTML reply": r"RCPT -> raw 450 4.2.1 \x1b[31m<script>alert(1)</script>\x07\r\n",
}


@pytest.mark.parametrize("rule", BEFORE_THE_CONTENT.values(), ids=BEFORE_THE_CONTENT.keys())
def test_trouble_before_the_content_costs_nobody_anything(lab: Lab, make_run: MakeRun, rule: str) -> None:
    run = make_run(COUNT)
    lab.obey(rule)
    for _turn in range(2):
        work_on_run(run.id, 1.0)
        let_time_pass()
    db.session.refresh(run)
    assert run.closed_at is None
    assert run.refused_count == run.uncertain_count == run.stopped_count == 0
    assert all(
        attempt.outcome.value in ("server_fault", "transient", "accepted", "aborted") for attempt in attempts(run)
    )
    assert all(attempt.response.isprintable() for attempt in attempts(run))
    lab.obey("")
    assert carry_on(run).state is RunState.COMPLETE
    assert len(lab.accepted) == COUNT


@pytest.mark.parametrize(
    "said",
    ["550 5.4.5 Daily sending quota exceeded", "554 5.7.1 Relay access denied", "530 5.7.0 Authentication required"],
)
def test_a_refused_sender_is_told_to_the_admin_and_nobody_loses_a_try(
    lab: Lab, make_run: MakeRun, as_owner: Browser, said: str
) -> None:
    admin = make_user(email="admin@golub.test", role=Role.ADMIN)
    run = make_run(10)
    lab.obey(f"RCPT -> {said}")
    for _probe in range(4):
        work_on_run(run.id, 1.0)
        let_time_pass()
    db.session.refresh(run)
    assert (run.state, run.waiting_count, run.refused_count) == (RunState.WAITING_FOR_SERVER, 10, 0)
    assert said in (run.last_fault or "")
    assert said[4:] in as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text
    assert tell_admins() == 1 and tell_admins() == 0, "once"
    mail = db.session.scalars(select(AccountEmail).where(AccountEmail.template == "server-fault")).one()
    assert (mail.to_email, mail.context["said"]) == (admin.email, said)
    assert db.session.scalar(select(func.max(Delivery.transient_count))) == 0
    lab.obey("")
    assert carry_on(run).state is RunState.COMPLETE


def test_what_a_server_does_not_bear_is_remembered_for_the_next_worker(
    lab: Lab, make_run: MakeRun, stranger: User
) -> None:
    lab.offer = Offer(bears_riding=False, size=1_000_000)
    first = carry_on(make_run(200))
    assert first.state is RunState.COMPLETE
    assert first.failed_attempt_count == 0
    server = db.session.scalars(select(MailServer)).one()
    assert server.refuses_riding_since is not None
    assert (server.size_limit, server.takes_smtputf8) == (1_000_000, False)
    connections = lab.connection_count
    assert work_on_run(make_run(200, stranger).id, 30) is False
    assert lab.connection_count - connections <= 4, "no connection was broken off by it"


ONE_CONNECTION = "connections=1&dot=30&messages_per_connection=999"


def test_what_one_worker_learns_reaches_those_already_sending(
    app: Flask, lab: Lab, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another has met a 503 behind a dot: ours sends none there from its next slice on, amid its turn."""
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, ONE_CONNECTION))
    monkeypatch.setitem(app.config, "SLICE_SIZE", 10)
    lab.obey("\n".join(f"DOT c{number}@* -> accept; delay 1; 250 2.0.0 Ok" for number in (12, 60)))
    run_id = make_run(100).id

    def another_worker() -> None:
        with app.app_context():
            wait_until(lambda: lab.count("c12@example.test") == 1)
            name = Transport.from_url(app.config["MAILINGS_SMTP_URL"], sender="").name
            db.session.merge(MailServer(name=name, fault_count=0, refuses_riding_since=utcnow()))
            db.session.commit()
            wait_until(lambda: lab.count("c60@example.test") == 1)
            lab.offer = Offer(bears_riding=False)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(another_worker)
        assert work_on_run(run_id, 60) is False
        other.result()
    run = db.session.get_one(Run, run_id, populate_existing=True)
    assert (run.state, run.accepted_count, lab.connection_count) == (RunState.COMPLETE, 100, 1), "never broken off"


def test_a_worker_writes_down_what_it_learns_amid_its_turn(
    app: Flask, lab: Lab, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, ONE_CONNECTION))
    lab.offer = Offer(bears_riding=False)
    lab.obey("DOT c20@* -> accept; delay 3; 250 2.0.0 Ok")
    run_id = make_run(30).id

    def is_known() -> bool:
        with db.engine.connect() as connection:
            return bool(connection.scalar(select(MailServer.refuses_riding_since.is_not(None))))

    def look() -> int:
        with app.app_context():
            wait_until(is_known)
            return len(lab.accepted)

    with ThreadPoolExecutor(1) as pool:
        accepted = pool.submit(look)
        work_on_run(run_id, 60)
    assert accepted.result() <= 20, "known before the turn was over"


def test_too_much_mail_slows_the_run_down_and_costs_nobody_a_try(
    app: Flask, lab: Lab, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, "probe_after=30"))
    lab.offer = Offer(per_window=(50, 1.0))
    run = make_run(200)
    assert work_on_run(run.id, 60) is False
    db.session.refresh(run)
    assert run.state is RunState.COMPLETE
    assert db.session.scalar(select(func.max(Delivery.transient_count))) == 0
    server = db.session.scalars(select(MailServer)).one()
    # What is measured lasts half a second at least, and two windows may lie side by side in it when the machine stalls.
    assert server.pace is not None and server.pace <= 2 * 50 / 0.5
    assert server.fault_count == 0, "slower, but never out of order"


def test_a_server_that_refuses_connections(
    app: Flask, lab: Lab, make_run: MakeRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, NO_PROBE))
    run = make_run(COUNT)
    lab.refuse()
    work_on_run(run.id, 5)
    db.session.refresh(run)
    assert run.state is RunState.WAITING_FOR_SERVER
    assert len(attempts(run)) == 1  # only who was really tried
    lab.listen()
    assert carry_on(run).state is RunState.COMPLETE


def test_an_hour_of_refused_connections_costs_nobody_a_try_and_the_site_nothing(
    app: Flask, lab: Lab, make_run: MakeRun, as_owner: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", smtp_url(lab, NO_PROBE))
    run = make_run(COUNT)
    lab.refuse()
    probes = 15  # after 30 seconds, then doubled up to five minutes: just over an hour
    for _probe in range(probes):
        assert work_on_run(run.id, 5) is False
        wake_senders()
        assert queue.queue(queue.MAILINGS).count == 0  # no worker is woken before the next probe
        assert as_owner.get(f"/mailings/{run.mailing_id}").status_code == 200
        probe_now()
    db.session.refresh(run)
    assert run.state is RunState.WAITING_FOR_SERVER
    assert run.waiting_count == COUNT
    assert {attempt.outcome.value for attempt in attempts(run)} == {"server_fault"}
    assert len(attempts(run)) <= probes
    assert db.session.scalar(select(func.max(Delivery.transient_count))) == 0
    lab.listen()
    assert carry_on(run).state is RunState.COMPLETE


# After it only a valid answer decides; anything else is in doubt, for exactly those really on their way.
AFTER_THE_CONTENT = {
    "hangs up amid the content": ("CONTENT x3 -> drop", 0),
    "resets after the dot": ("DOT x3 -> accept; reset", 1),
    "hangs up after the dot, not taken": ("DOT x3 -> drop", 0),
    "no answer to the dot": ("DOT x3 -> accept; silence", 1),
    "garbage after the dot": (r"DOT x3 -> accept; raw 2x0 Ok\r\n", 1),
    "999 after the dot": (r"DOT x3 -> accept; raw 999 x\r\n", 1),
    "354 after the dot": ("DOT x3 -> accept; 354 Go on", 1),
    "endless reply to the dot": ("DOT x3 -> accept; flood 250-more", 1),
    "9,000 characters after the dot": ("DOT x3 -> accept; 250 " + "x" * 9000, 1),
    "dribbles after the dot": ("DOT x3 -> accept; dribble 0.3 250 2.0.0 Ok", 1),
}


@pytest.mark.parametrize(("rule", "copies"), AFTER_THE_CONTENT.values(), ids=AFTER_THE_CONTENT.keys())
def test_trouble_after_the_content_is_in_doubt(lab: Lab, make_run: MakeRun, rule: str, copies: int) -> None:
    lab.obey(rule)
    run = carry_on(make_run(COUNT))
    assert outcomes(run) == {"accepted": COUNT - 3, "uncertain": 3}
    assert len(lab.accepted) == COUNT - 3 + 3 * copies
    assert run.state is RunState.INCOMPLETE


@pytest.mark.parametrize("reply", ["251 2.1.5 Will forward", "260 What a number", "250"])
def test_any_2yz_after_the_dot_accepts(lab: Lab, make_run: MakeRun, reply: str) -> None:
    lab.obey(f"DOT -> accept; {reply}")
    assert carry_on(make_run(COUNT)).state is RunState.COMPLETE


@pytest.mark.parametrize("reply", ["552 5.2.2 Over quota", "554 5.7.1 Looks like spam"])
def test_a_5yz_after_the_dot_is_final_for_that_mail(lab: Lab, make_run: MakeRun, reply: str) -> None:
    lab.obey(f"DOT c1?@example.test -> {reply}")
    run = carry_on(make_run(COUNT))
    assert outcomes(run) == {"accepted": COUNT - 10, "refused": 10}


@pytest.mark.parametrize(
    "offer",
    [
        Offer(pipelining=False),
        Offer(connections=2),
        Offer(per_connection=7),
        Offer(per_second=14),
        Offer(pipelining=False, connections=1, per_connection=3),
    ],
    ids=["no PIPELINING", "2 connections", "7 a connection", "14 a second", "tiny"],
)
def test_narrow_servers_get_just_what_they_allow(lab: Lab, make_run: MakeRun, offer: Offer) -> None:
    lab.offer = offer
    assert carry_on(make_run(COUNT)).state is RunState.COMPLETE


def test_a_server_without_rset(lab: Lab, make_run: MakeRun) -> None:
    lab.obey("RSET -> 502 5.5.2 Not understood\nRCPT c1?@example.test -> 550 5.1.1 No such user")
    run = carry_on(make_run(COUNT))
    assert outcomes(run) == {"accepted": COUNT - 10, "refused": 10}


@pytest.mark.parametrize("answer", ["", "AUTH -> 454 4.7.0 Temporary authentication failure"], ids=["535", "454"])
def test_a_login_that_fails_costs_nobody_anything(
    app: Flask, lab: Lab, make_run: MakeRun, answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.offer = replace(lab.offer, credentials=("golub", "right"))
    lab.obey(answer)
    url = smtp_url(lab).replace("//", "//golub:wrong@")
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", url)
    run = make_run(COUNT)
    work_on_run(run.id, 1.0)
    db.session.refresh(run)
    assert run.state is RunState.WAITING_FOR_SERVER
    assert "wrong" not in (run.last_fault or "").split()
    lab.obey("")
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", url.replace("wrong", "right"))
    assert carry_on(run).state is RunState.COMPLETE


POISONS = {
    "hangs up at RCPT": "RCPT c1@example.test -> drop",
    "resets at RCPT": "RCPT c1@example.test -> reset",
    "421 at RCPT": "RCPT c1@example.test -> 421 4.7.0 Not for this one; drop",
    "hangs up at DATA": "DATA c1@example.test -> drop",
    "garbage at RCPT": r"RCPT c1@example.test -> raw nonsense\r\n",
}


@pytest.mark.parametrize("rule", POISONS.values(), ids=POISONS.keys())
def test_a_recipient_that_the_server_cannot_bear_does_not_keep_the_others_waiting(
    lab: Lab, make_run: MakeRun, rule: str
) -> None:
    lab.obey(rule)
    run = make_run(COUNT)
    for _turn in range(3):  # the probes of the breaker, where it opened
        work_on_run(run.id, 5)
        if outcomes(run).get("accepted") == COUNT - 1:
            break
        probe_now()
    assert outcomes(run)["accepted"] == COUNT - 1
    for _turn in range(4):
        if outcomes(run).get("deferred"):
            break
        let_time_pass()
        work_on_run(run.id, 5)
    assert outcomes(run) == {"accepted": COUNT - 1, "deferred": 1}  # it counts as put off now
    lab.obey("")
    assert carry_on(run).state is RunState.COMPLETE


def probe_now() -> None:
    """As if the breaker's next probe were due; everything else waits its time."""
    db.session.execute(db.text("UPDATE mail_servers SET probe_at = now() WHERE probe_at IS NOT NULL"))
    db.session.commit()


def test_put_off_and_then_met_by_a_fault_it_is_still_put_off(lab: Lab, make_run: MakeRun) -> None:
    lab.obey("RCPT c1@example.test x1 -> 450 4.7.1 Greylisted")
    run = make_run(1)
    work_on_run(run.id, 5)
    let_time_pass()
    lab.refuse()
    work_on_run(run.id, 5)
    assert outcomes(run) == {"deferred": 1}
    lab.listen()
    assert carry_on(run).state is RunState.COMPLETE


def test_a_mail_in_doubt_that_is_put_off_is_never_sent_a_third_time(lab: Lab, make_run: MakeRun) -> None:
    run = make_run(1, in_doubt_rule="resend")
    for rule in ("DOT -> accept; drop", "RCPT -> 451 4.3.0 Later", "DOT -> accept; drop", "", ""):
        lab.obey(rule)
        let_time_pass()
        work_on_run(run.id, 5)
    assert outcomes(run) == {DeliveryState.UNCERTAIN.value: 1}
    assert len(lab.accepted) == 2
    db.session.refresh(run)
    assert run.closed_at is not None


def test_a_mail_in_doubt_that_is_then_refused_stays_uncertain(lab: Lab, make_run: MakeRun) -> None:
    run = make_run(1, in_doubt_rule="resend")
    for rule in ("DOT -> accept; drop", "RCPT -> 550 5.1.1 No such user"):
        lab.obey(rule)
        let_time_pass()
        work_on_run(run.id, 5)
    assert outcomes(run) == {"uncertain": 1}
