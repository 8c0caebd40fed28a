"""Every table that an admin can look at. Secrets (hashes, tokens, contents of account mails) are in no list."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Boolean, Date, DateTime, Enum, Integer

from mailer.admin.names import REFERENCES
from mailer.admin.overview import Overview
from mailer.admin.tables_of_accounts import AccountEmails, Approvals, Sessions, Tokens, Users
from mailer.admin.tables_of_owners import Clients, Filters, Imports, Mailings, Messages, Suppressions
from mailer.admin.tables_of_sending import Attempts, Deliveries, MailReports, Runs, Slices, Tallies, UnreadMails
from mailer.models.user import User

OVERVIEWS: tuple[type[Overview], ...] = (
    Users, Mailings, Runs, Deliveries, Attempts, MailReports, UnreadMails, Messages, Clients, Filters, Imports,
    Suppressions, Approvals, Tallies, Slices, AccountEmails, Sessions, Tokens,
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
    what = {"title": TITLES.get(table.name, table.name), "labels": CALLED_OTHERWISE.get(table.name, {})}
    return type(model.__name__, (Overview,), {"model": model, "shown": shown, **what})


CALLED_OTHERWISE = {"examinations": {"kind": _l("What was checked")}, "waves": {"number": _l("Wave")}}


TITLES: dict[str, Any] = {
    "calendar_feeds": _l("Calendar feeds"),
    "client_fields": _l("Own fields"),
    "client_merges": _l("Merged clients"),
    "clients_apart": _l("Clients kept apart"),
    "drafts": _l("Drafts"),
    "enrolments": _l("People in series"),
    "holiday_changes": _l("Changed holidays"),
    "reactions": _l("Clicks and opens"),
    "reaction_totals": _l("Click and open totals"),
    "reaction_hours": _l("Clicks and opens by the hour"),
    "letter_desks": _l("Letters in progress"),
    "letter_versions": _l("Letter versions"),
    "own_templates": _l("Own templates"),
    "own_blocks": _l("Own blocks"),
    "attachments": _l("Message files"),
    "examinations": _l("Message checks"),
    "file_contents": _l("File contents"),
    "own_themes": _l("Letter themes"),
    "run_faults": _l("Mail server faults"),
    "own_addresses": _l("Reply addresses"),
    "pictures": _l("Pictures"),
    "second_factors": _l("Second factors"),
    "series": _l("Series"),
    "series_steps": _l("Series steps"),
    "sign_up_forms": _l("Sign-up forms"),
    "sign_ups": _l("Sign-ups"),
    "consent_texts": _l("Consent texts"),
    "topics": _l("Topics"),
    "sending_domains": _l("Own domains"),
    "domain_keys": _l("Domain keys"),
    "domain_days": _l("Recipient domains by day"),
    "recipient_paces": _l("Paces of recipient domains"),
    "waves": _l("Waves of runs"),
    "run_holds": _l("Runs that wait for a pace"),
    "warm_ups": _l("Warm-ups"),
    "warm_up_days": _l("Days of warm-ups"),
}
