"""A manager switches a mailing off and on."""

from __future__ import annotations

from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run, StopReason
from mailer.models.user import User
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, save
from tests.manager.conftest import letters_to


def test_a_mailing_is_switched_off_with_a_reason_its_owner_sees(
    as_manager: Browser, as_owner: Browser, manager: User, owner: User
) -> None:
    mailing = make_mailing(owner, [make_client(owner)], name="Осень")
    run = save(Run(owner_id=owner.id, mailing_id=mailing.id, occurrence="x", planned_at=utcnow(), state="sending"))
    address = f"/manager/mailings/{mailing.id}/disable"
    assert as_manager.post(address, data={"reason": " "}).status_code == 422
    assert as_manager.post(address, data={"reason": "Жалобы <b>"}).status_code == 303
    db.session.expire_all()
    mailing = db.session.get_one(Mailing, mailing.id)
    assert (mailing.disabled_reason, mailing.disabled_by_id) == ("Жалобы <b>", manager.id)
    assert db.session.get_one(Run, run.id).stop_reason is StopReason.DISABLED
    assert "Жалобы &lt;b&gt;" in as_owner.get(f"/mailings/{mailing.id}").text
    assert as_owner.post(f"/mailings/{mailing.id}/send-now", data={"token": "0" * 32}).status_code == 409
    (template, values), = letters_to(owner)  # fmt: skip
    assert template == "mailing-disabled"
    assert values["reason"] == "Жалобы <b>"
    assert values["link"] == f"http://golub.test/mailings/{mailing.id}"


def test_it_is_switched_on_again(as_manager: Browser, as_owner: Browser, owner: User) -> None:
    mailing = make_mailing(owner, [make_client(owner)], disabled_at=utcnow(), disabled_reason="x")
    assert as_owner.post(f"/manager/mailings/{mailing.id}/enable").status_code == 403
    assert as_manager.post(f"/manager/mailings/{mailing.id}/enable").status_code == 303
    db.session.expire_all()
    assert db.session.get_one(Mailing, mailing.id).may_send
    assert [template for template, _values in letters_to(owner)] == ["mailing-enabled"]


def test_a_mailing_that_is_gone_is_not_found(as_manager: Browser, owner: User) -> None:
    mailing = make_mailing(owner, deleted_at=utcnow())
    assert as_manager.post(f"/manager/mailings/{mailing.id}/disable", data={"reason": "x"}).status_code == 404
    assert as_manager.post("/manager/mailings/999/enable").status_code == 404


def test_managers_change_nothing_else_of_it(as_manager: Browser, owner: User) -> None:
    mailing = make_mailing(owner, [make_client(owner)])
    for action in ("delete", "pause", "resume", "stop", "send-now", "edit", "ask-approval"):
        assert as_manager.post(f"/mailings/{mailing.id}/{action}").status_code == 403, action
    assert db.session.scalars(select(Mailing)).one().version == 1
