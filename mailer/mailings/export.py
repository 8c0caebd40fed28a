"""The deliveries of a run as a CSV file that a spreadsheet opens without running anything."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Any

from flask_babel import gettext as _
from flask_babel import pgettext
from sqlalchemy import Row

from mailer.mailings.verdicts import reason_words
from mailer.models.delivery import DeliveryState
from mailer.smtp.results import Outcome

# OWASP: what a spreadsheet takes for the beginning of a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|")
ROWS_A_CHUNK = 500


def csv_chunks(rows: Iterable[Row[Any]]) -> Iterator[str]:
    """The file piece by piece: RFC 4180 with a byte order mark and semicolons, as our readers' spreadsheets expect."""
    buffer = StringIO()
    writer = csv.writer(buffer, delimiter=";")
    buffer.write("\ufeff")
    writer.writerow(_header())
    for number, row in enumerate(rows, start=1):
        writer.writerow([safe(value) for value in _cells(row)])
        if number % ROWS_A_CHUNK == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def safe(value: object) -> str:
    """A cell's text; what would be a formula is kept from being one."""
    text = "" if value is None else str(value).replace("\0", "")
    return f"'{text}" if text.startswith(_FORMULA) else text


def delivery_words(state: DeliveryState) -> str:
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


def outcome_words(outcome: Outcome) -> str:
    """What came of a try, as the pages say it."""
    return {
        Outcome.ACCEPTED: _("successful"),
        Outcome.TRANSIENT: _("not successful: try again later"),
        Outcome.PERMANENT: _("not successful: refused"),
        Outcome.IN_DOUBT: _("not successful: in doubt"),
        Outcome.ABORTED: _("not successful: interrupted"),
        Outcome.SERVER_FAULT: _("not successful: server fault"),
    }[outcome]


def _header() -> list[str]:
    return [
        _("No."),
        _("E-mail"),
        _("Name"),
        _("State"),
        _("Reason"),
        _("Attempts"),
        _("Outcome of the last attempt"),
        _("SMTP code"),
        _("Enhanced code"),
        _("Answer of the server"),
        _("Time of the last attempt (UTC)"),
    ]


def _cells(row: Row[Any]) -> list[object]:
    return [
        row.position,
        row.email,
        " ".join(part for part in (row.last_name, row.first_name, row.patronymic) if part),
        delivery_words(row.state),
        reason_words(row.reason),
        row.attempt_count,
        row.outcome and outcome_words(row.outcome),
        row.smtp_code,
        row.enhanced_code,
        row.response,
        row.finished_at and row.finished_at.strftime("%Y-%m-%d %H:%M:%S"),
    ]


def _taken(buffer: StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text
