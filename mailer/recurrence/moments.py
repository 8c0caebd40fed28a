"""A rule's moments: dates of the calendar laid on the clocks of a zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import islice
from zoneinfo import ZoneInfo

from mailer.recurrence.candidates import candidates
from mailer.recurrence.rule import Rule, zone_named

# A clock change moves a moment by a day at most (Samoa skipped a whole one), and a zone is less than a day from UTC.
REACH = timedelta(days=3)


class Note(StrEnum):
    """Why a moment is not quite what the rule says."""

    SHORT_MONTH = "short_month"  # the month has no such day: its last one
    SPRING_GAP = "spring_gap"  # the clocks skip that time: later by the gap
    AUTUMN_FOLD = "autumn_fold"  # the clocks show that time twice: the first


@dataclass(frozen=True, slots=True)
class Moment:
    """One firing. `local` is the planned wall-clock time and names the occurrence, even if the clocks skip it;
    `at` is the real moment, aware, in UTC."""

    local: datetime
    at: datetime
    note: Note | None = None

    @property
    def key(self) -> str:
        """The occurrence's name, such as `2026-03-31T09:00`."""
        return self.local.isoformat(timespec="minutes")


def moments(rule: Rule, after: datetime | None = None) -> Iterator[Moment]:
    """The rule's moments in order, strictly after `after` (aware), else from the first. It may never end."""
    return (moment for moment in _moments_around(rule, after) if after is None or moment.at > after)


def next_moment(rule: Rule, after: datetime) -> Moment | None:
    """The first moment strictly after `after` (aware)."""
    return next(moments(rule, after), None)


def latest_moment(rule: Rule, at: datetime) -> Moment | None:
    """The last moment that is not after `at` (aware)."""
    latest = None
    for moment in _moments_around(rule, at):
        if moment.at > at:
            break
        latest = moment
    return latest


def upcoming(rule: Rule, after: datetime, count: int) -> list[Moment]:
    """At most `count` moments strictly after `after` (aware)."""
    return list(islice(moments(rule, after), count))


def resolve(local: datetime, zone: ZoneInfo) -> Moment:
    """The real moment of a wall-clock time.

    `fold=0` is just what we promise (PEP 495): in a gap the offset from before it, which lands later by
    the gap; in a fold the first of the two.
    """
    first = local.replace(tzinfo=zone, fold=0)
    at = first.astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != local:
        return Moment(local, at, Note.SPRING_GAP)
    if first.utcoffset() != first.replace(fold=1).utcoffset():
        return Moment(local, at, Note.AUTUMN_FOLD)
    return Moment(local, at)


def _moments_around(rule: Rule, at: datetime | None) -> Iterator[Moment]:
    """The moments up to the rule's end, strictly rising, from one surely not after `at` on (or from the first)."""
    zone = zone_named(rule.zone)
    end = resolve(rule.until, zone).at if rule.until is not None else None
    previous = None
    for moment in _planned(rule, zone, _start(rule, at, end)):
        if end is not None and moment.at >= end:
            return
        # A day that the calendar skips falls on the next one's moment: that fires once.
        if previous is None or moment.at > previous:
            yield moment
        previous = moment.at


def _start(rule: Rule, at: datetime | None, end: datetime | None) -> date:
    """A date to count from that is early enough not to miss the last moment before `at`, nor before the end."""
    if at is None:
        return rule.first.date()
    if at.tzinfo is None:
        raise ValueError("an aware time is needed")
    reference = min(at, end) if end is not None else at
    return reference.astimezone(UTC).date() - REACH


def _planned(rule: Rule, zone: ZoneInfo, start: date) -> Iterator[Moment]:
    for candidate in candidates(rule, start):
        moment = resolve(datetime.combine(candidate.day, rule.first.time()), zone)
        if candidate.is_shortened and moment.note is None:
            moment = replace(moment, note=Note.SHORT_MONTH)
        yield moment
