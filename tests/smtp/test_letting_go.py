"""finish, release and drop: what each leaves behind, at every point of a transaction."""

import asyncio
from collections.abc import Callable

import pytest

from mailer.smtp.results import Outcome, Phase
from mailer.smtp.testserver import Lab, Offer
from tests.narrowing import one
from tests.smtp.outbox import Outbox, email_to, transport_to, until


def has_been_told(lab: Lab, command: str) -> bool:
    return any(line.startswith(command) for line in one(lab.trace))


ANN, BOB, COY = "ann@x.test", "bob@x.test", "coy@x.test"
BEFORE_THE_MARK: dict[str, tuple[str, Callable[[Lab], object]]] = {
    "connecting": ("CONNECT -> silence", lambda lab: lab.sessions),
    "in EHLO": ("EHLO -> silence", lambda lab: has_been_told(lab, "EHLO")),
    "after MAIL": ("MAIL -> silence", lambda lab: has_been_told(lab, "MAIL")),
    "after RCPT": ("RCPT -> silence", lambda lab: has_been_told(lab, "RCPT")),
    "after DATA": ("DATA -> silence", lambda lab: has_been_told(lab, "DATA")),
}


@pytest.mark.parametrize("ending", ["release", "drop"])
@pytest.mark.parametrize("point", BEFORE_THE_MARK)
def test_before_the_mark_everything_is_let_go_at_once(point: str, ending: str) -> None:
    rule, is_reached = BEFORE_THE_MARK[point]
    outbox = Outbox([email_to(ANN), email_to(BOB)])

    async def let_go() -> None:
        await until(lambda: is_reached(lab))
        getattr(outbox.pool, ending)()

    with Lab(rule, trace=True) as lab:
        outbox.send(transport_to(lab.port, connections=1), let_go)
        assert set(outbox.outcomes) <= {Outcome.ABORTED}
        assert len(outbox.results) + len(outbox.waiting) == 2
        assert lab.content_count == 0


def test_release_waits_for_a_mark_on_its_way_and_sends_nothing_all_the_same() -> None:
    outbox = Outbox([email_to(ANN)], answers_marks=False)

    async def release_then_answer() -> None:
        await until(lambda: outbox.questions)
        outbox.pool.release()
        assert outbox.results == []
        outbox.questions[0][1](True)

    with Lab() as lab:
        (result,) = outbox.send(transport_to(lab.port), release_then_answer)
        assert (result.outcome, result.phase) == (Outcome.ABORTED, Phase.MARK) and lab.content_count == 0


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
def test_release_leaves_nothing_in_doubt(pipelining: bool) -> None:
    outbox = Outbox([email_to(name) for name in (ANN, BOB, COY)])

    async def release_after_content() -> None:
        await until(lambda: lab.content_count)
        outbox.pool.release()

    with Lab("DOT -> delay 0.1; accept; 250 2.0.0 Ok", offer=Offer(pipelining=pipelining)) as lab:
        outbox.send(transport_to(lab.port, connections=1), release_after_content)
        assert outbox.outcome_of(ANN) is Outcome.ACCEPTED and lab.count(ANN) == 1
        assert [result.outcome for result in outbox.results[1:]] == [Outcome.ABORTED] * len(outbox.results[1:])
        assert len(outbox.results) + len(outbox.waiting) == 3 and lab.content_count == 1


def test_drop_says_what_is_in_doubt() -> None:
    outbox = Outbox([email_to(ANN), email_to(BOB)])

    async def drop_after_content() -> None:
        await until(lambda: lab.content_count)
        outbox.pool.drop()

    with Lab("DOT -> accept; silence") as lab:
        outbox.send(transport_to(lab.port, connections=1), drop_after_content)
        assert outbox.outcome_of(ANN) is Outcome.IN_DOUBT and outbox.outcome_of(BOB) is Outcome.ABORTED
        assert lab.count(BOB) == 0


def test_drop_does_not_wait_for_an_answer_to_a_mark() -> None:
    outbox = Outbox([email_to(ANN)], answers_marks=False)

    async def drop() -> None:
        await until(lambda: outbox.questions)
        outbox.pool.drop()
        outbox.questions[0][1](True)

    with Lab() as lab:
        outbox.send(transport_to(lab.port), drop)
        assert outbox.outcomes == [Outcome.ABORTED] and lab.content_count == 0


def test_finish_completes_what_is_in_hand_and_says_goodbye() -> None:
    outbox = Outbox([email_to(name) for name in (ANN, BOB, COY)])

    async def finish_after_content() -> None:
        await until(lambda: lab.content_count)
        outbox.pool.finish()

    with Lab("DOT x1 -> delay 0.05; accept; 250 2.0.0 Ok", trace=True) as lab:
        outbox.send(transport_to(lab.port, connections=1), finish_after_content)
        assert set(outbox.outcomes) == {Outcome.ACCEPTED} and outbox.waiting == [email_to(COY)]
        assert one(lab.trace)[-1] == "QUIT"


def test_a_cancelled_run_accounts_for_everything() -> None:
    outbox = Outbox([email_to(ANN), email_to(BOB)])

    async def scene() -> None:
        running = asyncio.create_task(outbox._send(transport_to(lab.port, connections=1), None))
        await until(lambda: lab.content_count)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    with Lab("DOT -> silence") as lab:
        asyncio.run(scene())
        assert outbox.outcomes == [Outcome.IN_DOUBT, Outcome.ABORTED]


@pytest.mark.parametrize("where", ["next_email", "ask_mark", "record"])
def test_an_error_of_the_source_ends_the_run_instead_of_hanging_it(where: str) -> None:
    outbox = Outbox([email_to(ANN), email_to(BOB)])

    def fail(*_: object) -> None:
        raise RuntimeError("the ledger is gone")

    setattr(outbox, where, fail)
    with Lab() as lab, pytest.raises(RuntimeError, match="the ledger is gone"):
        outbox.send(transport_to(lab.port))
    assert not lab.sessions
