"""The calendar: pages of months and weeks, punctuality, the feed."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, format_date
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.calendar import feeds, punctuality
from mailer.calendar.entries import coming_of, entries
from mailer.calendar.holiday_views import bp as holidays
from mailer.calendar.pages import CalendarPage, View
from mailer.clock import utcnow
from mailer.errors import choice_in
from mailer.extensions import limiter
from mailer.owner_filter import whose_asked
from mailer.recurrence import ical

bp = Blueprint("calendar", __name__, url_prefix="/calendar")
bp.register_blueprint(holidays)
FED = timedelta(days=92)  # how far a feed looks ahead


@bp.get("")
@requires(Permission.SEND, Permission.OVERSEE)
def index() -> str:
    """A month or a week with all its runs, past and to come."""
    view = View(choice_in(request.args, "view", set(View), View.MONTH))
    whose = whose_asked(request.args, current_user)
    now, zone = utcnow(), ZoneInfo(current_user.timezone)
    today = now.astimezone(zone).date()
    page = CalendarPage.around(view, _day_asked(today))
    start, end = page.bounds(zone)
    return render_template(
        "calendar/index.html",
        page=page,
        whose=whose,
        title=_title(page),
        days=page.days(entries(whose, start, end, now), zone),
        today=today,
        feed_url=_feed_url(),
        may_have_feed=current_user.can(Permission.SEND),
    )


@bp.get("/punctuality")
@requires(Permission.SEND, Permission.OVERSEE)
def show_punctuality() -> str:
    """How late runs began."""
    now, whose = utcnow(), whose_asked(request.args, current_user)
    return render_template(
        "calendar/punctuality.html",
        whose=whose,
        days=punctuality.lateness_by_day(whose, now, current_user.timezone),
        runs=punctuality.latest_runs(whose, now),
    )


@bp.post("/feed")
@requires(Permission.SEND)
def make_feed() -> ResponseReturnValue:
    """A new secret link; the old one ends."""
    feeds.make_feed(current_user)
    flash(_("Here is your calendar link. Whoever has it sees your coming runs."), "success")
    return redirect(url_for("calendar.index") + "#feed", 303)


@bp.post("/feed/revoke")
@requires(Permission.SEND)
def revoke_feed() -> ResponseReturnValue:
    """End the link."""
    feeds.revoke_feed(current_user)
    flash(_("The calendar link is revoked: it shows nothing any more."), "success")
    return redirect(url_for("calendar.index"), 303)


@bp.get("/feed/<token>.ics")
@limiter.limit("60 per hour", key_func=lambda: request.view_args["token"] if request.view_args else "")
def feed(token: str) -> Response:
    """Coming runs for a calendar program; the link is the key."""
    owner = feeds.owner_of(token)
    if owner is None:
        abort(404)
    now = utcnow()
    host = current_app.config["SITE_URL"].partition("//")[2]
    events = [
        ical.event(
            f"{entry.mailing.id}-{entry.key}@{host}",
            entry.at,
            entry.mailing.name,
            url_for("mailings.show", mailing_id=entry.mailing.id, _external=True),
            now,
        )
        for entry in coming_of(owner.id, now, now + FED)
        if not entry.is_held
    ]
    with force_locale(owner.language):
        text = ical.calendar(_("Golub: mailings"), events)
    return Response(text, mimetype="text/calendar", headers={"Cache-Control": "private, no-store"})


def _day_asked(today: date) -> date:
    text = request.args.get("at")
    if text is None:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError:
        abort(404)


def _title(page: CalendarPage) -> str:
    if page.view is View.MONTH:
        return str(format_date(page.of, "LLLL y", rebase=False)).capitalize()
    first, last = (format_date(day, "d MMMM", rebase=False) for day in (page.first, page.last))
    return f"{first} – {last} {page.last.year}"


def _feed_url() -> str | None:
    token = feeds.token_of(current_user)
    return url_for("calendar.feed", token=token, _external=True) if token else None
