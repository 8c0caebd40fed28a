"""The mark: asked after 354 and before the first content byte; without it nothing leaves."""

import asyncio
from functools import partial

import pytest

from mailer.smtp.results import Outcome, Phase
from mailer.smtp.testserver import Lab, Offer
from tests.narrowing import one
from tests.smtp.outbox import Outbox, email_to, transport_to, until

pytestmark = pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
ANN, BOB = "ann@x.test", "bob@x.test"


def test_no_content_leaves_before_the_mark(pipelining: bool) -> None:
    outbox = Outbox([email_to(ANN), email_to(BOB)], answers_marks=False)

    async def answer_one_by_one() -> None:
        for number in (1, 2):
            await until(partial(outbox.has_asked, number))
            assert one(lab.trace)[-1] == "DATA" and lab.content_count == number - 1
            assert len(outbox.results) == number - 1
            outbox.questions[-1][1](True)

    with Lab(offer=Offer(pipelining=pipelining), trace=True) as lab:
        outbox.send(transport_to(lab.port, connections=1), answer_one_by_one)
        assert outbox.outcomes == [Outcome.ACCEPTED] * 2 and lab.content_count == 2


def test_a_refused_mark_sends_nothing(pipelining: bool) -> None:
    outbox = Outbox([email_to(ANN)], allows=False)
    with Lab(offer=Offer(pipelining=pipelining)) as lab:
        (result,) = outbox.send(transport_to(lab.port))
        assert (result.outcome, result.phase) == (Outcome.ABORTED, Phase.MARK)
        assert lab.content_count == 0 and lab.accepted == []


def test_no_mark_is_asked_for_a_refused_recipient(pipelining: bool) -> None:
    outbox = Outbox([email_to(ANN)])
    with Lab("RCPT -> 550 5.1.1 No", offer=Offer(pipelining=pipelining, opens_data_for_nobody=True)) as lab:
        outbox.send(transport_to(lab.port))
        assert outbox.questions == []


def test_a_connection_lost_while_the_mark_is_asked_waits_for_the_answer(pipelining: bool) -> None:
    outbox = Outbox([email_to(ANN)], answers_marks=False)

    async def drop_then_answer() -> None:
        await until(lambda: outbox.questions)
        await asyncio.to_thread(lab.drop_connections)
        await until(lambda: any(connection._loss for connection in outbox.pool._connections))  # our side has noticed
        assert outbox.results == []
        outbox.questions[0][1](True)

    with Lab(offer=Offer(pipelining=pipelining)) as lab:
        (result,) = outbox.send(transport_to(lab.port), drop_then_answer)
        assert (result.outcome, result.phase) == (Outcome.SERVER_FAULT, Phase.MARK)
        assert lab.content_count == 0


@pytest.mark.parametrize("early", ["250 2.0.0 Ok", "421 4.3.2 Closing"])
def test_an_answer_before_its_question_is_not_taken_for_one(pipelining: bool, early: str) -> None:
    outbox = Outbox([email_to(ANN)], answers_marks=True)
    with Lab(f"DATA -> raw 354 Go\\r\\n{early}\\r\\n", offer=Offer(pipelining=pipelining)) as lab:
        (result,) = outbox.send(transport_to(lab.port))
        assert (result.outcome, result.phase) == (Outcome.SERVER_FAULT, Phase.MARK)
        assert lab.content_count == 0


def test_late_and_repeated_answers_change_nothing(pipelining: bool) -> None:
    outbox = Outbox([email_to(ANN), email_to(BOB)], answers_marks=False)

    async def answer_twice() -> None:
        await until(lambda: outbox.questions)
        outbox.questions[0][1](True)
        await until(lambda: len(outbox.questions) == 2)
        outbox.questions[0][1](True)
        await until(lambda: len(outbox.results) == 1)
        assert lab.content_count == 1
        outbox.questions[1][1](True)

    with Lab(offer=Offer(pipelining=pipelining)) as lab:
        outbox.send(transport_to(lab.port, connections=1), answer_twice)
        assert outbox.outcomes == [Outcome.ACCEPTED] * 2
        outbox.questions[0][1](False)
