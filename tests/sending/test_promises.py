"""Small promises of sending: whose it is, from when on, and how much."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

import pytest

from mailer.bounces.tokens import ReturnPath
from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.account_email import AccountEmail
from mailer.models.attachment import Attachment
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.user import User
from mailer.recurrence.rule import Period
from mailer.sending.attachments import forget_unused
from mailer.sending.database_connections import Patience
from mailer.sending.runs.attention import Trouble, has_trouble
from mailer.sending.runs.closing import complete_mailing
from mailer.sending.runs.daily_reach import reached_with
from mailer.sending.warm_up_plan import DayPassed, Plan, next_day
from mailer.sending.worker.composer import _returns_of
from mailer.sending.worker.work import Work
from mailer.smtp.testserver import Lab
from tests.conftest import Browser
from tests.factories import make_mailing, make_message
from tests.sending.conftest import finish


def test_a_test_mail_keeps_the_files_that_it_names(owner: User, as_owner: Browser) -> None:
    message = make_message(owner)
    path = f"/messages/{message.id}"
    as_owner.post(f"{path}/files", data={"attachment": (io.BytesIO(b"x"), "a.txt")})
    as_owner.post(f"{path}/test")
    assert db.session.query(AccountEmail).filter_by(user_id=owner.id).count() == 1
    as_owner.post(f"{path}/files/{db.session.query(Attachment).one().id}/delete")
    assert forget_unused(utcnow() + timedelta(days=9)) == 0


def test_pauses_at_a_database_that_is_away_grow_to_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    patience = Patience(60)
    for _again in range(7):
        patience.pause()
    assert pauses == [0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0]


def test_a_mailing_is_over_when_its_own_runs_are(lab: Lab, make_run: Callable[..., Run]) -> None:
    done, going = (make_run(f"{name}@example.test", period=Period.ONCE) for name in "ab")
    finish(done)
    complete_mailing(going.mailing_id, utcnow())
    db.session.expire_all()
    assert [run.mailing.completed_at is None for run in (done, going)] == [False, True]


def test_only_the_mailing_that_has_the_trouble_is_said_to_have_it(make_run: Callable[..., Run]) -> None:
    refused, other = make_run("a@example.test"), make_run("b@example.test")
    refused.planned_count = refused.refused_count = 1
    db.session.commit()
    found = db.session.scalars(db.select(Mailing.id).where(has_trouble(Trouble.REFUSALS, utcnow())))
    assert list(found) == [refused.mailing_id] != [other.mailing_id]


def test_a_day_reaches_those_of_its_mails_and_each_of_them_once(
    lab: Lab, owner: User, make_run: Callable[..., Run]
) -> None:
    assert reached_with(make_mailing(owner), 2, utcnow(), enough=9) == 2
    mailing = finish(make_run("a@example.test", "b@example.test")).mailing
    assert reached_with(mailing, 2, utcnow(), enough=1) == 2


def test_a_ceiling_falls_to_one_mail_a_day_at_the_lowest() -> None:
    assert next_day(Plan(5, 50, 100), DayPassed(1, 1, was_told=True))[0] == 1
    assert next_day(Plan(5, 50, 100), DayPassed(2, 2, was_told=True))[0] == 1


def test_a_provider_that_has_a_return_path_of_its_own_is_given_the_token_alone() -> None:
    path, unused = ReturnPath("back+*@golub.test", b"k" * 32), cast(tuple[Any, Any, Any], (None,) * 3)

    def returns(address: str, header: Callable[[str], str] | None) -> tuple[str | None, str | None]:
        return _returns_of(Work(7, *unused, return_path=ReturnPath(address, path.key), token_header=header))(3)

    token = path.tokens_of(7)(3)
    assert returns(path.address, None) == (f"back+{token}@golub.test", token)
    assert returns(path.address, str) == (None, token)
    assert returns("", None) == (None, token)
