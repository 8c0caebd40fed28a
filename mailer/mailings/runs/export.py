"""The deliveries of a run as a table, and the words of their states."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy import Row

from mailer.http import zone_label
from mailer.mailings.labels import reason_label
from mailer.models.delivery import CameBack, DeliveryState
from mailer.smtp.results import Outcome


def table_of(
    rows: Iterable[Row[Any]], timezone: str, planned_at_of: Callable[[int], datetime]
) -> Iterator[list[object]]:
    """The header in the reader's language, then a row for every recipient; times are of the reader's `timezone`.

    `planned_at_of`: when the person at a position was to get it.
    """
    yield _header(timezone)
    zone = ZoneInfo(timezone)
    returned = cache(came_back_label)
    states, reasons, outcomes = cache(delivery_label), cache(reason_label), cache(outcome_label)  # of one language
    for row in rows:
        yield [
            row.position,
            row.email,
            " ".join(part for part in (row.last_name, row.first_name, row.patronymic) if part),
            states(row.state),
            reasons(row.reason),
            row.attempt_count,
            row.outcome and outcomes(row.outcome),
            row.smtp_code,
            row.enhanced_code,
            row.response,
            row.finished_at and row.finished_at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
            row.came_back and returned(row.came_back),
            planned_at_of(row.position).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S"),
        ]


def delivery_label(state: DeliveryState) -> str:
    """What became of a recipient, as the pages say it."""
    return {
        DeliveryState.WAITING: pgettext("delivery", "waiting"),
        DeliveryState.DEFERRED: _("will be tried again"),
        DeliveryState.IN_DOUBT: _("in doubt"),
        DeliveryState.ACCEPTED: _("accepted"),
        DeliveryState.REFUSED: _("refused"),
        DeliveryState.UNCERTAIN: _("uncertain"),
        DeliveryState.EXCLUDED: _("excluded"),
        DeliveryState.STOPPED: _("stopped"),
    }[state]


def came_back_label(what: CameBack) -> str:
    """What came back of an accepted email, as the pages say it."""
    return {
        CameBack.TRANSIENT: _("came back: could not be delivered"),
        CameBack.PERMANENT: _("came back: undeliverable"),
        CameBack.COMPLAINED: _("marked as spam"),
    }[what]


def outcome_label(outcome: Outcome) -> str:
    """What came of a try, as the pages say it."""
    return {
        Outcome.ACCEPTED: _("successful"),
        Outcome.TRANSIENT: _("not successful: try again later"),
        Outcome.PERMANENT: _("not successful: refused"),
        Outcome.IN_DOUBT: _("not successful: in doubt"),
        Outcome.ABORTED: _("not successful: interrupted"),
        Outcome.SERVER_FAULT: _("not successful: server fault"),
    }[outcome]


def _header(timezone: str) -> list[object]:
    return [
        _("No."),
        _("Email"),
        _("Name"),
        _("State"),
        _("Reason"),
        _("Attempts"),
        _("Outcome of the last attempt"),
        _("SMTP code"),
        _("Enhanced code"),
        _("Server response"),
        _("Time of the last attempt (%(zone)s)", zone=zone_label(timezone)),
        _("Came back"),
        _("Planned (%(zone)s)", zone=zone_label(timezone)),
    ]
