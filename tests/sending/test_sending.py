"""A run goes out through a real SMTP conversation and its ledger adds up."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy

from mailer.extensions import db
from mailer.models.client import Suppression, SuppressionReason
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.smtp.lab import Lab
from tests.factories import make_client, make_message
from tests.sending.conftest import assert_adds_up, attempts, finish, states

MakeRun = Callable[..., Run]


def test_everybody_gets_one_mail_and_the_run_closes_complete(make_run: MakeRun, lab: Lab) -> None:
    run = finish(make_run("a@example.test", "b@example.test", "c@example.test"))

    assert run.state is RunState.COMPLETE
    assert run.counts == {"accepted": 3, "refused": 0, "excluded": 0, "stopped": 0, "uncertain": 0, "waiting": 0}
    assert sorted(mail.recipient for mail in lab.accepted) == ["a@example.test", "b@example.test", "c@example.test"]
    assert_adds_up(run)


def test_the_servers_words_are_kept(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("RCPT nobody@* -> 550 5.1.1 No such user here" "\n" "RCPT later@* -> 451 4.3.0 Come back later")
    run = finish(make_run("a@example.test", "nobody@example.test", "later@example.test"))

    assert states(run) == {
        "a@example.test": "accepted",
        "nobody@example.test": "refused",
        "later@example.test": "deferred",
    }
    refused = next(attempt for attempt in attempts(run) if attempt.delivery.email == "nobody@example.test")
    assert (refused.smtp_code, refused.enhanced_code, refused.response) == (550, "5.1.1", "5.1.1 No such user here")
    assert run.state is RunState.SENDING
    assert_adds_up(run)
