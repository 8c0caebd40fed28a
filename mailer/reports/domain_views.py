"""The report by recipient domain: how each provider takes the mails, day by day."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.clock import today_in
from mailer.downloads import csv_download
from mailer.errors import Refusal, UnknownChoice
from mailer.extensions import limiter
from mailer.http import provider_label
from mailer.limiting import per_user
from mailer.mailings.labels import domain_figures
from mailer.models.user import User
from mailer.periods import parse_period, presets
from mailer.recipient_domains import GROUPS, OTHERS
from mailer.reports import domain_queries
from mailer.reports.domain_queries import DomainScope
from mailer.reports.views import bp, person_asked

MAX_DOMAIN = 254


@bp.get("/domains")
@requires(Permission.SEND, Permission.OVERSEE)
def by_domain() -> ResponseReturnValue:
    """A line for each domain, or for each day of one."""
    person, domain = person_asked(), _domain()
    about = {
        "person": person, "domain": domain, "domain_label": domain_label, "headings": headings(), "domains_of": GROUPS,
        "oversees": current_user.can(Permission.OVERSEE), "presets": presets(today_in(current_user.timezone)),
        "as_days": domain is not None,
    }  # fmt: skip
    try:
        scope = _scope(person, domain)
    except Refusal as refusal:
        return render_template("reports/domains.html", refusal=str(refusal), **about), 422
    total = domain_queries.total_of(scope)
    lines = domain_queries.by_domain(scope, total) if domain is None else domain_queries.by_day(scope)
    return render_template("reports/domains.html", scope=scope, lines=lines, total=total, **about)


@bp.get("/domains.csv")
@requires(Permission.SEND, Permission.OVERSEE)
@limiter.limit("10 per minute", key_func=per_user)
def export_by_domain() -> Response:
    """A line for each day and domain, for a spreadsheet."""
    person, domain = person_asked(), _domain()
    try:
        scope = _scope(person, domain)
    except Refusal:
        raise UnknownChoice("from", f"{request.args.get('from', '')}…{request.args.get('to', '')}") from None

    def table(session: Any) -> Iterator[list[object]]:
        yield [_("Day"), _("Domain"), *headings().values()]
        for day, line in domain_queries.every_day_and_domain(session, scope):
            yield [day.isoformat(), domain_label(line.key), *line.counts.values()]

    return csv_download(f"domains-{today_in(current_user.timezone)}.csv", table)


def headings() -> dict[str, str]:
    """What the figures are called."""
    return {figure.value: word for figure, word in domain_figures().items()}


def domain_label(domain: str) -> str:
    """A group's or domain's name."""
    return _("other domains") if domain == OTHERS else provider_label(domain)


def _scope(person: User | None, domain: str | None) -> DomainScope:
    today = today_in(current_user.timezone)
    period = parse_period(request.args, today, current_user.timezone)
    is_ahead = period.last == today and person is not current_user
    return DomainScope(person.id if person else None, period, domain, is_ahead)


def _domain() -> str | None:
    """A domain, a group, or `others`; None for all."""
    asked = request.args.get("domain", "").strip().lower()[:MAX_DOMAIN]
    return OTHERS if asked == "others" else asked or None
