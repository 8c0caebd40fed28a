"""A report as a table for a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _

from mailer.http import zone_label
from mailer.mailings.labels import why
from mailer.reports.labels import kind_labels, outcome_headings
from mailer.reports.queries import KINDS, ReportFigures

AFTER = (
    "unsubscribed", "sent", "successful_attempt", "failed_attempt", "bounced", "complained", "clicked", "opened"
)  # fmt: skip


def table_of(lines: Iterable[ReportFigures], rows: str, timezone: str) -> Iterator[list[object]]:
    """The header in the reader's language, then a row for every line; times are of `timezone`."""
    yield [*_headings(rows, timezone), *_figure_headings(), *_reason_headings()]
    for line in lines:
        figures = [getattr(line.sums, f"{name}_count") for name in ("planned", *outcome_headings(), *AFTER)]
        yield [*_about(line, rows, timezone), *figures, *(_reasons(line, kind) for kind in KINDS)]


def _headings(rows: str, timezone: str) -> list[object]:
    if rows == "user":
        return [_("User"), _("Address"), _("Mailings"), _("Runs"), _("Skipped runs")]
    if rows == "run":
        return [_("Run"), _("Mailing"), _("Owner"), _("Planned (%(zone)s)", zone=zone_label(timezone))]
    return [_("No."), _("Mailing"), _("Owner"), _("Runs"), _("Skipped runs")]


def _figure_headings() -> list[object]:
    return [
        _("Planned people"), *outcome_headings().values(),
        _("Unsubscribed"), _("Emails sent"), _("Successful attempts"), _("Failed attempts"),
        _("Came back"), _("Marked as spam"), _("Clicked"), _("Opened, at least"),
    ]  # fmt: skip


def _reason_headings() -> list[object]:
    return [_("%(kind)s: why", kind=words) for words in kind_labels().values()]


def _about(line: ReportFigures, rows: str, timezone: str) -> list[object]:
    sums, about = line.sums, line.about
    if rows == "user":
        return [about.display_name, about.email, sums.mailing_count, sums.run_count, sums.skipped_count]
    if rows == "run":
        planned = local(about.planned_at, timezone)
        return [line.key, about.mailing.name, about.mailing.owner.display_name, planned]
    return [line.key, about.name, about.owner.display_name, sums.run_count, sums.skipped_count]


def _reasons(line: ReportFigures, kind: str) -> str:
    parts = [f"{why(reason)}: {count}" for reason, count in sorted(line.reasons.get(kind, {}).items())]
    if left := line.unsorted(kind):
        parts.append(_("not sorted yet") + f": {left}")
    return ", ".join(parts)


def local(at: datetime, timezone: str) -> str:
    """A moment by the clocks of `timezone`, as spreadsheets read it."""
    return at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m-%d %H:%M:%S")
