"""A run that is refused too often pauses by itself, and goes on when its owner says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from sqlalchemy import func, select

from mailer.account_mail import outbox
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.mailings.runs.queries import top_refusals
from mailer.mailings.services import resume_mailing
from mailer.models.account_email import AccountEmail
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing
from mailer.models.run import PauseReason, Run, RunState
from mailer.models.user import User
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab, Offer
from tests.auth.conftest import composed, text_of
from tests.conftest import rewrite
from tests.faults.conftest import carry_on, outcomes

if TYPE_CHECKING:
    from tests.conftest import Browser

MakeRun = Callable[..., Run]


def assert_the_owner_is_told(run: Run, *words: str) -> None:
    """Once, with a link to the run and the server's words; the tick finds the mail."""
    mail = db.session.scalars(select(AccountEmail).where(AccountEmail.template == "run-paused")).one()
    owner = db.session.get_one(User, run.owner_id)
    assert (mail.user_id, mail.to_email, mail.language) == (owner.id, owner.email, owner.language)
    assert any(word in mail.context["said"] for word in words)
    assert mail.id in outbox.due_account_emails(utcnow())
    text = text_of(composed(mail))
    assert f"/mailings/{run.mailing_id}/runs/{run.id}" in text


def test_many_refusals_pause_run_and_mailing_until_the_owner_has_looked(
    lab: Lab, make_run: MakeRun, as_owner: Browser
) -> None:
    lab.obey("RCPT 50% -> 550 5.1.1 No such user here\nRCPT c7* -> 550 5.7.1 Blocked by policy 17")
    run = make_run(2000)
    while work_on_run(run.id, 5):
        pass
    db.session.refresh(run)
    mailing = db.session.get_one(Mailing, run.mailing_id, populate_existing=True)
    assert (run.state, run.pause_reason) == (RunState.PAUSED, PauseReason.REFUSALS)
    assert mailing.paused_at is not None
    assert run.waiting_count > 0
    assert run.uncertain_count == 0
    assert not work_on_run(run.id, 5)
    assert_the_owner_is_told(run, "550", "5.")

    page = as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text
    assert "5.1.1 No such user here" in page
    assert f"/mailings/{run.mailing_id}/resume" in page
    replies = top_refusals(run)
    assert (replies[0].code, replies[0].enhanced, replies[0].text) == (550, "5.1.1", "5.1.1 No such user here")
    assert sum(reply.count for reply in replies) == run.refused_count

    resume_mailing(mailing)
    run = carry_on(run)
    assert run.state is RunState.COMPLETE_WITH_REFUSALS
    assert run.pause_reason is None
    assert run.tolerates_refusals


@pytest.mark.parametrize("count", [10, 40])
@pytest.mark.parametrize("said", ["550 5.1.1 <x@y.test>: No such user", "554 Transaction failed, ref"])
def test_ten_alike_refusals_by_a_server_that_took_nothing_are_not_ten_bad_addresses(
    lab: Lab, make_run: MakeRun, as_owner: Browser, count: int, said: str
) -> None:
    lab.obey("\n".join(f"RCPT c{number}@* -> {said} {number}" for number in range(1, count + 1)))
    run = make_run(count)
    while work_on_run(run.id, 5):
        pass
    db.session.refresh(run)
    assert (run.state, run.pause_reason) == (RunState.PAUSED, PauseReason.REFUSALS)
    assert (run.waiting_count, run.refused_count) == (count, 0), "nobody is lost"
    assert_the_owner_is_told(run, said.split()[1])
    page = as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text
    assert said.split("<")[0].strip()[4:] in page
    lab.obey("")
    assert as_owner.post(f"/mailings/{run.mailing_id}/resume").status_code == 303
    run = carry_on(run)
    assert outcomes(run) == {"accepted": count}


@pytest.mark.parametrize(
    ("said", "is_about_us"),
    [
        ("554 Transaction failed", True),
        ("550 5.7.1 Not today", True),
        ("550 5.1.1 Unknown", False),
        ("550 No such user", False),
    ],
)
def test_a_small_run_counts_too_where_the_answer_is_not_about_the_recipient(
    lab: Lab, make_run: MakeRun, said: str, is_about_us: bool
) -> None:
    lab.obey(f"RCPT -> {said}")
    run = make_run(4)
    while work_on_run(run.id, 5):
        pass
    db.session.refresh(run)
    assert run.state is (RunState.PAUSED if is_about_us else RunState.COMPLETE_WITH_REFUSALS)
    assert run.waiting_count == (4 if is_about_us else 0)


def test_one_who_got_a_mail_shows_that_the_others_are_refused_for_themselves(lab: Lab, make_run: MakeRun) -> None:
    lab.obey("RCPT c1@* -> 250 2.1.5 Ok\nRCPT -> 554 Transaction failed")
    assert outcomes(carry_on(make_run(20))) == {"accepted": 1, "refused": 19}


def test_a_few_refusals_do_not_pause(lab: Lab, make_run: MakeRun) -> None:
    lab.obey("RCPT c1?@* -> 550 5.1.1 No such user here")
    assert outcomes(carry_on(make_run(40))) == {"accepted": 30, "refused": 10}


def test_a_quarter_refused_does_not_pause(lab: Lab, make_run: MakeRun) -> None:
    lab.obey("RCPT *1@* -> 550 5.1.1 No such user\nRCPT *2@* -> 550 5.1.1 No such user")
    assert carry_on(make_run(500)).state is RunState.COMPLETE_WITH_REFUSALS


def test_retries_that_ran_out_are_no_reason_to_pause(lab: Lab, make_run: MakeRun) -> None:
    lab.obey(
        "RCPT c1* -> 452 4.2.2 Mailbox full\nRCPT c2* -> 452 4.2.2 Mailbox full\nRCPT c3* -> 452 4.2.2 Mailbox full"
    )
    run = make_run(200)
    rewrite("UPDATE runs SET planned_at = now() - interval '73 hours', created_at = now() - interval '73 hours'")
    run = carry_on(run)
    assert run.state is RunState.COMPLETE_WITH_REFUSALS
    assert run.pause_reason is None


def test_alike_answers_are_one_whatever_address_they_name(lab: Lab, make_run: MakeRun) -> None:
    rules = [f"RCPT c{n}@* -> 550 5.1.1 <c{n}@example.test>: no such user" for n in range(1, 6)]
    lab.obey("\n".join(rules))
    run = carry_on(make_run(20))
    assert [(reply.text, reply.count) for reply in top_refusals(run)] == [("5.1.1 …: no such user", 5)]


@pytest.mark.parametrize("whose", ["as_stranger", "as_manager"])
def test_only_the_owner_lets_it_go_on(
    app: Flask, lab: Lab, make_run: MakeRun, request: pytest.FixtureRequest, whose: str
) -> None:
    browser: Browser = request.getfixturevalue(whose)
    lab.obey("RCPT -> 550 5.7.1 No")
    run = make_run(300)
    while work_on_run(run.id, 5):
        pass
    assert browser.post(f"/mailings/{run.mailing_id}/resume").status_code in (403, 404)
    db.session.refresh(run)
    assert run.pause_reason is PauseReason.REFUSALS
    if whose == "as_manager":
        page = browser.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text
        assert "5.7.1 No" in page
        assert f"/mailings/{run.mailing_id}/resume" not in page


@pytest.mark.parametrize("count", [1, 2, 60])
@pytest.mark.parametrize("limit", ["SIZE in EHLO", "552 at MAIL", "552 after the dot"])
def test_a_mail_too_large_for_the_server_is_the_runs_fault_and_nobody_loses_a_try(
    lab: Lab, make_run: MakeRun, as_owner: Browser, count: int, limit: str
) -> None:
    """Before its first run nobody knows the server's SIZE: one recipient would be refused, and the run "complete"."""
    if limit == "SIZE in EHLO":
        lab.offer = Offer(size=300)
    elif limit == "552 at MAIL":
        lab.obey("MAIL -> 552 5.3.4 Message size exceeds fixed limit")
    else:
        lab.obey("DOT -> 552 5.2.3 Your message exceeded the size limits")
    run = make_run(count)
    while work_on_run(run.id, 5):
        pass
    db.session.refresh(run)
    assert (run.state, run.pause_reason) == (RunState.PAUSED, PauseReason.REFUSALS)
    assert (run.waiting_count, run.refused_count, lab.accepted) == (count, 0, [])
    assert run.failed_attempt_count <= 2 * 4, "what every connection had in hand, and nobody after it"
    assert db.session.scalar(select(func.max(Delivery.transient_count))) == 0
    assert_the_owner_is_told(run, "server takes 300", "exceed")
    assert (
        "больше, чем принимает этот почтовый сервер" in as_owner.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text
    )
    lab.obey("")
    lab.offer = Offer()
    assert as_owner.post(f"/mailings/{run.mailing_id}/resume").status_code == 303
    assert outcomes(carry_on(run)) == {"accepted": count}


def test_one_larger_than_the_others_is_refused_alone(lab: Lab, make_run: MakeRun) -> None:
    lab.obey("DOT c3@* -> delay 0.5; 552 5.3.4 Message too big")
    assert outcomes(carry_on(make_run(6))) == {"accepted": 5, "refused": 1}


def test_an_owner_who_goes_on_all_the_same_has_them_refused(lab: Lab, make_run: MakeRun, as_owner: Browser) -> None:
    lab.offer = Offer(size=300)
    run = make_run(2)
    while work_on_run(run.id, 5):
        pass
    as_owner.post(f"/mailings/{run.mailing_id}/resume")
    assert outcomes(carry_on(run)) == {"refused": 2}
