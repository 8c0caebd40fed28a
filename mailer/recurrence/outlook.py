"""What becomes of a rule's moments when nothing goes wrong: sending hours hold runs back, and the next ones find them
still open. As if sending itself took no time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from mailer.recurrence.moments import Moment, count_moments, end_at, everything
from mailer.recurrence.rule import Rule
from mailer.recurrence.window import Window


class Fate(StrEnum):
    """What becomes of a moment."""

    RUNS = "runs"
    LEFT_OUT = "left_out"  # by the calendar: a holiday, a date left out; the moment's notes say which
    BY_HAND = "by_hand"  # it has its row already: left out, or run, by its owner
    MOVED = "moved"  # it has its row already: its owner moved the run to an earlier time, and it began then
    BEGUN = "begun"  # it has its row already: a run in waves, begun with people farther east
    OVERLAP = "overlap"  # the run before would still be open
    CUT_OFF = "cut_off"  # the end comes before the sending hours
    MISSED = "missed"  # it has passed, too long ago to begin still
    HELD = "held"  # it passed while sending was held back


NONE_TAKEN: Mapping[str, Fate] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Prospect:
    """A moment and its fate; `leaves_at` (aware): from when on mails leave, None when none does."""

    moment: Moment
    fate: Fate
    leaves_at: datetime | None = None

    @property
    def happens(self) -> bool:
        """Whether mails leave."""
        return self.fate is Fate.RUNS


def outlook(
    rule: Rule,
    window: Window | None,
    after: datetime,
    first: tuple[Moment, datetime] | None = None,
    busy_until: datetime | None = None,
    taken: Mapping[str, Fate] = NONE_TAKEN,
) -> Iterator[Prospect]:
    """The moments after `after` (aware) in order, with what becomes of each; it may never end.

    `first` comes before them, and begins at the time given with it. `busy_until`: when the run that is open now will
    be let go. `taken`: occurrences that have their row already, and what became of them.
    """
    end = end_at(rule.until, rule.zone)
    endless = replace(rule, run_limit=None, skipped_count=0)
    left = _left(rule, endless, after)
    if first is not None:
        moment, begins_at = first
        prospect, busy_until = _run(moment, begins_at, window, end, busy_until)
        yield prospect
        if left is not None and prospect.fate is Fate.OVERLAP:
            left += 1
    for moment in everything(endless, after):
        if left is not None and left <= 0:
            return
        if moment.is_left_out:
            yield Prospect(moment, Fate.LEFT_OUT)
            continue
        if moment.occurrence in taken:
            yield Prospect(moment, taken[moment.occurrence])
            continue
        prospect, busy_until = _run(moment, moment.at, window, end, busy_until)
        if left is not None and prospect.fate is not Fate.OVERLAP:
            left -= 1
        yield prospect


def _run(
    moment: Moment, begins_at: datetime, window: Window | None, end: datetime | None, busy_until: datetime | None
) -> tuple[Prospect, datetime | None]:
    """What becomes of a run that begins at `begins_at`, and until when it stays open if it waits."""
    if busy_until is not None and begins_at <= busy_until:
        return Prospect(moment, Fate.OVERLAP), busy_until
    opening = window.opening(begins_at) if window is not None else None
    leaves_at = begins_at if opening is None else max(opening.opens_at, begins_at)
    if end is not None and leaves_at >= end:
        return Prospect(moment, Fate.CUT_OFF), end
    return Prospect(moment, Fate.RUNS, leaves_at), leaves_at if leaves_at > begins_at else None


def _left(rule: Rule, endless: Rule, after: datetime) -> int | None:
    """How many runs the rule still promises after `after`; None without a limit."""
    if rule.run_limit is None:
        return None
    most = rule.run_limit + rule.skipped_count
    return most - min(most, count_moments(endless, after))
