"""A run goes out through a real SMTP conversation and its ledger adds up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from sqlalchemy import select, update

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.mailing import InDoubtRule, Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.sending.runs import control
from mailer.sending.runs.closing import count_uncertain_as_accepted, resend_uncertain, retry_refused, stop_what_must
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.worker import run_worker, sender
from mailer.sending.worker.run_worker import work_on_run
from mailer.smtp.testserver import Lab
from tests.conftest import rewrite
from tests.factories import make_message
from tests.sending.conftest import assert_adds_up, attempts, finish, let_time_pass, states

MakeRun = Callable[..., Run]


def parsed(lab: Lab, recipient: str) -> EmailMessage:
    """The mail that the server accepted for `recipient`."""
    record = next(record for record in lab.accepted if record.recipient == recipient)
    assert record.content is not None
    message = message_from_bytes(record.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_everybody_gets_one_mail_and_the_run_closes_complete(make_run: MakeRun, lab: Lab) -> None:
    run = finish(make_run("a@example.test", "b@example.test", "c@example.test"))

    assert run.state is RunState.COMPLETE
    assert run.counts == {"accepted": 3, "refused": 0, "excluded": 0, "stopped": 0, "uncertain": 0, "waiting": 0}
    assert sorted(mail.recipient for mail in lab.accepted) == ["a@example.test", "b@example.test", "c@example.test"]
    assert_adds_up(run)


def test_a_mail_carries_what_receivers_ask_for(make_run: MakeRun, lab: Lab, owner: User) -> None:
    message = make_message(owner, subject="Привет, {{ имя }}", text_body="", html_body="<p>Для {{ имя }}</p>")
    run = make_run("anna@example.test", message=message)
    db.session.execute(update(Client).values(first_name="Анна"))
    db.session.commit()
    finish(run)

    mail = parsed(lab, "anna@example.test")
    token = db.session.query(Client.token).scalar()
    assert mail["Subject"] == "Привет, Анна"
    assert mail["From"].addresses[0].addr_spec == "news@golub.localhost"
    assert mail["Reply-To"].addresses[0].addr_spec == owner.email
    assert mail["To"].addresses[0].addr_spec == "anna@example.test"
    assert mail["List-Unsubscribe"] == f"<http://golub.test/u/{token}/{run.link_code}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"]
    assert mail["Date"].datetime
    assert mail["Message-ID"] == f"<{run.token.hex}.1@golub.localhost>"
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain is not None
    assert html is not None
    assert "Для Анна" in plain.get_content()
    assert f"http://golub.test/u/{token}/{run.link_code}" in html.get_content()


def test_a_mail_says_when_it_was_handed_over(make_run: MakeRun, lab: Lab) -> None:
    """Not when it was planned; a second copy is another hand-over of the same mail."""
    lab.obey("DOT a@* x1 -> accept; drop")
    long_ago = (utcnow() - timedelta(days=300)).replace(tzinfo=None)
    rule = InDoubtRule.RESEND
    run = finish(make_run("a@example.test", period="once", starts_local=long_ago, in_doubt_rule=rule))
    let_time_pass()
    run = finish(run)
    assert run.state is RunState.COMPLETE
    copies = [message_from_bytes(record.content or b"", policy=policy.default) for record in lab.accepted]
    assert len({copy["Message-ID"] for copy in copies}) == 1
    dates = [copy["Date"].datetime for copy in copies]
    assert all(utcnow() - date < timedelta(minutes=1) for date in dates)
    assert len(dates) == 2


def test_a_mail_composed_ahead_is_dated_anew(make_run: MakeRun, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow server keeps mails waiting that are composed already."""
    monkeypatch.setattr(sender, "DATED_EVERY", 1.0)
    lab.obey("MAIL -> delay 0.8; 250 2.1.0 Ok")
    run = finish(make_run(*(f"p{number}@example.test" for number in range(16))))
    assert run.state is RunState.COMPLETE
    dates = {parsed(lab, f"p{number}@example.test")["Date"] for number in range(16)}
    assert len(dates) > 1


def test_the_servers_words_are_kept(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("RCPT nobody@* -> 550 5.1.1 No such user here\nRCPT later@* -> 451 4.3.0 Come back later")
    run = finish(make_run("a@example.test", "nobody@example.test", "later@example.test"))

    assert states(run) == {
        "a@example.test": "accepted",
        "nobody@example.test": "refused",
        "later@example.test": "deferred",
    }
    refused = next(attempt for attempt in attempts(run) if attempt.delivery.email == "nobody@example.test")
    assert (refused.smtp_code, refused.enhanced_code) == (550, "5.1.1")
    assert "No such user here" in refused.response
    assert run.state is RunState.SENDING
    assert_adds_up(run)


def test_a_deferred_mail_is_tried_again_when_its_time_comes(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("RCPT later@* x1 -> 451 4.3.0 Come back later")
    run = finish(make_run("later@example.test"))
    delivery = db.session.get_one(Delivery, (run.id, 1))
    assert delivery.retry_at is not None
    assert 55 <= (delivery.retry_at - utcnow()).total_seconds() <= 60

    let_time_pass()
    run = finish(run)

    assert run.state is RunState.COMPLETE
    assert [attempt.outcome.value for attempt in attempts(run)] == ["transient", "accepted"]
    assert_adds_up(run)


def test_a_run_that_catches_up_late_has_its_retries_before_it(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("RCPT -> 451 4.3.0 Come back later")
    long_ago = (utcnow() - timedelta(days=300)).replace(tzinfo=None)
    run = finish(make_run("later@example.test", period="once", starts_local=long_ago))
    assert states(run) == {"later@example.test": "deferred"}


def test_retries_run_out(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("RCPT -> 452 4.2.2 Mailbox full")
    run = make_run("full@example.test")
    for _turn in range(5):
        finish(run)
        let_time_pass()
    rewrite("UPDATE runs SET planned_at = now() - interval '72 hours', created_at = now() - interval '72 hours'")
    run = finish(run)

    delivery = db.session.get_one(Delivery, (run.id, 1))
    assert (delivery.state, delivery.reason) == (DeliveryState.REFUSED, Reason.RETRIES_RAN_OUT)
    assert run.state is RunState.COMPLETE_WITH_REFUSALS
    assert_adds_up(run)


def test_people_not_to_be_written_to_are_excluded_with_the_reason(make_run: MakeRun, lab: Lab, owner: User) -> None:
    for email, reason in (("out@example.test", SuppressionReason.UNSUBSCRIBED), ("no@example.test", "manual")):
        db.session.add(Suppression(owner_id=owner.id, email_key=email, reason=reason))
    run = make_run("a@example.test", "out@example.test", "no@example.test", "gone@example.test", "late@example.test")
    write_recipient_list(run.id)
    db.session.execute(update(Client).where(Client.email == "gone@example.test").values(deleted_at=utcnow()))
    db.session.add(Suppression(owner_id=owner.id, email_key="late@example.test", reason="unsubscribed"))
    db.session.commit()
    run = finish(run)

    reasons = dict(db.session.execute(select(Delivery.email, Delivery.reason)).tuples().all())
    assert reasons == {
        "a@example.test": None,
        "out@example.test": Reason.UNSUBSCRIBED,
        "no@example.test": Reason.SUPPRESSED,
        "gone@example.test": Reason.DELETED,
        "late@example.test": Reason.UNSUBSCRIBED,
    }
    assert run.state is RunState.COMPLETE
    assert [mail.recipient for mail in lab.accepted] == ["a@example.test"]
    assert_adds_up(run)


def test_a_dead_server_costs_nobody_a_try(make_run: MakeRun, lab: Lab) -> None:
    lab.refuse()
    run = finish(make_run("a@example.test", "b@example.test"))

    assert run.state is RunState.WAITING_FOR_SERVER
    assert run.last_fault
    assert set(states(run).values()) == {"waiting"}
    assert [attempt.outcome.value for attempt in attempts(run)] == ["server_fault"]
    assert_adds_up(run)

    assert work_on_run(run.id, 5) is False  # no connection before the probe is due
    assert len(attempts(run)) == 1
    lab.listen()
    let_time_pass()
    run = finish(run)
    assert run.state is RunState.COMPLETE
    assert_adds_up(run)


def test_a_connection_lost_after_the_text_is_uncertain_until_the_owner_decides(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("DOT a@* x1 -> accept; drop\nDOT b@* x1 -> drop")
    run = finish(make_run("a@example.test", "b@example.test", "c@example.test"))
    let_time_pass()  # the server looked ill: it is knocked at again
    run = finish(run)

    assert states(run) == {"a@example.test": "uncertain", "b@example.test": "uncertain", "c@example.test": "accepted"}
    assert run.state is RunState.INCOMPLETE
    assert_adds_up(run)

    assert resend_uncertain(run) == 2
    db.session.commit()
    run = finish(run)
    assert run.state is RunState.COMPLETE
    assert (lab.count("a@example.test"), lab.count("b@example.test")) == (2, 1)
    copies = {mail.message_id for mail in lab.accepted if mail.recipient == "a@example.test"}
    assert len(copies) == 1
    assert_adds_up(run)


def test_the_owner_may_count_uncertain_ones_as_accepted(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("DOT -> accept; drop")
    run = finish(make_run("a@example.test"))

    assert count_uncertain_as_accepted(run) == 1
    db.session.commit()
    assert run.state is RunState.COMPLETE
    assert db.session.get_one(Delivery, (run.id, 1)).reason is Reason.COUNTED_AS_ACCEPTED
    assert_adds_up(run)  # an attempt in doubt stays an unsuccessful one


def test_the_resend_rule_sends_once_more_and_no_third_time(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("DOT -> accept; drop")
    run = finish(make_run("a@example.test", in_doubt_rule=InDoubtRule.RESEND))
    delivery = db.session.get_one(Delivery, (run.id, 1))
    assert delivery.state is DeliveryState.IN_DOUBT
    assert delivery.retry_at is not None
    assert (delivery.retry_at - utcnow()).total_seconds() > 890

    let_time_pass()
    run = finish(run)
    assert states(run) == {"a@example.test": "uncertain"}
    assert lab.count("a@example.test") == 2
    assert run.state is RunState.INCOMPLETE
    assert_adds_up(run)


def test_only_the_refused_are_retried_on_demand(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("RCPT b@* x1 -> 550 5.7.1 Not today")
    run = finish(make_run("a@example.test", "b@example.test"))
    assert run.state is RunState.COMPLETE_WITH_REFUSALS

    assert retry_refused(run) == 1
    db.session.commit()
    run = finish(run)
    assert run.state is RunState.COMPLETE
    assert (lab.count("a@example.test"), lab.count("b@example.test")) == (1, 1)
    assert_adds_up(run)


def test_a_paused_run_keeps_its_people_and_goes_on(make_run: MakeRun, lab: Lab) -> None:
    run = make_run("a@example.test")
    write_recipient_list(run.id)
    mailing = db.session.get_one(Mailing, run.mailing_id)
    control.pause(mailing)
    db.session.commit()
    run = finish(run)
    assert (run.state, run.waiting_count, len(lab.accepted)) == (RunState.PAUSED, 1, 0)

    control.resume(db.session.get_one(Mailing, run.mailing_id))
    db.session.commit()
    assert finish(run).state is RunState.COMPLETE


def test_who_pauses_after_the_list_was_made_gets_nothing(make_run: MakeRun, lab: Lab) -> None:
    run = make_run("a@example.test", "b@example.test")
    write_recipient_list(run.id)
    pausing = update(Client).where(Client.email_key == "a@example.test")
    db.session.execute(pausing.values(paused_until=utcnow() + timedelta(days=30)))
    db.session.commit()
    run = finish(run)
    assert (states(run)["a@example.test"], run.excluded_count, len(lab.accepted)) == ("excluded", 1, 1)
    assert db.session.scalar(select(Delivery.reason).where(Delivery.email_key == "a@example.test")) is Reason.PAUSED
    assert_adds_up(run)


def test_a_stopped_run_says_who_was_left_out(make_run: MakeRun, lab: Lab) -> None:
    run = make_run("a@example.test", "b@example.test")
    write_recipient_list(run.id)
    control.stop(db.session.get_one(Mailing, run.mailing_id), StopReason.DISABLED)
    db.session.commit()
    assert stop_what_must() == [run.id]

    db.session.expire_all()
    assert run.state is RunState.STOPPED
    assert run.stopped_count == 2
    assert lab.accepted == []
    assert_adds_up(run)


def test_a_mailing_is_completed_with_its_last_run(make_run: MakeRun, lab: Lab) -> None:
    run = make_run("a@example.test", period="once")
    mailing = db.session.get_one(Mailing, run.mailing_id)
    assert mailing.status.value == "started"
    finish(run)
    db.session.refresh(mailing)
    assert mailing.status.value == "completed"


def test_what_a_placeholder_holds_is_never_a_template_or_a_header(make_run: MakeRun, lab: Lab, owner: User) -> None:
    message = make_message(owner, subject="{{ имя }}", text_body="", html_body="<p>{{ имя }}</p>")
    run = make_run("a@example.test", message=message)
    db.session.execute(update(Client).values(first_name="{{ email }}<script>\r\nBcc: all@example.test\r\n.\r\n"))
    db.session.commit()
    finish(run)

    mail = parsed(lab, "a@example.test")
    assert mail["Bcc"] is None
    assert "{{ email }}" in mail["Subject"]
    html = mail.get_body(("html",))
    assert html is not None
    assert "<script>" not in html.get_content()
    assert len(lab.accepted) == 1


def test_a_turn_goes_on_while_nobody_waits(make_run: MakeRun, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_worker, "MAX_EXTENSION", 600)
    lab.obey("DOT -> accept; delay 0.02; 250 2.0.0 Ok")
    run = make_run(*(f"a{number}@example.test" for number in range(100)))
    asked: list[int] = []

    def others_wait() -> bool:
        asked.append(len(lab.accepted))
        return False

    assert work_on_run(run.id, 0.1, others_wait) is False  # all is sent
    assert len(lab.accepted) == 100
    assert asked and asked[0] < 100


def test_a_turn_ends_when_somebody_waits(make_run: MakeRun, lab: Lab) -> None:
    lab.obey("DOT -> accept; delay 0.2; 250 2.0.0 Ok")
    run = make_run(*(f"a{number}@example.test" for number in range(100)))
    assert work_on_run(run.id, 0.1, lambda: True) is True
    assert 0 < len(lab.accepted) < 100
    lab.obey("")
    assert_adds_up(finish(run))
