"""A manager switches a mailing off and on."""

from __future__ import annotations

from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.journal_entry import Action, JournalEntry
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.sending.runs import slicing
from mailer.sending.runs.closing import stop_what_must
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, save
from tests.mailings.builders import make_deliveries, make_run
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


def test_one_run_is_stopped_and_the_mailing_goes_on(
    as_manager: Browser, as_owner: Browser, owner: User, manager: User
) -> None:
    mailing = make_mailing(owner, [make_client(owner)], name="Осень")
    run = make_run(mailing)
    make_deliveries(run, accepted=1, refused=1, waiting=2)
    slicing.cover(run.id)
    slicing.wake(run.id)
    db.session.commit()
    address = f"/manager/mailings/{mailing.id}/runs/{run.id}/stop"
    page = f"/mailings/{mailing.id}/runs/{run.id}"
    assert address in as_manager.get(page).text and address not in as_owner.get(page).text
    assert as_owner.post(address, data={"reason": "x"}).status_code == 403
    assert as_manager.post(f"/manager/mailings/99/runs/{run.id}/stop", data={"reason": "x"}).status_code == 404
    assert as_manager.post(address, data={"reason": " "}).status_code == 422
    assert as_manager.post(address, data={"reason": "Стоит <b>"}).status_code == 303
    stop_what_must()
    db.session.expire_all()
    assert (run.state, run.stop_reason, run.stopped_count) == (RunState.STOPPED, StopReason.MANAGER, 2)
    assert db.session.get_one(Mailing, mailing.id).may_send
    told = as_owner.get(page).text
    assert "Менеджер остановил этот запуск" in told and "Стоит &lt;b&gt;" in told and "retry-refused" not in told
    assert "менеджер остановил запуск" in as_owner.get(f"{page}?outcome=stopped").text
    as_owner.post(f"{page}/retry-refused")
    db.session.expire_all()
    assert run.closed_at is not None, "what a manager ended stays ended"
    (template, values), = letters_to(owner)  # fmt: skip
    assert (template, values["link"], values["reason"]) == ("run-stopped", f"http://golub.test{page}", "Стоит <b>")
    entry = db.session.scalars(select(JournalEntry).where(JournalEntry.action == Action.STOPPED)).one()
    assert (entry.actor_id, entry.details) == (manager.id, {"run": run.id, "reason": "Стоит <b>"})
    as_manager.post(address, data={"reason": "again"})
    assert len(letters_to(owner)) == 1


def test_nobody_stops_a_run_of_their_own_for_a_reason(as_owner: Browser, owner: User) -> None:
    owner.granted = ["switch-mailings"]
    run = make_run(make_mailing(owner, [make_client(owner)]))
    address = f"/manager/mailings/{run.mailing_id}/runs/{run.id}/stop"
    assert as_owner.post(address, data={"reason": "x"}).status_code == 403
