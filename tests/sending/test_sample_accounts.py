"""Mail of sample accounts goes to the mail catcher, whatever mail server is configured, and nowhere without one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import update

from mailer.account_mail import outbox
from mailer.extensions import db
from mailer.jobs.waking import wake_senders
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.queue import SEND_RUN, waiting
from mailer.sending.runs.closing import stop_what_must
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.test_mail import send_trial
from mailer.smtp.testserver import Lab
from tests.conftest import Browser
from tests.factories import make_message
from tests.sending.conftest import finish

MakeRun = Callable[..., Run]


@pytest.fixture
def catcher(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lab]:
    """The mail catcher."""
    with Lab(keep_content=True) as server:
        monkeypatch.setitem(app.config, "MAIL_CATCHER_URL", f"smtp://127.0.0.1:{server.port}")
        yield server


@pytest.fixture
def sample(owner: User) -> User:
    """The owner, as `make run` makes one."""
    owner.is_sample = True
    db.session.commit()
    return owner


def test_it_goes_to_the_catcher(sample: User, make_run: MakeRun, lab: Lab, catcher: Lab, as_owner: Browser) -> None:
    run = finish(make_run("a@example.test"))
    assert run.state is RunState.COMPLETE
    assert (len(lab.accepted), len(catcher.accepted)) == (0, 1)
    page = as_owner.get(f"/mailings/{run.mailing_id}").text
    assert "data-sample" in page


def test_without_a_catcher_nothing_leaves(sample: User, make_run: MakeRun, lab: Lab, as_owner: Browser) -> None:
    run = finish(make_run("a@example.test"))
    assert (run.state, run.stop_reason) == (RunState.SKIPPED, StopReason.NO_CATCHER)
    assert lab.accepted == []
    for page in (f"/mailings/{run.mailing_id}", "/mailings/new", "/mailings"):
        assert "data-sample" in as_owner.get(page).text
    answer = as_owner.post(f"/mailings/{run.mailing_id}/send-now", data={"token": "0" * 32})
    assert answer.status_code == 409


def test_a_run_that_was_going_when_the_catcher_went_is_stopped(
    sample: User, make_run: MakeRun, lab: Lab, catcher: Lab, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run("a@example.test")
    write_recipient_list(run.id)
    monkeypatch.setitem(app.config, "MAIL_CATCHER_URL", None)
    finish(run)
    stop_what_must()
    run = db.session.get_one(Run, run.id, populate_existing=True)
    assert (run.state, run.stop_reason, run.stopped_count) == (RunState.STOPPED, StopReason.NO_CATCHER, 1)
    assert lab.accepted == []


def test_others_are_not_kept_from_sending_by_a_catcher_out_of_order(
    sample: User, make_run: MakeRun, lab: Lab, catcher: Lab, owner: User
) -> None:
    catcher.refuse()
    run = finish(make_run("a@example.test", "b@example.test"))
    assert run.state is RunState.WAITING_FOR_SERVER
    wake_senders()
    assert waiting(SEND_RUN)[run.id] == 0
    db.session.execute(update(User).values(is_sample=False))  # as if it were another's, by the real server
    db.session.commit()
    wake_senders()
    assert waiting(SEND_RUN)[run.id] == 1


@pytest.fixture
def really_sent(app: Flask, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """Account mails leave in tests too, to the same mail server as mailings."""
    for name, value in (("suppress", False), ("server", "127.0.0.1"), ("port", lab.port)):
        monkeypatch.setattr(app.extensions["mail"], name, value)


@pytest.mark.usefixtures("really_sent")
def test_account_mail_to_sample_addresses_stays_here(lab: Lab, catcher: Lab) -> None:
    ours = outbox.add("account-unblocked", "anna@golub.localhost", "ru")
    real = outbox.add("account-unblocked", "anna@golub.test", "ru")
    db.session.commit()
    assert outbox.send_account_email(ours.id)
    assert outbox.send_account_email(real.id)
    assert [mail.recipient for mail in catcher.accepted] == ["anna@golub.localhost"]
    assert [mail.recipient for mail in lab.accepted] == ["anna@golub.test"]


@pytest.mark.usefixtures("really_sent")
def test_a_test_mail_of_a_sample_account_stays_here(sample: User, lab: Lab, catcher: Lab) -> None:
    row = send_trial(make_message(sample), sample, None)
    assert outbox.send_account_email(row.id)
    assert (len(lab.accepted), len(catcher.accepted)) == (0, 1)


@pytest.mark.usefixtures("really_sent")
def test_account_mail_to_sample_addresses_is_given_up_without_a_catcher(lab: Lab) -> None:
    row = outbox.add("account-unblocked", "anna@golub.localhost", "ru")
    db.session.commit()
    assert not outbox.send_account_email(row.id)
    db.session.refresh(row)
    assert row.given_up_at is not None
    assert lab.accepted == []
