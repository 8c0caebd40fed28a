"""Several mail servers: who is asked first, who takes over, and how many connections there may be."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta

import psycopg2
import pytest
from flask import Flask
from sqlalchemy import select, text

from config import TestingConfig
from mailer import create_app
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.mailings.runs.forecast import RunForecast
from mailer.models.client import Client
from mailer.models.mail_server import MailServer
from mailer.models.mailing import InDoubtRule
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.servers import health as server_health
from mailer.sending.servers import mail_routes
from mailer.sending.servers.mail_routes import read_routes
from mailer.sending.servers.slots import take_slots
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.results import Fault, Phase
from mailer.smtp.testserver import Lab
from setting_values import ConfigError
from tests.conftest import Browser
from tests.factories import add_clients
from tests.narrowing import one as present
from tests.sending.conftest import assert_adds_up, attempts, finish, let_time_pass, states
from tests.waiting import wait_until

MakeRun = Callable[..., Run]
SCALED = "probe_after=30&probe_at_most=60&rcpt=2&dot=2&data=2&greeting=2"  # no probe comes by itself in a test
PEOPLE = ("a@example.test", "b@example.test", "c@example.test")


@pytest.fixture
def first(app: Flask) -> Iterator[Lab]:
    """The preferred server."""
    with Lab(keep_content=True) as lab:
        yield lab


@pytest.fixture
def second(app: Flask, first: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The server that takes over."""
    with Lab(keep_content=True) as lab:
        urls = ",\n ".join(f"smtp://127.0.0.1:{port}?connections=2&{SCALED}" for port in (first.port, lab.port))
        monkeypatch.setitem(app.config, "MAILINGS_SMTP_URLS", urls)
        yield lab


def name(lab: Lab) -> str:
    """What the server is called in attempts and in the table of breakers."""
    return f"127.0.0.1:{lab.port}"


def health(lab: Lab) -> MailServer | None:
    """The breaker's row."""
    return db.session.get(MailServer, name(lab), populate_existing=True)


# -- fail-over -----------------------------------------------------------------------------------------------------


def test_all_goes_by_the_preferred_server_and_attempts_say_so(make_run: MakeRun, first: Lab, second: Lab) -> None:
    run = finish(make_run(*PEOPLE))
    assert run.state is RunState.COMPLETE
    assert (len(first.accepted), len(second.accepted)) == (3, 0)
    assert {attempt.transport for attempt in attempts(run)} == {name(first)}


def test_the_next_server_takes_over_at_once_and_nobody_loses_a_try(make_run: MakeRun, first: Lab, second: Lab) -> None:
    first.refuse()
    run = finish(make_run(*PEOPLE))

    assert run.state is RunState.COMPLETE
    assert (len(first.accepted), len(second.accepted)) == (0, 3)
    outcomes = [(attempt.outcome.value, attempt.transport) for attempt in attempts(run)]
    assert outcomes.count(("server_fault", name(first))) == 1
    assert outcomes.count(("accepted", name(second))) == 3
    assert run.last_fault is None  # it never had to wait
    assert_adds_up(run)


def test_what_may_have_left_goes_nowhere_by_itself(make_run: MakeRun, first: Lab, second: Lab) -> None:
    first.obey("DOT -> accept; drop")
    run = finish(make_run(*PEOPLE))

    found = states(run)
    copies = {email: first.count(email) + second.count(email) for email in PEOPLE}
    assert set(copies.values()) == {1}
    assert set(found.values()) == {"uncertain", "accepted"}
    for email, state in found.items():
        assert (first.count(email) if state == "uncertain" else second.count(email)) == 1
    assert run.state is RunState.INCOMPLETE
    assert_adds_up(run)


def test_by_the_rule_resend_the_copy_takes_the_server_that_works(make_run: MakeRun, first: Lab, second: Lab) -> None:
    first.obey("DOT -> accept; drop")
    run = finish(make_run("a@example.test", in_doubt_rule=InDoubtRule.RESEND))
    assert (states(run), len(second.accepted)) == ({"a@example.test": "in_doubt"}, 0)

    db.session.execute(text("UPDATE deliveries SET retry_at = now()"))
    db.session.execute(text("UPDATE slices SET ready_at = now()"))
    db.session.commit()
    run = finish(run)
    assert states(run) == {"a@example.test": "accepted"}
    assert [record.message_id for record in first.accepted] == [record.message_id for record in second.accepted]


def test_a_run_waits_only_when_every_server_rests(make_run: MakeRun, first: Lab, second: Lab) -> None:
    first.refuse()
    second.obey("GREETING -> 421 4.3.2 Closed for the night")
    run = finish(make_run(*PEOPLE))

    assert run.state is RunState.WAITING_FOR_SERVER
    assert run.last_fault == "421 4.3.2 Closed for the night"
    assert set(states(run).values()) == {"waiting"}
    one, two = health(first), health(second)
    assert one is not None and two is not None
    assert (
        mail_routes.probe_at()
        == min(present(one.probe_at), present(two.probe_at))
        == RunForecast.of(run, utcnow()).probe_at
    )
    assert mail_routes.all_rest()

    tried = len(attempts(run))
    assert work_on_run(run.id, 5) is False
    assert len(attempts(run)) == tried

    second.obey("")
    db.session.execute(text("UPDATE mail_servers SET probe_at = now() WHERE name = :name"), {"name": name(second)})
    db.session.commit()
    assert not mail_routes.all_rest()
    run = finish(run)
    assert (run.state, len(second.accepted)) == (RunState.COMPLETE, 3)
    assert_adds_up(run)


def test_a_run_that_finds_every_server_resting_says_what_it_waits_for(
    make_run: MakeRun, first: Lab, second: Lab
) -> None:
    first.refuse()
    second.refuse()
    finish(make_run("a@example.test"))
    late = finish(make_run("z@example.test"))
    assert late.state is RunState.WAITING_FOR_SERVER
    assert late.last_fault
    assert attempts(late) == []


def test_the_preferred_server_is_taken_again_after_its_probe(make_run: MakeRun, first: Lab, second: Lab) -> None:
    first.refuse()
    finish(make_run("a@example.test"))
    first.listen()
    finish(make_run("b@example.test"))
    assert (first.count("b@example.test"), second.count("b@example.test")) == (0, 1)  # no probe was due

    let_time_pass()
    run = finish(make_run("c@example.test"))
    assert (first.count("c@example.test"), second.count("c@example.test")) == (1, 0)
    assert run.state is RunState.COMPLETE
    row = health(first)
    assert row is not None
    assert (row.fault_count, row.probe_at) == (0, None)


def test_a_probe_that_fails_costs_one_attempt_and_the_others_go_on(make_run: MakeRun, first: Lab, second: Lab) -> None:
    first.obey("MAIL -> 421 4.3.2 Not yet")
    finish(make_run("a@example.test"))
    let_time_pass()
    run = finish(make_run(*(f"p{number}@example.test" for number in range(30))))

    assert run.state is RunState.COMPLETE
    assert len([attempt for attempt in attempts(run) if attempt.transport == name(first)]) == 1
    row = health(first)
    assert row is not None and row.probe_at is not None
    assert row.fault_count == 2
    assert row.probe_at - utcnow() > timedelta(seconds=45)  # twice as long as the first time
    assert_adds_up(run)


def test_a_probe_is_one_connection_until_the_server_has_judged_a_mail(
    app: Flask, make_run: MakeRun, first: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URLS", f"smtp://127.0.0.1:{first.port}?connections=8&{SCALED}")
    first.refuse()
    run = finish(make_run("slow@example.test", *(f"q{number}@example.test" for number in range(200))))
    first.listen()
    first.obey("DOT slow@* -> delay 0.3; accept; 250 2.0.0 Ok\nDOT -> delay 0.01; accept; 250 2.0.0 Ok")
    let_time_pass()
    run = finish(run)

    assert run.state is RunState.COMPLETE
    assert first.accepted[0].recipient == "slow@example.test"  # nothing else was begun beside it
    assert first.connection_count == 4  # half of the limit for one of two workers, once the server was sound


def test_a_wake_up_without_work_uses_up_no_probe(make_run: MakeRun, first: Lab, second: Lab) -> None:
    first.refuse()
    run = finish(make_run("a@example.test"))
    deferred = make_run("later@example.test")
    write_recipient_list(deferred.id)
    db.session.execute(text("UPDATE slices SET ready_at = now() + interval '1 hour' WHERE ready_at IS NOT NULL"))
    db.session.execute(text("UPDATE mail_servers SET probe_at = now() WHERE probe_at IS NOT NULL"))
    db.session.commit()
    assert work_on_run(deferred.id, 5) is work_on_run(run.id, 5) is False
    row = health(first)
    assert row is not None and row.probe_at is not None
    assert row.probe_at <= utcnow()


def test_a_long_stretch_by_the_second_server_ends_when_the_first_is_to_be_tried(
    make_run: MakeRun, first: Lab, second: Lab
) -> None:
    first.refuse()
    finish(make_run("a@example.test"))
    first.listen()
    second.obey("RCPT -> delay 0.3; 250 Ok")
    run = make_run(*(f"m{number}@example.test" for number in range(60)))
    db.session.execute(text("UPDATE mail_servers SET probe_at = now() + interval '2 seconds' WHERE fault_count > 0"))
    db.session.commit()
    run = finish(run, seconds=3600)

    assert run.state is RunState.COMPLETE
    used = [attempt.transport for attempt in sorted(attempts(run), key=lambda attempt: attempt.finished_at)]
    assert (used[0], used[-1]) == (name(second), name(first))
    assert_adds_up(run)


def test_faults_seen_side_by_side_count_once(make_run: MakeRun, first: Lab, second: Lab) -> None:
    transport = mail_routes.configured()[0].transport
    for _worker in range(4):
        server_health.note_fault(transport, Fault(Phase.CONNECT, "refused"), was_probe=False)
    row = health(first)
    assert row is not None
    assert row.fault_count == 1


# -- limits --------------------------------------------------------------------------------------------------------


@pytest.fixture
def connect(app: Flask) -> Iterator[Callable[[], psycopg2.extensions.connection]]:
    """Database connections of other workers."""
    url = db.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    opened = []

    def make() -> psycopg2.extensions.connection:
        opened.append(psycopg2.connect(url))
        return opened[-1]

    yield make
    for connection in opened:
        connection.close()


def test_slots_are_never_more_than_the_limit_and_end_with_their_holder(
    connect: Callable[[], psycopg2.extensions.connection],
) -> None:
    one, two, three = connect(), connect(), connect()
    assert take_slots(one, "mail.test:25", 5, 3) == 3
    assert take_slots(two, "mail.test:25", 5, 3) == 2
    assert take_slots(three, "mail.test:25", 5, 3) == 0
    assert take_slots(three, "other.test:25", 5, 3) == 3
    process = one.info.backend_pid
    one.close()
    deadline = utcnow() + timedelta(seconds=30)
    alive = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    while db.session.scalar(alive, {"pid": process}):  # its end takes the database a moment
        assert utcnow() < deadline
        db.session.rollback()
    assert take_slots(three, "mail.test:25", 5, 3) == 3


def test_a_server_of_one_connection_gets_one_whoever_sends(
    app: Flask,
    make_run: MakeRun,
    first: Lab,
    connect: Callable[[], psycopg2.extensions.connection],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URLS", f"smtp://127.0.0.1:{first.port}?connections=1&{SCALED}")
    run = make_run(*PEOPLE)
    other = connect()
    assert take_slots(other, name(first), 1, 1) == 1

    assert work_on_run(run.id, 5) is False
    assert first.connection_count == 0
    assert db.session.get_one(Run, run.id, populate_existing=True).state is RunState.SENDING
    other.close()
    deadline = utcnow() + timedelta(seconds=10)
    while not first.accepted:  # the server of the database takes a moment to see that the other is gone
        assert utcnow() < deadline
        run = finish(run)
    assert (run.state, first.connection_count) == (RunState.COMPLETE, 1)


def test_stretches_one_after_another_find_their_slot_free(
    app: Flask, make_run: MakeRun, first: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URLS", f"smtp://127.0.0.1:{first.port}?connections=1&{SCALED}")
    first.obey("DOT -> delay 0.02; accept; 250 Ok")
    run = finish(make_run(*(f"m{number}@example.test" for number in range(20))), seconds=0.01)
    assert run.state is RunState.COMPLETE
    assert first.connection_count > 1


def test_two_processes_keep_to_the_limit_together(
    app: Flask,
    make_run: MakeRun,
    owner: User,
    first: Lab,
    monkeypatch: pytest.MonkeyPatch,
    start_worker: Callable[[Run], subprocess.Popen[bytes]],
) -> None:
    url = f"smtp://127.0.0.1:{first.port}?connections=3&messages_per_connection=100000"
    monkeypatch.setitem(app.config, "MAILINGS_SMTP_URL", url)
    first.obey("DOT -> delay 0.2; accept; 250 Ok")  # so slowly that both are sure to be there together
    monkeypatch.setitem(app.config, "SLICE_SIZE", 50)
    add_clients(owner, 500)
    run = make_run(audience="everyone")
    write_recipient_list(run.id)
    workers = [start_worker(run) for _number in range(2)]
    wait_until(lambda: len(first.sessions) == 3)
    first.obey("")
    most = 0

    def are_done() -> bool:
        nonlocal most
        most = max(most, len(first.sessions))
        return len(first.accepted) == 500

    wait_until(are_done)
    for worker in workers:
        worker.wait(timeout=60)
    assert most == 3
    assert finish(run).state is RunState.COMPLETE
    assert len({attempt.worker for attempt in attempts(run)}) == 2


def test_limits_are_of_the_whole_deployment(app: Flask) -> None:
    (route,) = routes("smtp://h?connections=5&rate=10&messages_per_connection=20")
    shares = [route.wanted(2), 5 - route.wanted(2)]
    assert shares == [3, 2]
    parts = [route.cut_to(count, 2) for count in shares]
    assert [part.connections for part in parts] == shares
    assert [part.rate for part in parts] == [6.0, 4.0]
    assert parts[0].messages_per_connection == 20


def test_without_a_limit_each_process_has_its_own_connections_and_its_part_of_the_rate(app: Flask) -> None:
    (route,) = routes("smtp://h?rate=10", MAILINGS_CONNECTIONS=7)
    part = route.cut_to(0, 4)
    assert (part.connections, part.rate) == (7, 2.5)


# -- settings ------------------------------------------------------------------------------------------------------


def routes(urls: str | None, **settings: object) -> list[mail_routes.MailRoute]:
    """What these settings mean."""
    config = vars(TestingConfig(MAILINGS_SMTP_URLS=urls, **settings))
    return read_routes(config)


def test_several_urls_are_read_in_order_whatever_stands_between(app: Flask) -> None:
    urls = "smtp://one.test:2525, smtps://u:p%2Cw@two.test\n\tsmtp+starttls://three.test?rate=14"
    found = [route.transport for route in routes(urls)]
    assert [transport.name for transport in found] == ["one.test:2525", "two.test:465", "three.test:587"]
    assert (found[1].password, found[2].rate) == ("p,w", 14)


def test_one_url_is_enough_and_the_account_mails_server_the_default(app: Flask) -> None:
    (route,) = routes(None, MAILINGS_SMTP_URL="smtp://one.test")
    assert route.transport.name == "one.test:25"
    (route,) = routes(None, MAIL_SERVER="mx.test", MAIL_PORT="587", MAIL_USE_TLS="1", MAIL_USERNAME="u")
    assert (route.transport.name, route.transport.security.value) == ("mx.test:587", "smtp+starttls")


@pytest.mark.parametrize(
    ("urls", "said"),
    [
        ("smtp://ok.test http://user:secret@h", "URL 2: unknown scheme"),
        ("smtp://user:sec/ret@h", "percent-encoded"),
        ("smtp://user:sec#ret@h", "percent-encoded"),
        ("smtp://user:sec?ret=1@h", "percent-encoded"),
        ("smtp://user:secret,ret@h", "percent-encoded"),
        ("secret:x@h", "percent-encoded"),
        ("secret:x", "unknown scheme"),
        ("smtp://user:secret@h:port", "percent-encoded"),
        ("smtp://user:secret@h?connections=0", "connections=0"),
        ("smtp://user:secret@h?rate=nan", "rate=nan"),
        ("smtp://user:secret@h?speed=1", "speed=1"),
        ("smtps://user:secret@h?ca_file=/nowhere/ca.pem", "No such file"),
        ("smtp://user:secret@h:25 smtp+starttls://h:25", "h:25 is named twice"),
    ],
)
def test_a_mistake_stops_the_start_and_is_named_without_the_password(app: Flask, urls: str, said: str) -> None:
    with pytest.raises(ConfigError, match="MAILINGS_SMTP_URLS") as refusal:
        create_app(TestingConfig(MAILINGS_SMTP_URLS=urls))
    assert said in str(refusal.value)
    assert "sec" not in str(refusal.value)
    assert refusal.value.__cause__ is None


def test_production_sends_off_this_machine_under_tls_only(app: Flask) -> None:
    for url in ("smtp://relay.test:25", "smtp+starttls://ok.test smtp://relay.test:25"):
        settings = TestingConfig(MAILINGS_SMTP_URLS=url)
        settings.PRODUCTION = True
        with pytest.raises(ConfigError, match=r"MAILINGS_SMTP_URLS: relay\.test:25"):
            create_app(settings)


def test_pages_name_the_server_of_each_attempt(as_owner: Browser, make_run: MakeRun, first: Lab, second: Lab) -> None:
    run = finish(make_run("a@example.test"))
    client_id = db.session.scalars(select(Client.id)).one()
    for url in (f"/mailings/{run.mailing_id}/runs/{run.id}/deliveries/1", f"/clients/{client_id}"):
        assert name(first) in as_owner.get(url).text
