"""How warm-ups stand: each provider's ceiling of today, why, and what of it is used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from flask import current_app
from sqlalchemy import Select, func, select
from sqlalchemy.orm import aliased

from mailer.clock import today_in
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.delivery import UNFINISHED, Delivery
from mailer.models.mail_exchanger import MailExchanger
from mailer.models.run import Run
from mailer.models.warm_up import CeilingReason, WarmUp, WarmUpDay
from mailer.recipient_domains import GROUP_OF, OTHERS
from mailer.sending import warm_ups
from mailer.sending.warm_up_plan import Plan, days_ahead, days_needed, days_until_warm, next_day

A_YEAR = 365  # days: no date beyond is told
MOST_COUNTED = 200_000  # people of other runs who wait: more are as many days as nobody plans for
NO_PLANS: Mapping[int, Plan] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ProviderToday:
    """One provider of a plan today. A day that nobody has opened yet is worked out as a worker would open it."""

    name: str  # one of `warm_ups.NAMES`
    ceiling: int | None  # None: warm
    used_count: int
    step: CeilingReason
    since: date  # of the first day that is as this one
    before: WarmUpDay | None  # the day that made it so
    warm_on: date | None  # at the earliest; None: it is, or the growth is paused

    @property
    def left_count(self) -> int | None:
        """How many more go today; None: any number."""
        return None if self.ceiling is None else max(0, self.ceiling - self.used_count)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """How long it takes until all of a provider's people of an audience have got their mail, if each day is good and
    those of other runs who wait for its places go before them."""

    name: str
    count: int
    ahead_count: int  # people of other runs who wait for places of the same provider
    today_count: int
    ceiling: int
    last_on: date | None  # None: in more than a year
    day_count: int  # 1: tomorrow
    is_held: bool  # the growth is paused: each day has the room of today's ceiling


def service_today() -> date:
    """The day in the service's zone, which is that of the ceilings."""
    return today_in(current_app.config["BABEL_DEFAULT_TIMEZONE"])


def standing(warm_up: WarmUp, plan: Plan | None = None) -> list[ProviderToday]:
    """Its providers, in the order of `warm_ups.NAMES`; under another plan than its own, as they would stand."""
    return standings([warm_up], {warm_up.id: plan} if plan is not None else {}).get(warm_up.id, [])


def standings(several: Sequence[WarmUp], other_plans: Mapping[int, Plan] = NO_PLANS) -> dict[int, list[ProviderToday]]:
    """Those of several warm-ups, by id."""
    place = func.row_number().over(partition_by=(WarmUpDay.warm_up_id, WarmUpDay.name), order_by=WarmUpDay.day.desc())
    ranked = select(WarmUpDay, place.label("place")).where(WarmUpDay.warm_up_id.in_([each.id for each in several]))
    rows = ranked.subquery()
    latest = aliased(WarmUpDay, rows)
    days: dict[tuple[int, str], list[WarmUpDay]] = {}
    for day in db.session.scalars(select(latest).where(rows.c.place <= 2).order_by(rows.c.place)):
        days.setdefault((day.warm_up_id, day.name), []).append(day)
    today, plans = service_today(), {each.id: other_plans.get(each.id) or warm_ups.plan_of(each) for each in several}
    found: dict[int, list[ProviderToday]] = {}
    for (id_, _name), of_name in sorted(days.items(), key=lambda item: warm_ups.NAMES.index(item[0][1])):
        found.setdefault(id_, []).append(_provider(plans[id_], of_name, today))
    return found


def _provider(plan: Plan, days: list[WarmUpDay], today: date) -> ProviderToday:
    last, *earlier = days
    if last.day >= today:
        ceiling, step, used, before = last.ceiling, last.step, last.used_count, earlier[0] if earlier else None
    else:
        (ceiling, step), used, before = next_day(plan, warm_ups.passed(last)), 0, last
    warm_on = None
    if ceiling is not None and not plan.is_held:
        warm_on = max(today, last.day) + timedelta(days=days_until_warm(plan, ceiling))
    return ProviderToday(last.name, ceiling, used, step, max(today, last.day), before, warm_on)


def tracks(plan: Plan, providers: Iterable[ProviderToday]) -> list[tuple[list[str], list[int]]]:
    """The ceilings of the days ahead, if each is good, today's first; providers of one ceiling together."""
    of_ceiling: dict[int, list[str]] = {}
    for each in providers:
        if each.ceiling is not None:
            of_ceiling.setdefault(each.ceiling, []).append(each.name)
    return [(names, list(days_ahead(plan, ceiling))) for ceiling, names in sorted(of_ceiling.items())]


def shortfalls(domain: str, people: Select[tuple[Client]]) -> list[Shortfall]:
    """For whom of the clients that would be written to from this domain today's room is too small."""
    warm_up = warm_ups.of_domain(domain)
    if warm_up is None:
        return []
    counts, ahead = _counts(people), waiting_counts(warm_up)
    plan, today = warm_ups.plan_of(warm_up), service_today()
    found = []
    for each in standing(warm_up):
        count, ahead_count = counts.get(each.name, 0), ahead.get(each.name, 0)
        if not count or each.ceiling is None or count + ahead_count <= (each.left_count or 0):
            continue
        day_count, room = days_needed(plan, each.ceiling, each.used_count, count + ahead_count)
        today_count = max(0, room - ahead_count)
        last_on = today + timedelta(days=day_count) if day_count <= A_YEAR else None
        found.append(
            Shortfall(each.name, count, ahead_count, today_count, each.ceiling, last_on, day_count, plan.is_held)
        )
    return found


def waiting_counts(warm_up: WarmUp) -> dict[str, int]:
    """By provider: how many people of open runs from this domain wait; `MOST_COUNTED` at most are counted."""
    sender = Run.snapshot["from_email"].astext
    of_domain = sender.is_(None) if warm_up.owner_id is None else sender.endswith(f"@{warm_up.domain}", autoescape=True)
    among = select(func.split_part(Delivery.email_key, "@", -1).label("domain")).join(Run, Run.id == Delivery.run_id)
    among = among.where(Run.closed_at.is_(None), Run.waiting_count > 0, of_domain, Delivery.state.in_(UNFINISHED))
    return _by_provider(among.limit(MOST_COUNTED))


def _counts(people: Select[tuple[Client]]) -> dict[str, int]:
    return _by_provider(
        people.with_only_columns(func.split_part(Client.email_key, "@", -1).label("domain")).order_by(None)
    )


def _by_provider(among: Select[Any]) -> dict[str, int]:
    """How many of `domain` belong to each provider."""
    groups = (
        func.unnest(list(GROUP_OF), list(GROUP_OF.values()))
        .table_valued("domain", "name", name="providers")
        .render_derived()
    )
    people_by_domain = among.subquery()
    name = func.coalesce(groups.c.name, MailExchanger.group_name, OTHERS)
    joined = select(name, func.count()).select_from(people_by_domain)
    joined = joined.outerjoin(groups, groups.c.domain == people_by_domain.c.domain)
    joined = joined.outerjoin(MailExchanger, MailExchanger.domain == people_by_domain.c.domain).group_by(name)
    return dict(db.session.execute(joined).tuples().all())
