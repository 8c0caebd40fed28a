"""Breaker and pacing by the clock they are told."""

from mailer.smtp.breaker import Breaker, BreakerState
from mailer.smtp.lab import Lab, Offer
from mailer.smtp.pacing import Pacing
from mailer.smtp.results import Fault, Outcome, Phase
from tests.smtp.outbox import Outbox, email_to, transport_to

FAULT = Fault(Phase.CONNECT, "refused")


def test_the_breaker_waits_twice_as_long_after_each_failed_probe():
    breaker, now, waits = Breaker(30, 300), 0.0, []
    for _ in range(6):
        assert breaker.trip(FAULT, now)
        waits.append(breaker.probe_at - now)
        breaker.tick(breaker.probe_at - 0.1)
        assert breaker.state is BreakerState.OPEN
        now = breaker.probe_at
        breaker.tick(now)
        assert breaker.state is BreakerState.PROBING
    assert waits == [30, 60, 120, 240, 300, 300]
    breaker.succeed()
    assert breaker.state is BreakerState.CLOSED and breaker.last_fault is FAULT
    breaker.trip(FAULT, now)
    assert breaker.probe_at - now == 30


def test_faults_that_come_in_while_it_is_open_do_not_prolong_the_wait():
    breaker = Breaker(30, 300)
    assert breaker.trip(FAULT, 0) and not breaker.trip(FAULT, 1)
    assert breaker.probe_at == 30


def test_after_an_outage_each_success_opens_one_more():
    pacing = Pacing(4, None, creep=30)
    pacing.restart()
    seen = []
    for _ in range(5):
        seen.append(pacing.connections)
        pacing.succeed()
    assert seen == [1, 2, 3, 4, 4]


def test_connections_creep_up_again_by_time_only():
    pacing = Pacing(8, None, creep=30)
    pacing.keep_to(5, now=0)
    pacing.succeed()
    pacing.tick(29)
    assert pacing.connections == 5
    for now in (30, 60, 90, 120):
        pacing.tick(now)
    assert pacing.connections == 8


def test_a_configured_rate_is_never_exceeded_even_after_a_pause():
    pacing = Pacing(8, 10.0, creep=30)
    taken = sum(pacing.take(100 + step / 1000) for step in range(2000))
    assert 20 <= taken <= 21
    assert sum(pacing.take(500.0) for _ in range(100)) == 1


def test_a_server_with_a_limit_per_second_is_brought_to_it():
    pacing = Pacing(8, None, creep=30)
    pacing.tick(0)
    assert all(pacing.take(0.5) for _ in range(14))
    pacing.slow_down(0.5)
    assert pacing.rate is not None and 10 <= pacing.rate <= 14
    assert not pacing.take(1.4) and pacing.take(1.7)


def test_what_a_server_takes_in_a_second_is_what_it_gets():
    people = [f"p{number}@x.test" for number in range(60)]
    outbox = Outbox(map(email_to, people))
    outbox.requeues_faults = True
    with Lab(offer=Offer(per_second=40)) as lab:
        outbox.send(transport_to(lab.port, connections=3))
        assert len(outbox.final) == 60 and {result.outcome for result in outbox.final} == {Outcome.ACCEPTED}
        assert len(lab.accepted) == 60
