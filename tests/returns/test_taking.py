"""What a report changes in the ledger, and what it never changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from mailer.clients import subscription
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.client import Client, Suppression, SuppressionReason
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.journal_entry import JournalEntry
from mailer.models.mail_report import Door, MailReport, UnreadMail
from mailer.models.run import PauseReason, Run, RunState
from mailer.models.user import User
from mailer.returns.taking import Taken, take
from mailer.sending.runs import control
from mailer.sending.runs.closing import close_if_done
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.smtp.testserver import Lab
from tests.bounces import shapes
from tests.factories import make_client, make_due_run
from tests.returns.conftest import address_of
from tests.sending.conftest import assert_adds_up, finish

MakeRun = Callable[..., Run]
SOFT = shapes.failed("4.2.2", "452 4.2.2 Mailbox full")


def came_back(run: Run) -> dict[int, str | None]:
    db.session.expire_all()
    rows = db.session.execute(select(Delivery.position, Delivery.came_back).where(Delivery.run_id == run.id))
    assert_adds_up(run)
    return {position: what and what.value for position, what in rows}


def reasons() -> dict[str, SuppressionReason]:
    return {row.email_key: row.reason for row in db.session.scalars(select(Suppression))}


def test_a_hard_bounce_is_counted_once_by_whatever_doors_it_comes(sent: Run) -> None:
    to = address_of(sent, 1)
    report = shapes.dsn(to, *shapes.failed())
    assert take(report, Door.COMMAND).taken is Taken.NOTED
    assert take(report, Door.COMMAND).taken is Taken.KNOWN
    assert take(b"Received: by another\r\n" + report, Door.MAILBOX).taken is Taken.NOTED
    assert came_back(sent) == {1: "permanent", 2: None}
    assert (sent.bounced_count, sent.complained_count, sent.accepted_count) == (1, 0, 2)
    assert sent.state is RunState.COMPLETE
    person = db.session.scalars(select(Delivery.email_key).where(Delivery.position == 1)).one()
    assert reasons() == {person: SuppressionReason.BOUNCED}
    first = db.session.scalars(select(MailReport).order_by(MailReport.id)).first()
    assert first is not None
    assert (first.smtp_code, first.status, first.server, first.attempt_number) == (550, "5.1.1", "mx.far.example", 1)


def test_the_worse_one_stays_and_a_complaint_is_the_worst(sent: Run) -> None:
    to = address_of(sent, 1)
    for report in (shapes.dsn(to, *SOFT), shapes.complaint(to), shapes.dsn(to, *shapes.failed())):
        take(report, Door.RECEIVER)
    assert came_back(sent) == {1: "complained", 2: None}
    assert (sent.bounced_count, sent.complained_count) == (0, 1)
    assert list(reasons().values()) == [SuppressionReason.COMPLAINED]
    client = db.session.scalars(
        select(Client).join(Delivery, Delivery.client_id == Client.id).where(Delivery.position == 1)
    ).one()
    with pytest.raises(subscription.TheirOwnWord):
        subscription.lift_suppression(client)


@pytest.mark.parametrize(
    "report",
    [
        lambda to: shapes.dsn(to, *shapes.failed("4.4.1", "no answer", "delayed")),
        lambda to: shapes.dsn(to, *shapes.failed("2.0.0", "250 ok", "relayed")),
        lambda to: shapes.auto_reply(to, "Auto-Submitted: auto-replied"),
        shapes.reply,
    ],
    ids=["delayed", "handed on", "vacation", "a person"],
)
def test_what_is_no_bounce_is_noted_and_changes_no_figure(sent: Run, report: Callable[[str], bytes]) -> None:
    assert take(report(address_of(sent, 1)), Door.RECEIVER).taken is Taken.NOTED
    assert came_back(sent) == {1: None, 2: None}
    assert reasons() == {}


def test_three_soft_bounces_in_thirty_days_suppress(owner: User, lab: Lab) -> None:
    client = make_client(owner, email="a@far.example")
    for number in range(3):
        assert reasons() == {}, number
        run = finish(make_due_run(owner, [client]))
        for again in (b"", b"by another way"):  # it counts once a mail
            take(shapes.dsn(address_of(run, 1), *SOFT) + again, Door.RECEIVER)
    assert reasons() == {"a@far.example": SuppressionReason.BOUNCED}
    subscription.lift_suppression(client)
    assert reasons() == {}
    entry = db.session.scalars(select(JournalEntry).order_by(JournalEntry.id.desc())).first()
    assert entry is not None
    assert (entry.subject, entry.details["reason"]) == (f"client {client.id}", "bounced")


@pytest.mark.parametrize("words", [("5.7.1", "550 5.7.1 Message looks like spam"), ("5.2.2", "552 5.2.2 Over quota")])
def test_a_refusal_that_is_not_about_the_address_suppresses_nobody_at_once(sent: Run, words: tuple[str, str]) -> None:
    take(shapes.dsn(address_of(sent, 1), *shapes.failed(*words)), Door.RECEIVER)
    assert came_back(sent)[1] == "permanent"
    assert reasons() == {}


def test_a_report_proves_that_an_uncertain_mail_had_left(make_run: MakeRun) -> None:
    run = make_run("a@far.example")
    write_recipient_list(run.id)
    db.session.execute(update(Delivery).values(state=DeliveryState.UNCERTAIN))
    db.session.execute(update(Run).values(state=RunState.SENDING))
    db.session.commit()
    assert close_if_done(run.id)
    assert run.state is RunState.INCOMPLETE
    take(shapes.auto_reply(address_of(run, 1), "Auto-Submitted: auto-replied"), Door.RECEIVER)
    delivery = db.session.scalars(select(Delivery)).one()
    assert (delivery.state, delivery.reason) == (DeliveryState.ACCEPTED, Reason.PROVEN_BY_REPORT)
    db.session.refresh(run)
    assert (run.state, run.uncertain_count, run.accepted_count) == (RunState.COMPLETE, 0, 1)


def test_a_report_before_the_answer_is_noted_counts_from_the_answer_on(make_run: MakeRun, lab: Lab) -> None:
    run = make_run("a@far.example")
    write_recipient_list(run.id)
    take(shapes.dsn(address_of(run, 1), *SOFT), Door.RECEIVER)
    db.session.refresh(run)
    assert (run.bounced_count, run.waiting_count) == (0, 1)
    finish(run)
    assert came_back(run) == {1: "transient"}
    assert run.bounced_count == 1


def test_forged_and_foreign_tokens_change_nothing_and_are_kept_for_an_admin(sent: Run) -> None:
    to = address_of(sent, 1)
    forged = to.replace(to[30], "a" if to[30] != "a" else "b")
    for report in (shapes.dsn(forged, *shapes.failed()), shapes.complaint("fbl@golub.test"), b"\0rubbish"):
        assert take(report, Door.RECEIVER, size=10_000_000).taken is Taken.KEPT
        assert take(report, Door.RECEIVER).taken is Taken.KNOWN
    assert came_back(sent) == {1: None, 2: None}
    assert reasons() == {}
    assert db.session.query(MailReport).count() == 0
    assert db.session.query(UnreadMail).count() == 3
    # A signed token of one delivery with the address of another: only what is signed counts.
    take(shapes.dsn(to, "Final-Recipient: rfc822; b@far.example", "Action: failed", "Status: 5.1.1"), Door.RECEIVER)
    assert came_back(sent) == {1: "permanent", 2: None}


def test_a_report_is_never_changed_and_needs_its_delivery(sent: Run) -> None:
    take(shapes.dsn(address_of(sent, 1), *SOFT), Door.RECEIVER)
    with pytest.raises(IntegrityError, match="never changed"):
        db.session.execute(text("UPDATE mail_reports SET response = 'other'"))
    db.session.rollback()
    assert take(shapes.dsn(address_of(sent, 9), *SOFT), Door.RECEIVER).taken is Taken.GONE
    with pytest.raises(IntegrityError, match="only_accepted_ones_come_back"):
        db.session.execute(update(Run).values(bounced_count=3))
    db.session.rollback()


def test_a_run_whose_first_mails_come_back_pauses_and_its_owner_decides(make_run: MakeRun) -> None:
    run = make_run(*[f"c{number}@far.example" for number in range(20)])
    write_recipient_list(run.id)
    db.session.execute(update(Run).values(state=RunState.SENDING))
    db.session.execute(update(Delivery).where(Delivery.position <= 8).values(state=DeliveryState.ACCEPTED))
    db.session.commit()
    for position in range(1, 7):
        db.session.refresh(run)
        assert run.state is RunState.SENDING, position
        take(shapes.dsn(address_of(run, position), *shapes.failed()), Door.RECEIVER)
    db.session.refresh(run)
    assert (run.state, run.pause_reason, run.bounced_count) == (RunState.PAUSED, PauseReason.BOUNCES, 6)
    mail = db.session.scalars(select(AccountEmail).where(AccountEmail.template == "run-bounced")).one()
    assert "no such user" in str(mail.context["said"])
    control.resume(run.mailing)
    db.session.commit()
    take(shapes.dsn(address_of(run, 7), *shapes.failed()), Door.RECEIVER)
    db.session.refresh(run)
    assert (run.state, run.tolerates_bounces) == (RunState.SENDING, True)


def test_nothing_is_read_into_the_ledger_while_the_address_is_not_set(
    sent: Run, monkeypatch: pytest.MonkeyPatch, app: Flask
) -> None:
    report = shapes.dsn(address_of(sent, 1), *shapes.failed())
    monkeypatch.setitem(app.config, "BOUNCE_ADDRESS", None)
    assert take(report, Door.RECEIVER).taken is Taken.KEPT
