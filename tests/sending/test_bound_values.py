"""What leaves of an approved run is what was approved, whatever becomes of the clients while it is being sent."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.approval import Approval, ApprovalState
from mailer.models.client import Client
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing
from mailer.models.run import Run, StopReason
from mailer.models.user import User
from mailer.sending.runs import audience
from mailer.sending.runs.approvals import fingerprint
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.recipient_list import RecipientListWriter
from mailer.sending.runs.start import start_due
from mailer.smtp.testserver import Lab
from tests.factories import make_client, make_mailing, make_message, save
from tests.sending.conftest import finish, let_time_pass

TEXT = 'Hello, {{ first_name }} from {{ Город | "nowhere" }}: {{ body }} https://{{ comment }}'  # kept as "город"


@pytest.fixture
def mailing(owner: User) -> Mailing:
    """Approved as it stands, and due."""
    owner.needs_approval = True
    for name in ("a", "later"):
        values = {"body": "good news", "город": "Псков" if name == "a" else ""}
        make_client(owner, email=f"{name}@example.test", first_name=name, comment="shop.test", attributes=values)
    mailing = make_mailing(owner, message=make_message(owner, text_body=TEXT, html_body=""), audience="everyone",
                           starts_local=utcnow().replace(tzinfo=None))  # fmt: skip
    set_next_run(mailing, utcnow())
    save(Approval(owner_id=owner.id, mailing_id=mailing.id, fingerprint=fingerprint(mailing), asked_at=utcnow(),
                  decided_at=utcnow(), decided_by_id=owner.id,
                  recipient_count=audience.summary(mailing).will_get, state=ApprovalState.APPROVED))  # fmt: skip
    return mailing


def started() -> Run:
    (run_id,) = start_due()
    return db.session.get_one(Run, run_id)


def rewrite(**values: str) -> None:
    for client in db.session.scalars(select(Client)):
        client.first_name, client.comment = "Пётр, смотрите evil.test", "evil.test"
        client.attributes = {"body": "your card is blocked", "Город": "Bank", **values}
    db.session.commit()


def texts(lab: Lab) -> dict[str, str]:
    mails = [(record.recipient, (record.content or b"").decode()) for record in lab.accepted]
    return {recipient: body.partition("\n\n")[2] or body for recipient, body in mails}


def test_values_changed_amid_a_run_do_not_leave(lab: Lab, mailing: Mailing) -> None:
    lab.obey("RCPT later@* x1 -> 451 4.7.1 Greylisted, come back later")
    run = started()
    finish(run)
    rewrite()
    let_time_pass()
    run = finish(run)
    assert run.accepted_count == 2
    late = texts(lab)["later@example.test"]
    assert "good news" in late and "shop.test" in late and "nowhere" in late
    assert "card" not in late and "evil" not in late and "Bank" not in late


def test_the_list_holds_what_the_approval_was_checked_against(
    lab: Lab, mailing: Mailing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The values are changed between the check and the reading of the people: both see one moment."""
    read = RecipientListWriter._read

    def change_then_read(self: RecipientListWriter, *arguments: object, **more: object) -> None:
        with db.engine.begin() as other:
            other.exec_driver_sql('UPDATE clients SET attributes = attributes || \'{"body": "your card is blocked"}\'')
        read(self, *arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(RecipientListWriter, "_read", change_then_read)
    run = finish(started())
    assert run.accepted_count == 2
    assert all("good news" in text for text in texts(lab).values())


def test_another_spelling_of_a_field_is_bound_too(lab: Lab, mailing: Mailing) -> None:
    db.session.execute(db.update(Client).values(attributes={"body": "good news", "ГОРОД": "Bank"}))
    db.session.commit()
    run = finish(started())
    assert (run.stop_reason, lab.accepted) == (StopReason.UNAPPROVED, [])


def test_nothing_is_kept_where_no_approval_is_needed(lab: Lab, owner: User, mailing: Mailing) -> None:
    owner.needs_approval = False
    db.session.commit()
    run = finish(started())
    assert run.accepted_count == 2
    assert db.session.scalars(select(Delivery.bound_values).where(Delivery.run_id == run.id)).all() == [None, None]
