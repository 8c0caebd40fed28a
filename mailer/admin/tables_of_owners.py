"""What users make: clients, filters, imports, messages, mailings."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement

from mailer.admin.overview import Overview
from mailer.mailings.queries import STATUS_IS
from mailer.models.client import Client, ClientFilter, Suppression
from mailer.models.client_import import ClientImport
from mailer.models.mailing import Mailing, MailingStatus
from mailer.models.message import Message
from mailer.recurrence.moments import resolve
from mailer.recurrence.rule import Period, zone_named


class Clients(Overview):
    """Everybody's recipients."""

    model, is_large = Client, True
    shown = ("id", "owner_id", "email", "last_name", "first_name", "tags", "deleted_at")
    more = (
        "patronymic", "birth_year", "language", "timezone", "comment", "attributes", "import_id", "created_at",
        "updated_at",
    )  # fmt: skip
    column_searchable_list = ("email_key",)
    labels = {"email_key": _l("Address")}


class Suppressions(Overview):
    """Addresses that must not be written to."""

    model, is_large = Suppression, True
    shown = ("owner_id", "email_key", "reason", "run_id", "created_at")
    labels = {"email_key": _l("Address"), "run_id": _l("Run whose link was used")}
    column_searchable_list = ("email_key",)
    choices, dated = ("reason",), "created_at"


class Filters(Overview):
    """Conditions on clients under a name."""

    model = ClientFilter
    shown = ("id", "owner_id", "name", "tree", "created_at")
    column_searchable_list = ("name",)


class Imports(Overview):
    """Uploads of clients."""

    model = ClientImport
    shown = ("id", "owner_id", "file_name", "state", "row_count", "done_count", "created_at")
    more = ("created_count", "updated_count", "unchanged_count", "rejected_count", "error", "started_at", "finished_at")
    column_searchable_list = ("file_name",)
    choices, dated = ("state",), "created_at"


class Messages(Overview):
    """Contents."""

    model = Message
    shown = ("id", "owner_id", "subject", "updated_at", "deleted_at")
    more = ("text_body", "html_body", "created_at")
    column_searchable_list = ("subject",)
    dated = "updated_at"


def _moment(local: datetime | None, zone: str) -> datetime | None:
    """A wall-clock time of a mailing's own zone as a moment: all dates of the panel are in the reader's zone."""
    return resolve(local, zone_named(zone)).at if local is not None else None


class Mailings(Overview):
    """What is sent to whom and when."""

    model = Mailing
    shown = ("id", "owner_id", "name", "status", "period", "next_run_at", "last_run_at", "completed_at")
    more = (
        "message_id", "audience", "tags", "segment_ids", "left_out_ids", "starts_at", "finishes_at", "timezone",
        "paused_at",
        "disabled_at", "disabled_by_id", "disabled_reason", "created_at", "updated_at", "deleted_at",
    )  # fmt: skip
    computed = {
        "status": lambda mailing: mailing.status,
        "starts_at": lambda mailing: _moment(mailing.starts_local, mailing.timezone),
        "finishes_at": lambda mailing: _moment(mailing.ends_local, mailing.timezone),
    }
    labels = {"timezone": _l("Zone of its calendar")}
    column_searchable_list = ("name",)
    choices, dated = ("status", "period"), "created_at"

    def kinds(self) -> dict[str, type[StrEnum]]:
        """The states and rhythms that a filter offers."""
        return {"status": MailingStatus, "period": Period}

    def is_value(self, name: str, value: Any) -> ColumnElement[bool]:
        """The condition behind a chosen value; a state is worked out from several columns."""
        return STATUS_IS[value] if name == "status" else super().is_value(name, value)
