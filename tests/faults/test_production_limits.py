"""Time-outs as in production (RFC 5321, section 4.5.3.2), nothing scaled: ten minutes, all cases side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from mailer.smtp.results import Outcome, Phase, Result
from mailer.smtp.testserver import Lab
from mailer.smtp.transport import Timeouts
from tests.smtp.outbox import Outbox, email_to, transport_to

pytestmark = pytest.mark.faults
LIMITS = Timeouts()
# What the server does, what comes of it, the phase, and how long it takes at least.
CASES = [
    ("MAIL -> delay 20; 250 2.1.0 Ok", Outcome.ACCEPTED, Phase.CONTENT, 20),
    ("MAIL -> delay 250; 250 2.1.0 Ok", Outcome.ACCEPTED, Phase.CONTENT, 250),
    ("RCPT -> delay 250; 250 2.1.5 Ok", Outcome.ACCEPTED, Phase.CONTENT, 250),
    ("DATA -> delay 110; 354 Go on", Outcome.ACCEPTED, Phase.CONTENT, 110),
    ("DOT -> accept; delay 590; 250 2.0.0 At last", Outcome.ACCEPTED, Phase.CONTENT, 590),
    ("MAIL -> silence", Outcome.SERVER_FAULT, Phase.MAIL, LIMITS.mail),
    ("RCPT -> silence", Outcome.SERVER_FAULT, Phase.RCPT, LIMITS.rcpt),
    ("DATA -> silence", Outcome.SERVER_FAULT, Phase.DATA, LIMITS.data),
    ("DOT -> accept; delay 700; 250 2.0.0 Too late", Outcome.IN_DOUBT, Phase.CONTENT, LIMITS.dot),
]


def result_of(rule: str) -> tuple[Result, int]:
    """What came of one mail to a server that does this, and how many copies it took."""
    with Lab(rule) as lab:
        (result,) = Outbox([email_to("ann@x.test")]).send(
            transport_to(lab.port, timeouts={"idle": LIMITS.idle, "quit": LIMITS.quit}), seconds=1000
        )
        return result, lab.count("ann@x.test")


def test_every_limit_at_its_full_length() -> None:
    with ThreadPoolExecutor(len(CASES)) as pool:
        found = list(pool.map(result_of, [rule for rule, *_ in CASES]))
    for (rule, outcome, phase, seconds), (result, copies) in zip(CASES, found, strict=True):
        assert (result.outcome, result.phase) == (outcome, phase), rule
        assert (result.finished_at - result.started_at).total_seconds() >= seconds - 1, rule
        assert copies == (outcome is not Outcome.SERVER_FAULT), rule
