"""Moments by the clocks of the people: where a series says so, its times of day are those of each client's own zone.

Everybody is written down by the series' zone first, and those who live elsewhere are then put right: few statements,
whatever the number of people. A zone that changes while somebody waits counts from their next step on; who moved west
is asked again when they are due, and waits the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice

from sqlalchemy import ColumnElement, func, select, update

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.series import Enrolment, Series, SeriesStep

FIRST_ON_EARTH = "Etc/GMT-14"  # where each day comes first
_PART = 5000  # people in one statement


def zone_for(series: Series, client_zone: str) -> str:
    """The zone whose clocks count for a client of that zone (empty: not known)."""
    return client_zone if series.in_own_zones and client_zone else str(series.timezone)


def matter(series: Series, step: SeriesStep) -> bool:
    """Whether people of different zones wait for different moments of this step."""
    return bool(series.in_own_zones) and step.at_time is not None


def put_right(series: Series, people: Mapping[int, int], moment_in: Callable[[str], datetime]) -> None:
    """Write the moments of those who live in another zone than the series': `people` are clients by enrolment, and
    `moment_in` says when those of a zone are due. No commit."""
    enrolments, moments = iter(people.items()), dict[str, datetime]()
    while part := dict(islice(enrolments, _PART)):
        zones = _other_zones(series, part)
        due: defaultdict[datetime, list[int]] = defaultdict(list)
        for enrolment_id, client_id in part.items():
            if (zone := zones.get(client_id)) is not None:
                if zone not in moments:
                    moments[zone] = moment_in(zone)
                due[moments[zone]].append(enrolment_id)
        for moment, ids in due.items():
            db.session.execute(
                update(Enrolment)
                .where(Enrolment.id.in_(ids))
                .values(due_at=moment)
                .execution_options(synchronize_session=False)
            )


def not_before_the_start(series: Series, moment_in: Callable[[str], datetime]) -> list[ColumnElement[bool]]:
    """A condition on clients: their moment had not passed when the series was started."""
    zone = func.coalesce(func.nullif(Client.timezone, ""), series.timezone)
    own = select(zone).where(Client.owner_id == series.owner_id, Client.deleted_at.is_(None)).distinct()
    started = series.started_at
    passed = [name for name in db.session.scalars(own) if started is not None and moment_in(name) < started]
    return [zone.not_in(passed)] if passed else []


def _other_zones(series: Series, people: Mapping[int, int]) -> dict[int, str]:
    asked = select(Client.id, Client.timezone).where(
        Client.id.in_(people.values()), Client.timezone.not_in(["", series.timezone])
    )
    return dict(db.session.execute(asked).tuples().all())
