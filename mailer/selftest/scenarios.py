"""What the test server is made to do, and what befalls the worker."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass

from mailer.smtp.testserver import Lab

Worker = Callable[[], "subprocess.Popen[bytes]"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """Rules in the language of `mailer.smtp.testserver.rules`, and perhaps something that happens amid the run."""

    name: str
    rules: str = ""
    misfortune: Callable[[Lab, Worker, int], None] | None = None  # told the server, how to start a worker, mails


def _dead_then_back(lab: Lab, start_worker: Worker, _count: int) -> None:
    lab.refuse()
    start_worker().wait()  # tries the server, notes the fault, leaves everyone waiting
    lab.listen()


def _killed(lab: Lab, start_worker: Worker, count: int) -> None:
    for share in (0.2, 0.5):
        worker = start_worker()
        while worker.poll() is None and len(lab.accepted) < share * count:
            time.sleep(0.002)
        worker.kill()
        worker.wait()


SCENARIOS = (
    Scenario("healthy"),
    Scenario("slow", "DOT -> accept; delay 0.05; 250 2.0.0 Ok"),
    Scenario("garbage", r"MAIL 3% -> raw \x00\xff nonsense\r\n"),
    Scenario("refusing", "RCPT 20% -> 550 5.1.1 No such user"),
    Scenario("throttling", "RCPT 30% -> 451 4.7.1 Throttled, try again in 5 minutes"),
    Scenario("cut after data", "DOT 3% -> accept; drop\nDOT 3% -> drop"),
    Scenario("dead then back", misfortune=_dead_then_back),
    Scenario("worker killed", "DOT -> accept; delay 0.01; 250 2.0.0 Ok", misfortune=_killed),
)
