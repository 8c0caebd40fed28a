"""The runs of a mailing beside each other, to be read, printed and taken along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, render_template
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.composing.subject_words import subject_in_words
from mailer.downloads import csv_download
from mailer.extensions import limiter
from mailer.http import zone_label
from mailer.limiting import per_user
from mailer.models.run import Run
from mailer.reports import queries
from mailer.reports.labels import share
from mailer.reports.run_report import arrived, mailing_sums, runs_compared
from mailer.reports.table import local
from mailer.reports.views import bp

COLUMNS_SHOWN = 30  # of the runs of a mailing, in its chart


@bp.get("/mailings/<int:mailing_id>")
@requires(Permission.SEND, Permission.OVERSEE)
def compare_runs(mailing_id: int) -> str:
    """On the screen, and all of them together."""
    return _shown("reports/mailing.html", mailing_id)


@bp.get("/mailings/<int:mailing_id>/print")
@requires(Permission.SEND, Permission.OVERSEE)
def print_compared(mailing_id: int) -> str:
    """On paper."""
    return _shown("reports/mailing_print.html", mailing_id)


@bp.get("/mailings/<int:mailing_id>/runs.csv")
@requires(Permission.SEND, Permission.OVERSEE)
@limiter.limit("10 per minute", key_func=per_user)
def export_compared(mailing_id: int) -> Response:
    """For a spreadsheet: counts and shares of every run, nothing where a run did not count it."""
    mailing, zone = queries.mailing_to_report(mailing_id, current_user), current_user.timezone
    number, language = mailing.id, current_user.language

    def table(session: Any) -> Iterator[list[object]]:
        yield [
            _("Run"), _("Planned (%(zone)s)", zone=zone_label(zone)), _("Subject"), _("Planned people"), _("Accepted"),
            *(word for name in _figures() for word in (name, _("%(figure)s, share", figure=name))),
        ]  # fmt: skip
        for one in runs_compared(number, None, session):
            subject = subject_in_words(one.snapshot["subject"], language)
            yield [one.id, local(one.planned_at, zone), subject, one.planned_count, one.accepted_count, *_counts(one)]

    return csv_download(f"runs-of-mailing-{number}.csv", table)


def _figures() -> list[str]:
    return [_("Came back"), _("Opened, at least"), _("Clicked"), _("Unsubscribed")]


def _counts(one: Run) -> list[object]:
    of_all, asked = arrived(one), one.snapshot.get("tracking") or {}
    return [
        one.came_back_count, share(one.came_back_count, one.accepted_count),
        *((one.opened_count, share(one.opened_count, of_all)) if asked.get("opens") else ("", "")),
        *((one.clicked_count, share(one.clicked_count, of_all)) if asked.get("clicks") else ("", "")),
        one.unsubscribed_count, share(one.unsubscribed_count, of_all),
    ]  # fmt: skip


def _percents(one: Run) -> tuple[float, float]:
    of_all = arrived(one)
    return (100 * one.clicked_count / of_all, 100 * one.unsubscribed_count / of_all) if of_all > 0 else (0.0, 0.0)


def _shown(template: str, mailing_id: int) -> str:
    mailing = queries.mailing_to_report(mailing_id, current_user)
    runs = runs_compared(mailing.id)
    return render_template(
        template,
        mailing=mailing,
        runs=runs,
        sums=mailing_sums(mailing),
        columns=[(one.planned_at, *_percents(one)) for one in reversed(runs[:COLUMNS_SHOWN])],
        share=share,
        arrived=arrived,
    )
