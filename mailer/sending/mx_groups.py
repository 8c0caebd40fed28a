"""Which domains share a great provider's pace and ceilings, because it takes their mail: what is kept of their MX.

Workers only read here; the DNS is asked by a job (`mx_looks`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from mailer.extensions import db
from mailer.models.mail_exchanger import MailExchanger
from mailer.recipient_domains import GROUP_OF, domain_of

EXAMPLES = 5
KEPT = "SELECT domain, group_name FROM mail_exchangers WHERE domain = ANY(%s) AND group_name IS NOT NULL"


@dataclass(frozen=True, slots=True)
class GroupByMx:
    """The domains whose mail one provider takes."""

    name: str  # a group of `recipient_domains`
    count: int
    examples: list[str]  # the first by name


def kept_groups(cursor: Any, addresses: Iterable[str]) -> dict[str, str]:
    """The group of each of the addresses' domains that the DNS puts into one; `cursor` is one of psycopg2."""
    domains = {domain_of(address) for address in addresses} - GROUP_OF.keys()
    if not domains:
        return {}
    cursor.execute(KEPT, (sorted(domains),))
    return dict(cursor.fetchall())


def groups_by_mx() -> list[GroupByMx]:
    """All of them, the largest first."""
    place = func.row_number().over(partition_by=MailExchanger.group_name, order_by=MailExchanger.domain)
    rows = (
        select(MailExchanger.group_name.label("name"), MailExchanger.domain, place.label("place"))
        .where(MailExchanger.group_name.is_not(None))
        .subquery()
    )
    first = func.array_agg(rows.c.domain).filter(rows.c.place <= EXAMPLES)
    query = select(rows.c.name, func.count(), first).group_by(rows.c.name).order_by(func.count().desc(), rows.c.name)
    return [GroupByMx(name, count, sorted(examples)) for name, count, examples in db.session.execute(query)]
