"""A run whose mails were accepted, and reports that come back about them."""

from __future__ import annotations

import asyncio
import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest
from flask import Flask

from launcher.ports import first_free
from mailer.bounces.tokens import ReturnPath
from mailer.models.run import Run
from mailer.returns import receiver
from mailer.sending import return_path
from mailer.smtp.testserver import Lab
from tests.sending.conftest import finish, lab, make_run  # noqa: F401 - fixtures
from tests.waiting import wait_until


@pytest.fixture(autouse=True)
def path(app: Flask, monkeypatch: pytest.MonkeyPatch) -> ReturnPath:
    """BOUNCE_ADDRESS is set."""
    monkeypatch.setitem(app.config, "BOUNCE_ADDRESS", "bounces+*@golub.test")
    found = return_path.configured()
    assert found is not None
    return found


@pytest.fixture
def sent(make_run: Callable[..., Run], lab: Lab) -> Run:  # noqa: F811
    """Two mails, both accepted."""
    return finish(make_run("a@far.example", "b@far.example"))


@pytest.fixture
def port(app: Flask) -> Iterator[int]:
    """A receiver as `flask receive-reports` runs it, in a thread."""
    port = first_free(23_000)
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(receiver.serve(app, port, stop)))
    thread.start()

    def answers() -> bool:
        assert thread.is_alive()
        with suppress(OSError):
            smtplib.SMTP("127.0.0.1", port, timeout=5).quit()
            return True
        return False

    wait_until(answers)
    yield port
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


def address_of(run: Run, position: int) -> str:
    """Where reports about this delivery come in."""
    path = return_path.configured()
    assert path is not None
    return path.senders_of(run.id)(position)[0]
