"""The report of a run, to be read, printed and taken along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, abort, render_template
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.downloads import csv_download
from mailer.extensions import limiter
from mailer.limiting import per_user
from mailer.mailings.runs.reactions import rule_label, verdict_label
from mailer.mailings.runs.summary import verdict
from mailer.messages.views import as_mail
from mailer.models.run import Run
from mailer.reports.labels import share
from mailer.reports.letter_picture import with_shares
from mailer.reports.run_report import arrived, report_of, run_to_report
from mailer.reports.views import bp


@bp.get("/runs/<int:run_id>")
@requires(Permission.SEND, Permission.OVERSEE)
def run(run_id: int) -> str:
    """On the screen."""
    return _shown("reports/run.html", run_to_report(run_id, current_user))


@bp.get("/runs/<int:run_id>/print")
@requires(Permission.SEND, Permission.OVERSEE)
def print_run(run_id: int) -> str:
    """On paper."""
    return _shown("reports/run_print.html", run_to_report(run_id, current_user))


@bp.get("/runs/<int:run_id>/letter")
@requires(Permission.SEND, Permission.OVERSEE)
def run_preview_html(run_id: int) -> Response:
    """The letter with the shares behind its links, for the frame of the report; 404 for one without HTML."""
    found = run_to_report(run_id, current_user)
    if not found.is_tracked or not found.snapshot["html"].strip():
        abort(404)
    lines = report_of(found, current_user.timezone).links
    words = {line.number: f"{share(line.people, arrived(found))} · {line.people}" for line in lines}
    return as_mail(with_shares(found, words))


@bp.get("/runs/<int:run_id>/links.csv")
@requires(Permission.SEND, Permission.OVERSEE)
@limiter.limit("10 per minute", key_func=per_user)
def export_run(run_id: int) -> Response:
    """The links for a spreadsheet."""
    found = run_to_report(run_id, current_user)
    zone, of_all = current_user.timezone, arrived(found)

    def table(session: Any) -> Iterator[list[object]]:
        yield [_("No."), _("Address"), _("People"), _("Share"), _("Probably robots"), _("Robots")]
        for line in report_of(found, zone, session).links:
            yield [line.number, line.address, line.people, share(line.people, of_all), line.probably, line.machines]

    return csv_download(f"links-{run_id}.csv", table)


def _shown(template: str, found: Run) -> str:
    return render_template(
        template,
        run=found,
        mailing=found.mailing,
        report=report_of(found, current_user.timezone),
        verdict=verdict(found),
        arrived=arrived(found),
        share=share,
        verdict_label=verdict_label,
        rule_label=rule_label,
        is_own=found.owner_id == current_user.id,
    )
