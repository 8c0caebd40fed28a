"""Every table that an admin can look at. Secrets (hashes, tokens, contents of account mails) are in no list."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Boolean, Date, DateTime, Enum, Integer

from mailer.admin.names import REFERENCES
from mailer.admin.overview import Overview
from mailer.admin.tables_of_accounts import AccountEmails, Approvals, Sessions, Tokens, Users
from mailer.admin.tables_of_owners import Clients, Filters, Imports, Mailings, Messages, Suppressions
from mailer.admin.tables_of_sending import (
    Attempts,
    Deliveries,
    MailExchangers,
    MailReports,
    Runs,
    Slices,
    Tallies,
    UnreadMails,
)
from mailer.models.user import User

OVERVIEWS: tuple[type[Overview], ...] = (
    Users, Mailings, Runs, Deliveries, Attempts, MailReports, UnreadMails, Messages, Clients, Filters, Imports,
    Suppressions, Approvals, Tallies, Slices, MailExchangers, AccountEmails, Sessions, Tokens,
)  # fmt: skip
# Tables that have a place of their own, or nothing but secrets.
ELSEWHERE = {
    "blog_posts", "former_slugs",  # the articles of the panel
    "journal",  # the journal
    "instances", "mail_servers",  # the pages of operation and state
    "mailing_clients",  # the mailing's page
    "known_devices", "former_links",  # hashes only
    "link_hits",  # gone within a minute
    "client_counts", "client_texts",  # made of the clients by triggers
    "domain_sums",  # made of the days of runs by triggers
}  # fmt: skip
SAFE = (Integer, Boolean, Date, DateTime, Enum)


def rest() -> tuple[type[Overview], ...]:
    """A list for every other table, so that none is without: ids, numbers, moments and states, never free text."""
    covered = {overview.model.__tablename__ for overview in OVERVIEWS} | ELSEWHERE
    models = {mapper.class_ for mapper in User.registry.mappers if mapper.local_table.name not in covered}
    return tuple(_overview_of(model) for model in sorted(models, key=lambda model: str(model.__tablename__)))


def _overview_of(model: Any) -> type[Overview]:
    table = model.__table__
    shown = tuple(
        column.name for column in table.c if column.name in REFERENCES or isinstance(column.type, SAFE)
    )  # fmt: skip
    labels = CALLED_OTHERWISE.get(table.name, {})
    return type(model.__name__, (Overview,), {"model": model, "shown": shown, "labels": labels})


CALLED_OTHERWISE = {"examinations": {"kind": _l("What was checked")}, "waves": {"number": _l("Wave")}}
