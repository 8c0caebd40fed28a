"""What becomes of moments that the service was not there for: at most the last one still runs, and only soon after."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import takewhile

from mailer.models.mailing import Mailing
from mailer.recurrence.moments import Moment, end_at, moments, next_moment
from mailer.recurrence.rule import Period
from mailer.sending.runs.wave_plan import last_wave

LONGEST = timedelta(hours=12)  # by default
ALWAYS_ALLOWED = timedelta(minutes=1)  # a restart is no outage
MOST_MISSED = 1000  # rows written for one outage


def due_moments(mailing: Mailing, now: datetime) -> list[Moment]:
    """The moment the mailing points at and those after it up to `now`.

    Also those beyond its number of runs, which counts runs that really happen.
    """
    assert mailing.next_run_at is not None
    assert mailing.next_run_local is not None
    present = Moment(mailing.next_run_local, mailing.next_run_at)
    every = moments(replace(mailing.rule, run_limit=None), mailing.moved_from_at or present.at)
    return [present, *takewhile(lambda moment: moment.at <= now, every)]


def is_too_late(mailing: Mailing, moment: Moment, now: datetime) -> bool:
    """Whether a run of `moment` would come too late by the mailing's rule.

    A calendar saved after its moment promised nothing before: lateness counts from then on. A run in waves is too late
    when its last wave is.
    """
    end = end_at(mailing.ends_local, mailing.timezone)
    since = max(moment.at, mailing.calendar_since or moment.at)
    limit = max(late_limit(mailing, moment), ALWAYS_ALLOWED)
    if now - since <= limit and not (end is not None and end <= now):
        return False
    behind = last_wave(mailing, moment) - moment.at
    return now - max(moment.at + behind, since) > limit or (end is not None and end + behind <= now)


def was_held(mailing: Mailing, moment: Moment, confirmed_at: datetime | None) -> bool:
    """Whether `moment` passed before sending was last resumed: of the mailing, of its owner, or of the whole service.

    A calendar saved afterwards with a moment of the past was meant. Of a run in waves the last one counts.
    """
    passed_at = max(moment.at, mailing.calendar_since or moment.at)
    if not mailing.in_waves or not released_after(mailing, passed_at, confirmed_at):
        return released_after(mailing, passed_at, confirmed_at)
    return released_after(mailing, max(last_wave(mailing, moment), passed_at), confirmed_at)


def released_after(mailing: Mailing, passed_at: datetime, confirmed_at: datetime | None) -> bool:
    """Whether sending was last resumed after that moment: of the mailing, of its owner, or of the whole service."""
    released = (mailing.released_at, mailing.owner.unblocked_at, confirmed_at)
    return any(at is not None and passed_at < at for at in released)


def late_limit(mailing: Mailing, moment: Moment) -> timedelta:
    """How late a run of `moment` may begin: as the mailing says, else half the time to the next one, 12 hours at most.

    A single run with an end may begin until then.
    """
    if mailing.late_limit_minutes is not None:
        return timedelta(minutes=mailing.late_limit_minutes)
    if mailing.period is Period.ONCE:
        end = end_at(mailing.ends_local, mailing.timezone)
        return end - moment.at if end is not None else LONGEST
    following = next_moment(mailing.rule, moment.at)
    return min((following.at - moment.at) / 2, LONGEST) if following is not None else LONGEST
