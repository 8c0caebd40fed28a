"""Signing up begins a series, and leaving the list ends it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from mailer.clients import subscription
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.series import EnrolmentState, Entry, LeftReason, Series
from tests.auth.conftest import Mailbox, lab, mailbox, text_of
from tests.series.conftest import runs_of, turn, where_is
from tests.signup.conftest import Visitor, form, visitor

__all__ = ["form", "lab", "mailbox", "visitor"]


def test_who_confirms_a_sign_up_enters_once(
    visitor: Visitor, mailbox: Mailbox, make_series: Callable[..., Series]
) -> None:
    series = make_series(0, 24, entry=Entry.SIGN_UP)
    visitor.sign_up("anna@example.test", first_name="Анна")
    letter = text_of(mailbox.fetch_one())
    for _ in range(2):
        visitor.press(letter)
    client = db.session.scalars(select(Client)).one()
    assert where_is(client).state is EnrolmentState.WAITING
    turn(series)
    assert [run.planned_count for run in runs_of(series)] == [1]
    subscription.suppress(client)
    assert where_is(client).left_reason is LeftReason.SUPPRESSED
