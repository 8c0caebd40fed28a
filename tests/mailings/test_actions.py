"""What an owner does to a mailing beyond editing it."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.mailing import Mailing, MailingStatus
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.queue import TICKS, queue
from tests.conftest import Browser
from tests.factories import make_client, make_mailing
from tests.mailings.builders import close, make_deliveries, make_run, suppress
from tests.narrowing import one


def stored(mailing: Mailing) -> Mailing:
    db.session.expire_all()
    return db.session.get_one(Mailing, mailing.id)


def test_pausing_holds_the_open_run_and_going_on_lets_it_go(as_owner: Browser, mailing: Mailing) -> None:
    run = make_run(mailing)
    as_owner.post(f"/mailings/{mailing.id}/pause")
    assert stored(mailing).status is MailingStatus.PAUSED
    assert db.session.get_one(Run, run.id).state is RunState.PAUSED
    as_owner.post(f"/mailings/{mailing.id}/resume")
    assert stored(mailing).paused_at is None
    assert db.session.get_one(Run, run.id).state is RunState.SENDING
    assert queue(TICKS).count == 1


def test_stopping_names_no_number_while_the_list_is_being_made(as_owner: Browser, mailing: Mailing) -> None:
    run = make_run(mailing, state=RunState.PLANNED, started_at=None)
    page = as_owner.get(f"/mailings/{mailing.id}").text
    assert "Список получателей ещё составляется" in page and "0 писем" not in page
    make_deliveries(run, waiting=2)
    run.state = RunState.SENDING
    db.session.commit()
    assert "2 письма" in as_owner.get(f"/mailings/{mailing.id}").text


def test_a_completed_mailing_has_nothing_to_pause(as_owner: Browser, owner: User) -> None:
    mailing = make_mailing(owner, completed_at=utcnow())
    as_owner.post(f"/mailings/{mailing.id}/pause")
    assert stored(mailing).paused_at is None


def test_stopping_ends_the_open_run_but_not_the_calendar(as_owner: Browser, owner: User, mailing: Mailing) -> None:
    run = make_run(mailing)
    as_owner.post(f"/mailings/{mailing.id}/stop")
    assert db.session.get_one(Run, run.id).stop_reason is StopReason.OWNER
    assert stored(mailing).paused_at is None


class TestSendNow:
    def token_of(self, page: str) -> str:
        return one(re.search(r'name="token" value="([0-9a-f]{32})"', page))[1]

    def test_the_question_says_how_many_get_it(self, as_owner: Browser, owner: User, mailing: Mailing) -> None:
        make_client(owner, email="gone@example.test")
        suppress(owner, "gone@example.test")
        page = as_owner.get(f"/mailings/{mailing.id}/send-now").text
        assert 'data-will-get="1"' in page
        assert db.session.query(Run).count() == 0

    def test_a_double_click_makes_one_run(self, as_owner: Browser, mailing: Mailing) -> None:
        token = self.token_of(as_owner.get(f"/mailings/{mailing.id}/send-now").text)
        answers = [as_owner.post(f"/mailings/{mailing.id}/send-now", data={"token": token}) for _click in range(2)]
        assert [answer.status_code for answer in answers] == [303, 303]
        assert db.session.query(Run).one().occurrence == f"manual:{token}"
        assert queue(TICKS).count >= 1

    def test_a_run_that_is_going_is_not_joined_by_another(self, as_owner: Browser, mailing: Mailing) -> None:
        make_run(mailing)
        answer = as_owner.post(f"/mailings/{mailing.id}/send-now", data={"token": uuid.uuid4().hex})
        assert answer.status_code == 409
        assert db.session.query(Run).count() == 1

    def test_nobody_to_send_to_makes_no_run(self, as_owner: Browser, owner: User) -> None:
        client = make_client(owner)
        suppress(owner, client.email_key)
        mailing = make_mailing(owner)
        answer = as_owner.post(f"/mailings/{mailing.id}/send-now", data={"token": uuid.uuid4().hex})
        assert answer.status_code == 409
        assert db.session.query(Run).count() == 0

    @pytest.mark.parametrize(
        "hold", [{"paused_at": utcnow()}, {"disabled_at": utcnow(), "disabled_reason": "complaints"}]
    )
    def test_a_hold_must_be_lifted_first(self, as_owner: Browser, owner: User, hold: dict[str, Any]) -> None:
        make_client(owner)
        mailing = make_mailing(owner, **hold)
        answer = as_owner.post(f"/mailings/{mailing.id}/send-now", data={"token": uuid.uuid4().hex})
        assert answer.status_code == 409
        assert db.session.query(Run).count() == 0

    @pytest.mark.parametrize("token", ["", "not a token", "'; --"])
    def test_only_a_token_of_ours_counts(self, as_owner: Browser, mailing: Mailing, token: str) -> None:
        assert as_owner.post(f"/mailings/{mailing.id}/send-now", data={"token": token}).status_code == 400

    def test_a_completed_mailing_is_started_once_more(self, as_owner: Browser, owner: User) -> None:
        make_client(owner)
        mailing = make_mailing(owner, completed_at=utcnow(), started_at=utcnow())
        as_owner.post(f"/mailings/{mailing.id}/send-now", data={"token": uuid.uuid4().hex})
        assert stored(mailing).status is MailingStatus.STARTED


def test_a_deleted_mailing_is_gone_and_can_be_brought_back(as_owner: Browser, mailing: Mailing) -> None:
    answer = as_owner.post(f"/mailings/{mailing.id}/delete")
    assert answer.location == "/mailings"
    assert as_owner.get(f"/mailings/{mailing.id}").status_code == 404
    assert f'data-mailing="{mailing.id}"' not in as_owner.get("/mailings").text
    as_owner.post(f"/mailings/{mailing.id}/restore")
    assert as_owner.get(f"/mailings/{mailing.id}").status_code == 200


def test_a_mailing_whose_message_is_gone_cannot_be_brought_back(as_owner: Browser, mailing: Mailing) -> None:
    as_owner.post(f"/mailings/{mailing.id}/delete")
    stored(mailing).message.deleted_at = utcnow()
    db.session.commit()
    as_owner.post(f"/mailings/{mailing.id}/restore")
    assert stored(mailing).deleted_at is not None


def test_a_mailing_is_not_deleted_while_a_run_goes(as_owner: Browser, mailing: Mailing) -> None:
    run = make_run(mailing)
    make_deliveries(run, waiting=1)
    assert as_owner.post(f"/mailings/{mailing.id}/delete").status_code == 409
    assert stored(mailing).deleted_at is None


def test_reports_outlive_a_deleted_mailing_s_runs(as_owner: Browser, mailing: Mailing) -> None:
    run = make_run(mailing)
    make_deliveries(run, accepted=2)
    close(run)
    as_owner.post(f"/mailings/{mailing.id}/delete")
    assert db.session.get_one(Run, run.id).accepted_count == 2
