"""What a series needs stays."""

from __future__ import annotations

from collections.abc import Callable

from mailer.models.series import Entry, Series
from mailer.models.user import User
from mailer.sending.series.uses import with_tag


def test_tags_by_which_people_enter_or_leave_are_in_use(owner: User, make_series: Callable[..., Series]) -> None:
    make_series(0, entry=Entry.TAG, entry_tag="new", goal_tag="bought")
    assert {tag: with_tag(owner.id, tag) for tag in ("new", "bought", "other")} == {
        "new": ["Welcome"],
        "bought": ["Welcome"],
        "other": [],
    }
