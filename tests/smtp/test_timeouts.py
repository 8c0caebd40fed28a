"""No server can keep an email longer than the limits say, however it spends the time. Limits are scaled down."""

import pytest

from mailer.smtp.results import Outcome, Phase
from mailer.smtp.testserver import Lab, Offer
from tests.smtp.outbox import Outbox, email_to, transport_to

SHORT = 0.1
SILENCES = [
    ("CONNECT -> silence", "greeting", Outcome.SERVER_FAULT, Phase.GREETING),
    ("GREETING -> dribble 0.02 220 lab.test here I am at last", "greeting", Outcome.SERVER_FAULT, Phase.GREETING),
    ("EHLO -> silence", "ehlo", Outcome.SERVER_FAULT, Phase.EHLO),
    ("MAIL -> silence", "mail", Outcome.SERVER_FAULT, Phase.MAIL),
    ("MAIL -> dribble 0.02 250 2.1.0 Ok so far so good", "mail", Outcome.SERVER_FAULT, Phase.MAIL),
    ("RCPT -> silence", "rcpt", Outcome.SERVER_FAULT, Phase.RCPT),
    ("DATA -> silence", "data", Outcome.SERVER_FAULT, Phase.DATA),
    ("DOT -> accept; silence", "dot", Outcome.IN_DOUBT, Phase.CONTENT),
    ("DOT -> accept; dribble 0.02 250 2.0.0 Ok so far so good", "dot", Outcome.IN_DOUBT, Phase.CONTENT),
    ("DOT -> accept; silence", "attempt", Outcome.IN_DOUBT, Phase.CONTENT),
    ("RCPT -> silence", "attempt", Outcome.SERVER_FAULT, Phase.RCPT),
]


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelined", "step by step"])
@pytest.mark.parametrize(("rule", "limit", "outcome", "phase"), SILENCES)
def test_an_answer_that_does_not_come_whole_in_time(
    rule: str, limit: str, outcome: Outcome, phase: Phase, pipelining: bool
) -> None:
    with Lab(rule, offer=Offer(pipelining=pipelining)) as lab:
        (result,) = Outbox([email_to("ann@x.test")]).send(transport_to(lab.port, timeouts={limit: SHORT}))
        assert (result.outcome, result.phase, result.code) == (outcome, phase, None)
        assert (result.finished_at - result.started_at).total_seconds() < 10


def test_a_server_that_stops_reading_is_left() -> None:
    big = b"0123456789abcde\r\n" * 1_000_000
    with Lab("CONTENT -> silence") as lab:
        (result,) = Outbox([email_to("ann@x.test", big)]).send(transport_to(lab.port, timeouts={"block": SHORT}))
        assert (result.outcome, result.text) == (Outcome.IN_DOUBT, "the server stopped reading")


def test_patience_with_a_slow_server_is_rewarded() -> None:
    rules = "MAIL -> delay 0.05; 250 Ok\nRCPT -> delay 0.05; 250 Ok\nDOT -> accept; delay 0.1; 250 Ok"
    with Lab(rules) as lab:
        (result,) = Outbox([email_to("ann@x.test")]).send(transport_to(lab.port, timeouts={"dot": 15}))
        assert result.outcome is Outcome.ACCEPTED and lab.count("ann@x.test") == 1
