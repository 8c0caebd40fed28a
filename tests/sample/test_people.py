"""The invented people of the sample data have names as people have them."""

from __future__ import annotations

from datetime import UTC, datetime

from mailer.sample.people import clients


def test_patronymics_are_formed_rightly_and_never_stand_alone() -> None:
    people = list(clients(1, datetime(2026, 1, 1, tzinfo=UTC)))
    given = [person for person in people if person["patronymic"]]
    assert given and all(person["patronymic"].endswith(("овна", "евна", "ович", "евич", "ёвна")) for person in given)
    assert all(person["first_name"] for person in given)
