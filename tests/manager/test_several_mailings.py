"""What managers do with many mailings: find those in trouble, switch several at once, end a run that does not go on."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import PauseReason, RunState
from mailer.models.user import User
from mailer.sending.runs.closing import stop_what_must
from tests.conftest import Browser
from tests.factories import make_mailing
from tests.mailings.builders import close, make_deliveries, make_run


def found(as_manager: Browser, trouble: str) -> list[int]:
    page = as_manager.get(f"/mailings?trouble={trouble}").text
    return sorted(int(id_) for id_ in re.findall(r'data-mailing="(\d+)"', page))


def test_mailings_in_trouble_are_found(as_manager: Browser, owner: User) -> None:
    sound, refused, late, waiting, paused = (make_mailing(owner) for _each in range(5))
    fine = make_run(sound)
    make_deliveries(fine, accepted=1)
    close(fine)
    bad = make_run(refused)
    make_deliveries(bad, accepted=1, refused=1)
    close(bad)
    make_run(late, utcnow() - timedelta(minutes=9), state=RunState.PLANNED, started_at=None)
    make_run(waiting, state=RunState.WAITING_FOR_SERVER)
    make_run(paused, state=RunState.PAUSED, pause_reason=PauseReason.REFUSALS)
    assert found(as_manager, "refusals") == [refused.id]
    assert found(as_manager, "late") == [late.id]
    assert found(as_manager, "stuck") == [waiting.id, paused.id]
    assert as_manager.get("/mailings?trouble=x").status_code == 400


def test_several_are_switched_off_for_one_reason_and_on_again(as_manager: Browser, owner: User) -> None:
    first, second, off = make_mailing(owner), make_mailing(owner), make_mailing(owner)
    ids = [first.id, second.id, off.id]
    as_manager.post("/manager/mailings/switch", data={"action": "disable", "reason": "earlier", "ids": [off.id]})

    answer = as_manager.post(
        "/manager/mailings/switch", data={"action": "disable", "reason": "spam", "ids": ids, "next": "/mailings?q=a"}
    )
    assert (answer.status_code, answer.location) == (303, "/mailings?q=a")
    db.session.expire_all()
    assert [db.session.get_one(Mailing, id_).disabled_reason for id_ in ids] == ["spam", "spam", "earlier"]

    as_manager.post("/manager/mailings/switch", data={"action": "enable", "ids": ids})
    db.session.expire_all()
    assert not any(db.session.get_one(Mailing, id_).disabled_at for id_ in ids)


@pytest.mark.parametrize(
    ("form", "status"),
    [({"action": "disable"}, 303), ({"action": "x"}, 400), ({"action": "disable", "reason": "a\0b"}, 303),
     ({"action": "disable", "reason": "x" * 501}, 303), ({"action": "enable", "ids": ["x", "²", "9" * 40]}, 303)],
)  # fmt: skip
def test_odd_wishes_change_nothing(as_manager: Browser, owner: User, form: dict[str, object], status: int) -> None:
    mailing = make_mailing(owner)
    data = {"ids": [mailing.id], "next": "https://elsewhere.test/"} | form
    answer = as_manager.post("/manager/mailings/switch", data=data)
    assert answer.status_code == status
    assert status != 303 or answer.location == "/mailings"
    db.session.refresh(mailing)
    assert mailing.disabled_at is None


def test_all_that_are_marked_are_switched_or_none(as_manager: Browser, owner: User) -> None:
    mailing = make_mailing(owner)
    data = {"action": "disable", "reason": "spam", "ids": [mailing.id, 99999]}
    assert as_manager.post("/manager/mailings/switch", data=data).status_code == 404
    db.session.refresh(mailing)
    assert mailing.disabled_at is None


def test_a_run_that_does_not_go_on_is_ended_by_a_manager(as_manager: Browser, owner: User) -> None:
    mailing = make_mailing(owner)
    run = make_run(mailing, state=RunState.WAITING_FOR_SERVER)
    assert f"/manager/mailings/{mailing.id}/disable" in as_manager.get(f"/mailings/{mailing.id}/runs/{run.id}").text
    as_manager.post(f"/manager/mailings/{mailing.id}/disable", data={"reason": "stuck"})
    stop_what_must()
    db.session.refresh(run)
    assert run.closed_at is not None and run.state is RunState.STOPPED


def test_the_answer_counts_finished_mailings_apart_and_the_list_names_no_run_of_one_that_is_off(
    as_manager: Browser, owner: User
) -> None:
    over, off = make_mailing(owner, completed_at=utcnow()), make_mailing(owner, next_run_at=utcnow())
    cell = re.compile(r'data-label="Следующий запуск">(.*?)</td>', re.S)
    assert [cell_ for cell_ in cell.findall(as_manager.get("/mailings").text) if "<time" in cell_]
    data = {"action": "disable", "reason": "spam", "ids": [over.id, off.id]}
    page = as_manager.post("/manager/mailings/switch", data=data, follow_redirects=True).text
    assert "1 рассылка выключена." in page and "1 уже была завершена" in page
    cells = cell.findall(page)
    assert len(cells) == 2 and not [cell_ for cell_ in cells if "<time" in cell_]
