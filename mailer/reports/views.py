"""Reports over any period: a page, a file for a spreadsheet, and a page to print."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.clock import today_in
from mailer.downloads import csv_download
from mailer.errors import Refusal, UnknownChoice, choice_in
from mailer.extensions import limiter
from mailer.input_limits import number_or_none, page_number
from mailer.limiting import per_user
from mailer.mailings.labels import why
from mailer.mailings.runs.summary import verdict
from mailer.models.mailing import Mailing
from mailer.models.user import User
from mailer.periods import parse_period, presets
from mailer.reports import queries
from mailer.reports.labels import kind_labels
from mailer.reports.queries import Scope
from mailer.reports.table import table_of

bp = Blueprint("reports", __name__, url_prefix="/reports")
MOST_PRINTED = 1000


@bp.get("")
@requires(Permission.SEND, Permission.OVERSEE)
def index() -> ResponseReturnValue:
    """The report on the screen."""
    number, about = page_number(), _about()
    try:
        return _page("reports/index.html", about, number, queries.PAGE_LENGTH)
    except Refusal as refusal:
        return render_template("reports/index.html", refusal=str(refusal), **about), 422


@bp.get("/print")
@requires(Permission.SEND, Permission.OVERSEE)
def printed() -> ResponseReturnValue:
    """The same on paper: all rows, up to a bound that is said."""
    try:
        return _page("reports/print.html", _about(), 1, MOST_PRINTED)
    except Refusal:
        raise UnknownChoice("from", f"{request.args.get('from', '')}…{request.args.get('to', '')}") from None


@bp.get("/report.csv")
@requires(Permission.SEND, Permission.OVERSEE)
@limiter.limit("10 per minute", key_func=per_user)
def export() -> Response:
    """The same for a spreadsheet, with the reasons of each row."""
    about = _about()
    try:
        scope = _scope(about)
    except Refusal:
        raise UnknownChoice("from", f"{request.args.get('from', '')}…{request.args.get('to', '')}") from None
    rows, zone = about["rows"], current_user.timezone
    name = f"report-{today_in(zone)}.csv"
    return csv_download(name, lambda session: table_of(queries.every_line(session, scope, rows), rows, zone))


def _page(template: str, about: dict[str, Any], number: int, length: int) -> str:
    scope = _scope(about)
    lines, has_more = queries.page(scope, about["rows"], number, length)
    return render_template(
        template,
        scope=scope,
        total=queries.total(scope),
        lines=lines,
        number=number,
        has_more=has_more,
        verdict=verdict,
        why=why,
        kinds=kind_labels(),
        **about,
    )


def _scope(about: dict[str, Any]) -> Scope:
    """Raises Refusal for days that are none."""
    mailing, person = about["mailing"], about["person"]
    period = parse_period(request.args, about["today"], current_user.timezone, is_open=mailing is not None)
    return Scope(person.id if person else None, mailing.id if mailing else None, period)


def _about() -> dict[str, Any]:
    """Whom and what is asked about; 404 for others' things, 400 for unknown rows."""
    oversees = current_user.can(Permission.OVERSEE)
    mailing: Mailing | None = None
    if number := _number("mailing"):
        mailing = queries.mailing_to_report(number, current_user)
    person = person_asked()
    known = [kind for kind in queries.ROWS if kind != "user" or oversees]
    rows = choice_in(request.args, "rows", known, "run" if mailing else "mailing" if person else "user")
    today = today_in(current_user.timezone)
    return {
        "oversees": oversees,
        "mailing": mailing,
        "person": person,
        "rows": rows,
        "today": today,
        "presets": presets(today),
    }


def person_asked() -> User | None:
    """Whose things the report is about; None for everybody's. 404 for others than may be seen."""
    oversees = current_user.can(Permission.OVERSEE)
    person: User | None = None if oversees else current_user
    if number := _number("user"):
        if not oversees and number != current_user.id:
            abort(404)
        person = queries.person_to_report(number)
    return person


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    number = number_or_none(text)
    return number if number is not None else abort(404)
