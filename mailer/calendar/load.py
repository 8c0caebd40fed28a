"""How many emails the days to come will bring, and how many people get several on one day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice

from sqlalchemy import func, literal, select, union_all

from mailer.calendar.pages import Day
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.mailing import Mailing
from mailer.sending.runs import audience

MOST_MAILINGS = 30  # each is counted by a look at the owner's whole list
MOST_DAYS = 20  # days with different mailings, each a query over their people


@dataclass(frozen=True, slots=True)
class DayLoad:
    """`email_count`: of the runs to come on a day, as the lists stand now. `several_count`: people who would get more
    than one of them; None where it was not counted."""

    email_count: int
    several_count: int | None


@dataclass(frozen=True, slots=True)
class Load:
    """By day; `is_whole` unless there were more mailings than are counted at once."""

    by_day: dict[date, DayLoad]
    is_whole: bool


def load_of(days: Iterable[Day]) -> Load:
    """Count the moments to come on these days that will bring emails. All must be of one owner's mailings."""
    coming = {day.day: found for day in days if (found := _coming(day))}
    mailings = {mailing.id: mailing for found in coming.values() for mailing in found}
    counted = dict(islice(mailings.items(), MOST_MAILINGS))
    sizes = {id_: audience.shown_summary(mailing).will_get for id_, mailing in counted.items()}
    several: dict[tuple[tuple[int, int], ...], int] = {}
    by_day: dict[date, DayLoad] = {}
    for day, found in coming.items():
        times = Counter(mailing.id for mailing in found if mailing.id in counted)
        kind, is_one = tuple(sorted(times.items())), times.total() <= 1
        if not is_one and kind not in several and len(several) < MOST_DAYS:
            several[kind] = _several(counted, kind)
        email_count = sum(sizes[id_] * number for id_, number in kind)
        by_day[day] = DayLoad(email_count, 0 if is_one else several.get(kind))
    is_whole = len(counted) == len(mailings) and all(load.several_count is not None for load in by_day.values())
    return Load(by_day, is_whole)


def _coming(day: Day) -> list[Mailing]:
    """The mailings of the moments to come, one for each moment."""
    return [entry.mailing for entry in day.entries if entry.prospect and entry.prospect.happens and not entry.is_held]


def _several(mailings: dict[int, Mailing], kind: Sequence[tuple[int, int]]) -> int:
    """How many people these mailings, each so many times, would write to more than once."""
    people = [
        audience.recipients(mailings[id_]).order_by(None).with_only_columns(Client.id, literal(number).label("times"))
        for id_, number in kind
    ]
    every = union_all(*people).subquery()
    twice = select(every.c.id).group_by(every.c.id).having(func.sum(every.c.times) > 1).subquery()
    return db.session.scalar(select(func.count()).select_from(twice)) or 0
