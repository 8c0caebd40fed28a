"""The pool as a whole: reuse, growth, the breaker, and a server that wants less."""

import asyncio
import random
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import pytest
import uvloop

from mailer.smtp.breaker import BreakerState
from mailer.smtp.results import Outcome, Phase
from mailer.smtp.source import Email
from mailer.smtp.testserver import Lab, Offer
from tests.narrowing import one
from tests.smtp.outbox import Outbox, email_to, transport_to, until

ACCEPTED, SERVER_FAULT = Outcome.ACCEPTED, Outcome.SERVER_FAULT
Runner = Callable[[Coroutine[Any, Any, object]], object]


def people(count: int) -> list[str]:
    return [f"p{number}@x.test" for number in range(count)]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
def test_everyone_gets_exactly_one(run: Runner, pipelining: bool) -> None:
    outbox = Outbox(map(email_to, people(500)))
    with Lab(offer=Offer(pipelining=pipelining)) as lab:
        run(outbox._send(transport_to(lab.port, connections=4), None))
        assert set(outbox.outcomes) == {ACCEPTED}
        assert sorted(record.recipient for record in lab.accepted) == sorted(people(500))
        assert lab.connection_count <= 4 + 500 // 100


@pytest.mark.parametrize("connections", [1, 4])
def test_a_server_that_wants_silence_after_the_dot_is_learned_at_once_and_costs_nobody_a_try(connections: int) -> None:
    outbox = Outbox(map(email_to, people(200)))
    outbox.requeues_faults = True
    with Lab(offer=Offer(bears_riding=False), trace=True) as lab:
        outbox.send(transport_to(lab.port, connections=connections))
        assert len(lab.accepted) == 200 and len(outbox.final) == 200
        faults = [result for result in outbox.results if result.outcome is not ACCEPTED]
        assert len(faults) <= connections
        assert {(result.outcome, result.phase) for result in faults} == {(Outcome.ABORTED, Phase.IDLE)}
        assert outbox.pool.refuses_riding
        before = len(one(lab.trace))
        again = Outbox(map(email_to, people(50)))
        again.send(transport_to(lab.port, connections=connections, rides_behind_dot=False))
        assert set(again.outcomes) == {ACCEPTED}, "remembered, it never happens"
        verbs = [line.split()[0] for line in one(lab.trace)[before + 1 : before + 4]]
        assert verbs == ["MAIL", "RCPT", "DATA"], "an envelope still goes in one write"


def test_a_connection_carries_no_more_than_allowed() -> None:
    outbox = Outbox(map(email_to, people(25)))
    with Lab() as lab:
        outbox.send(transport_to(lab.port, connections=1, messages_per_connection=10))
        assert lab.connection_count == 3 and len(lab.accepted) == 25


def test_a_single_email_does_not_open_a_crowd_of_connections() -> None:
    with Lab() as lab:
        Outbox([email_to("ann@x.test")]).send(transport_to(lab.port, connections=30))
        assert lab.connection_count <= 2


def test_work_that_comes_later_wakes_an_idle_pool() -> None:
    outbox = Outbox([email_to("ann@x.test")])
    outbox.expected_count = 2

    async def bring_more() -> None:
        await until(lambda: outbox.results)
        outbox.waiting.append(email_to("bob@x.test"))
        outbox.pool.wake()

    with Lab() as lab:
        outbox.send(transport_to(lab.port, timeouts={"idle": 30}), bring_more)
        assert outbox.outcomes == [ACCEPTED] * 2 and lab.connection_count <= 2


def test_an_idle_connection_is_given_back_and_a_lost_one_is_nobodys_fault() -> None:
    outbox = Outbox([email_to("ann@x.test")])
    outbox.expected_count = 2

    async def wait_then_bring_more() -> None:
        await until(lambda: outbox.results and not outbox.pool.connection_count)
        outbox.waiting.append(email_to("bob@x.test"))
        outbox.pool.wake()

    with Lab() as lab:
        outbox.send(transport_to(lab.port), wait_then_bring_more)
        assert outbox.outcomes == [ACCEPTED] * 2 and outbox.pool.breaker.last_fault is None


def test_a_refused_connection_costs_one_email_a_line_and_no_other_anything() -> None:
    outbox = Outbox(map(email_to, people(50)))
    outbox.requeues_faults = True

    async def come_back_later() -> None:
        await until(lambda: len(outbox.results) == 3)
        assert outbox.pool.breaker.state is not BreakerState.CLOSED
        assert one(outbox.pool.breaker.last_fault).phase is Phase.CONNECT
        await asyncio.to_thread(lab.listen)

    with Lab() as lab:
        lab.refuse()
        outbox.send(transport_to(lab.port, connections=8), come_back_later)
        faults = [result for result in outbox.results if result.outcome is SERVER_FAULT]
        assert 3 <= len(faults) <= 6 and all(result.text and result.phase is Phase.CONNECT for result in faults)
        assert len(lab.accepted) == 50 and outbox.pool.breaker.state is BreakerState.CLOSED


def test_without_work_the_breaker_does_not_knock() -> None:
    outbox = Outbox([email_to("ann@x.test")])
    outbox.expected_count = 2

    async def wait_then_bring_more() -> None:
        await until(lambda: outbox.pool.breaker.state is BreakerState.PROBING)
        await asyncio.sleep(0.1)  # it could connect now
        assert lab.connection_count == 1 and not outbox.pool.connection_count
        outbox.waiting.append(email_to("bob@x.test"))
        lab.obey(())
        outbox.pool.wake()

    with Lab("GREETING -> 554 5.3.2 Closed") as lab:
        outbox.send(transport_to(lab.port), wait_then_bring_more)
        assert outbox.outcomes == [SERVER_FAULT, ACCEPTED]


def test_no_more_connections_than_emails() -> None:
    outbox = Outbox(map(email_to, people(10)), answers_marks=False)

    async def answer_late() -> None:
        await until(lambda: len(outbox.questions) == 10)  # one on each connection
        await asyncio.sleep(0.1)
        assert outbox.pool.connection_count == 10
        for _email, answer in outbox.questions:
            answer(True)

    with Lab() as lab:
        outbox.send(transport_to(lab.port, connections=32), answer_late)
        assert lab.connection_count == lab.content_count == 10


def test_a_probe_is_one_email_and_every_success_one_more_connection() -> None:
    outbox = Outbox(map(email_to, people(20)))
    outbox.requeues_faults = True
    with Lab("MAIL x5 -> 421 4.3.2 Not now; drop\nDOT -> accept; delay 0.01; 250 Ok") as lab:
        outbox.send(transport_to(lab.port, connections=8))
        assert outbox.outcomes.count(SERVER_FAULT) == 5
        assert lab.content_count == 20 and outbox.pool.pacing.connections > 1


def test_a_server_that_drops_every_mail_after_the_dot_does_not_get_them_all() -> None:
    outbox = Outbox(map(email_to, people(100)))

    async def stop_after_three() -> None:
        await until(lambda: outbox.outcomes.count(Outcome.IN_DOUBT) >= 3)
        outbox.pool.finish()

    with Lab("DOT -> accept; drop") as lab:
        outbox.send(transport_to(lab.port, connections=4, probe_after=0.3), stop_after_three)
        assert len(lab.accepted) <= 8


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
def test_a_server_that_allows_five_connections_gets_five(pipelining: bool) -> None:
    outbox = Outbox(map(email_to, people(300)))
    offer = Offer(pipelining=pipelining, connections=5)
    with Lab("DOT -> accept; delay 0.002; 250 Ok", offer=offer) as lab:
        outbox.send(transport_to(lab.port, connections=20))
        assert set(outbox.outcomes) == {ACCEPTED} and len(lab.accepted) == 300
        assert outbox.pool.pacing.connections <= 5


def test_a_server_that_ends_connections_early_gets_new_ones() -> None:
    outbox = Outbox(map(email_to, people(60)))
    outbox.requeues_faults = True
    with Lab(offer=Offer(per_connection=10)) as lab:
        outbox.send(transport_to(lab.port, connections=2, probe_after=0.02, probe_at_most=0.02))
        assert len(outbox.final) == 60 and all(lab.count(name) == 1 for name in people(60))


def test_a_rate_is_kept() -> None:
    outbox = Outbox(map(email_to, people(12)))
    with Lab() as lab:
        outbox.send(transport_to(lab.port, connections=4, rate=40))
        started = [result.started_at for result in outbox.results]
        assert (max(started) - min(started)).total_seconds() >= 0.2
        assert len(lab.accepted) == 12


class AnsweringLater(Outbox):
    """Answers for the marks by and by, and not always with yes."""

    def __init__(self, emails: Iterable[Email], dice: random.Random) -> None:
        super().__init__(emails)
        self._dice = dice

    def ask_mark(self, email: Email, answer: Callable[[bool], None]) -> None:
        asyncio.get_running_loop().call_later(self._dice.random() * 0.002, answer, self._dice.random() > 0.02)


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
def test_whatever_the_server_does_the_books_agree(run: Runner, seed: int, pipelining: bool) -> None:
    """Nobody lost, nobody accepted who is not in the server's ledger, second copies only where in doubt."""
    rules = """
        GREETING 5% -> 421 4.3.2 Busy; drop
        MAIL 2% -> 421 4.3.2 Closing; drop
        MAIL 1% -> raw 999 x\\r\\n
        RCPT 5% -> 450 4.2.0 Later
        RCPT 5% -> 550 5.1.1 No such user
        RCPT 2% -> drop
        DATA 3% -> 451 4.3.0 Trouble
        DATA 2% -> 354 Go; reset
        CONTENT 2% -> reset
        DOT 5% -> 451 4.3.0 Trouble
        DOT 2% -> accept; drop
        DOT 2% -> accept; 250 Ok; reset
        DOT 2% -> reset
        DOT 2% -> accept; raw noise\\r\\n
        RSET 10% -> 502 What?
    """
    outbox = AnsweringLater(map(email_to, people(200)), random.Random(seed))
    outbox.requeues_faults = True
    with Lab(rules, offer=Offer(pipelining=pipelining), seed=seed) as lab:
        transport = transport_to(lab.port, connections=6, probe_after=0.005, probe_at_most=0.02, creep=0.05)
        run(asyncio.wait_for(outbox._send(transport, None), 60))
        assert sorted(str(result.key) for result in outbox.final) == sorted(people(200))
        for result in outbox.final:
            copies = lab.count(str(result.key))
            match result.outcome:
                case Outcome.ACCEPTED:
                    assert copies == 1
                case Outcome.IN_DOUBT:
                    assert copies <= 1
                case _:
                    assert copies == 0
