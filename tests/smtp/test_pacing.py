"""Breaker and pacing by the clock they are told."""

from itertools import pairwise
from random import Random

import pytest

from mailer.smtp.breaker import Breaker, BreakerState
from mailer.smtp.pacing import Pacing
from mailer.smtp.results import Fault, Outcome, Phase
from mailer.smtp.testserver import Lab, Offer
from tests.smtp.outbox import Outbox, email_to, transport_to

FAULT = Fault(Phase.CONNECT, "refused")


def state_at(breaker: Breaker, now: float) -> BreakerState:
    breaker.tick(now)
    return breaker.state


def test_the_breaker_waits_twice_as_long_after_each_failed_probe() -> None:
    breaker, now, waits = Breaker(30, 300), 0.0, []
    for _ in range(6):
        assert breaker.trip(FAULT, now)
        waits.append(breaker.probe_at - now)
        assert state_at(breaker, breaker.probe_at - 0.1) is BreakerState.OPEN
        now = breaker.probe_at
        assert state_at(breaker, now) is BreakerState.PROBING
    assert waits == [30, 60, 120, 240, 300, 300]
    breaker.succeed()
    assert breaker.state is BreakerState.CLOSED and breaker.last_fault is FAULT
    breaker.trip(FAULT, now)
    assert breaker.probe_at - now == 30


def test_faults_that_come_in_while_it_is_open_do_not_prolong_the_wait() -> None:
    breaker = Breaker(30, 300)
    assert breaker.trip(FAULT, 0) and not breaker.trip(FAULT, 1)
    assert breaker.probe_at == 30


def test_after_an_outage_each_success_opens_one_more() -> None:
    pacing = Pacing(4, None, creep=30)
    pacing.restart()
    seen = []
    for _ in range(5):
        seen.append(pacing.connections)
        pacing.succeed(0)
    assert seen == [1, 2, 3, 4, 4]


def test_what_was_pressed_down_is_raised_by_one_at_a_time() -> None:
    pacing, seen = Pacing(4, None, creep=30), []
    pacing.keep_to(1, 0)
    for now in (29, 30, 59, 60, 90, 120, 150):
        pacing.tick(now)
        seen.append(pacing.connections)
    assert seen == [1, 2, 2, 3, 4, 4, 4]


def test_connections_creep_up_again_by_time_only() -> None:
    pacing = Pacing(8, None, creep=30)
    pacing.keep_to(5, now=0)
    pacing.succeed(0)
    pacing.tick(29)
    assert pacing.connections == 5
    for now in (30, 60, 90, 120):
        pacing.tick(now)
    assert pacing.connections == 8


def test_a_configured_rate_is_never_exceeded_but_by_a_second_s_worth_after_a_pause() -> None:
    pacing = Pacing(8, 10.0, creep=30)
    taken = sum(pacing.take(100 + step / 1000) for step in range(2000))
    assert 20 <= taken <= 21
    assert sum(pacing.take(500.0) for _ in range(100)) == 10


def test_what_begins_has_nothing_to_catch_up_with() -> None:
    """Else many short turns, one after the other, would send a burst each."""
    pacing = Pacing(8, 100.0, creep=30)
    assert sum(pacing.take(500.0) for _ in range(100)) == 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("rate", [0.5, 3, 14, 250])
def test_a_busy_machine_keeps_to_the_rate_and_reaches_it(rate: float | int, seed: int) -> None:
    """The loop wakes late, mostly by little, now and then by nearly a second; the clock is that of the simulation."""
    pacing, random, now, moments = Pacing(8, float(rate), creep=30), Random(seed), 7.3, []
    end = now + 600
    while now < end:
        while pacing.take(now):
            moments.append(now)
            now += random.expovariate(20 * rate)  # handing over takes time too
        lateness = random.uniform(0.3, 0.95) if random.random() < 0.05 else random.expovariate(1 / 0.02)
        now += max(0.001, pacing.seconds_to_next(now)) + lateness
    assert len(moments) >= 0.95 * rate * 600
    within = 0
    for index, moment in enumerate(moments):
        while moments[within] <= moment - 10:
            within += 1
        assert index - within + 1 <= 10 * rate + max(1, rate) + 1


def served_from_a_bucket(rate: float, size: int, seconds: float, *, seed: int) -> tuple[int, int]:
    """The same of a server that lets `size` emails go at once and then as many as drip into its bucket."""
    pacing, now, taken, refused = Pacing(8, None, creep=30, random=Random(seed)), 7.3, 0, 0
    tokens, at, end = float(size), now, now + seconds
    while now < end:
        pacing.tick(now)
        if not pacing.take(now):
            now += max(0.005, pacing.seconds_to_next(now))
            continue
        tokens, at = min(size, tokens + (now - at) * rate), now
        if tokens >= 1:
            tokens, taken = tokens - 1, taken + 1
            pacing.succeed(now)
        else:
            refused += 1
            pacing.slow_down(now)
        now += 0.005
    return taken, refused


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("rate", "size"), [(0.8, 48), (2, 5), (5, 10), (5, 50), (5, 300), (20, 20)])
def test_a_server_with_a_bucket_gets_nine_tenths_of_its_drip_within_ten_minutes(
    rate: float | int, size: int, seed: int
) -> None:
    seconds = 600
    count, refused = served_from_a_bucket(rate, size, seconds, seed=seed)
    assert count >= 0.9 * (rate * seconds + size)
    assert refused <= 0.1 * seconds, "a try now and then, no hammering"


def served_by(limit: int, window: float, seconds: float, *, slides: bool, seed: int) -> tuple[int, int]:
    """What a server that takes `limit` emails in each `window` (fixed, or sliding) took and refused, simulated."""
    pacing, now, refused = Pacing(8, None, creep=30, random=Random(seed)), 7.3, 0
    taken: list[float] = []
    while now < seconds:
        pacing.tick(now)
        if not pacing.take(now):
            now += max(0.005, pacing.seconds_to_next(now))
            continue
        latest = taken[-limit:]
        begins = now - window if slides else now // window * window
        if sum(moment > begins for moment in latest) < limit:
            taken.append(now)
            pacing.succeed(now)
        else:
            refused += 1
            pacing.slow_down(now)
        now += 0.005
    return len(taken), refused


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("slides", [False, True], ids=["fixed", "sliding"])
@pytest.mark.parametrize(("limit", "window"), [(48, 60), (300, 60), (10, 10)])
def test_a_server_with_a_limit_gets_nine_tenths_of_it_and_more(
    limit: int, window: int, slides: bool, seed: int
) -> None:
    seconds = 3600
    count, refused = served_by(limit, window, seconds, slides=slides, seed=seed)
    assert count >= 0.9 * limit * seconds / window
    assert refused <= 0.15 * seconds, "a try now and then, no hammering"


def test_when_it_has_had_enough_single_tries_go_ever_more_seldom() -> None:
    pacing, now, tries = Pacing(8, None, creep=30, patience=75, random=Random(1)), 10.0, []
    pacing.succeed(now)
    pacing.slow_down(now)
    while pacing.may_wait(now):
        assert not pacing.take(now)
        now += pacing.seconds_to_next(now)
        assert pacing.take(now) and not pacing.take(now)
        tries.append(now)
        pacing.slow_down(now)
    pauses = [after - before for before, after in pairwise(tries)]
    assert len(tries) < 30 and pauses[-1] > 10 * pauses[0]
    is_silent = pacing.is_silent
    pacing.succeed(now)
    assert is_silent and not pacing.is_silent and pacing.rate is not None and pacing.rate < 0.1


def test_a_pace_learned_before_is_begun_with_and_never_above_what_is_laid_down() -> None:
    assert Pacing(8, None, creep=30, pace=0.8).rate == 0.8
    assert Pacing(8, 5.0, creep=30, pace=9.0).rate == 5.0
    pacing = Pacing(8, 5.0, creep=30, pace=2.0)
    for now in range(0, 3000, 30):
        pacing.tick(now)
    assert pacing.rate == 5.0


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
def test_too_much_mail_costs_nobody_a_try(pipelining: bool) -> None:
    outbox = Outbox(email_to(f"p{number}@x.test") for number in range(60))
    outbox.requeues_faults = True
    with Lab(offer=Offer(pipelining=pipelining, per_window=(20, 1.0))) as lab:
        outbox.send(transport_to(lab.port, connections=3, probe_after=10))
        assert {result.outcome for result in outbox.final} == {Outcome.ACCEPTED}
        assert len(lab.accepted) == 60
        refused = [result for result in outbox.results if result.outcome is Outcome.SERVER_FAULT]
        assert refused and all("too much mail" in result.text for result in refused)
        assert outbox.pool.pacing.rate is not None and not outbox.pool.pacing.is_silent


def test_what_a_server_takes_in_a_second_is_what_it_gets() -> None:
    people = [f"p{number}@x.test" for number in range(60)]
    outbox = Outbox(map(email_to, people))
    outbox.requeues_faults = True
    with Lab(offer=Offer(per_second=40)) as lab:
        outbox.send(transport_to(lab.port, connections=3))
        assert len(outbox.final) == 60 and {result.outcome for result in outbox.final} == {Outcome.ACCEPTED}
        assert len(lab.accepted) == 60
