"""A rule that means nothing is refused by name."""

from datetime import UTC, datetime

import pytest

from mailer.recurrence.rule import Period, Rule, RuleError

FIRST = datetime(2026, 5, 1, 10)


@pytest.mark.parametrize("zone", ["Europe/Atlantis", "", "../../etc/passwd", "Europe", "Москва", "a\0b", "+03:00"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(RuleError) as refusal:
        Rule(Period.DAILY, FIRST, zone)
    assert refusal.value.code == "unknown_zone"


@pytest.mark.parametrize(
    ("first", "until", "code"),
    [
        (FIRST, FIRST, "ends_before_it_starts"),
        (FIRST, datetime(2026, 5, 1, 9, 59), "ends_before_it_starts"),
        (FIRST.replace(tzinfo=UTC), None, "not_local"),
        (FIRST, datetime(2027, 1, 1, tzinfo=UTC), "not_local"),
        (datetime(1969, 12, 31), None, "out_of_range"),
        (FIRST, datetime(2200, 1, 1), "out_of_range"),
    ],
)
def test_times_that_make_no_rule_are_refused(first: datetime, until: datetime | None, code: str) -> None:
    with pytest.raises(RuleError) as refusal:
        Rule(Period.DAILY, first, "Europe/Moscow", until)
    assert refusal.value.code == code
