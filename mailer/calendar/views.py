"""The calendar: pages of months and weeks, punctuality, the feed."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, abort, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale, format_date
from flask_babel import gettext as _
from flask_login import current_user

from mailer.access import Permission, requires
from mailer.calendar import feeds, punctuality
from mailer.calendar.ceiling_views import bp as ceiling
from mailer.calendar.entries import CalendarEntry, coming_of, entries
from mailer.calendar.holiday_views import bp as holidays
from mailer.calendar.load import load_of
from mailer.calendar.pages import CalendarPage, View
from mailer.clock import utcnow
from mailer.errors import choice_in
from mailer.extensions import limiter
from mailer.models.user import User
from mailer.owner_filter import whose_asked
from mailer.recurrence import ical

bp = Blueprint("calendar", __name__, url_prefix="/calendar")
bp.register_blueprint(holidays)
bp.register_blueprint(ceiling)
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
    shown = entries(whose, start, end, now)
    days = page.days(shown.found, zone)
    has_load = whose.owner is not None and request.args.get("load") == "1"
    return render_template(
        "calendar/index.html",
        page=page,
        whose=whose,
        title=_title(page),
        days=days,
        load=load_of(days) if has_load else None,
        shown=shown,
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
    flash(_("Here is your calendar link. Anyone who has it can see your upcoming runs."), "success")
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
    coming = coming_of(owner.id, now, now + FED)
    promised = [entry for entry in coming.found if entry.prospect and entry.prospect.happens and not entry.is_held]
    with force_locale(owner.language):
        events = [ical.single(_subject(entry), _of_day(entry), entry.at) for entry in promised]
        if coming.whole_until is not None:
            events.append(_cut_off(owner, coming.whole_until))
        text = ical.calendar(_("Golub: mailings"), events)
    return Response(text, mimetype="text/calendar", headers={"Cache-Control": "private, no-store"})


def _subject(entry: CalendarEntry) -> ical.Subject:
    mailing, prospect = entry.mailing, entry.prospect
    waits = prospect is not None and prospect.leaves_at is not None and prospect.leaves_at > entry.at
    return ical.Subject(
        f"mailing-{mailing.id}",
        _host(),
        mailing.name,
        url_for("mailings.show", mailing_id=mailing.id, _external=True),
        mailing.calendar_changed_at,
        mailing.version,
        _("Outside the sending hours: emails leave later.") if waits else "",
    )


def _of_day(entry: CalendarEntry) -> str:
    """What tells a mailing's moments apart by their days: it stays when the hour or the zone is changed."""
    assert entry.prospect is not None
    local, times = entry.prospect.moment.local, entry.mailing.rule.times
    number = str(times.index(local.time()) + 1) if local.time() in times else f"{local:%H%M}"
    return f"-{local:%Y%m%d}-{number}"


def _cut_off(owner: User, at: datetime) -> list[str]:
    """A word on the day from which on there are more runs than a calendar can hold."""
    words = _("Golub: more runs than fit here; the site shows them all")
    url = url_for("calendar.index", _external=True)
    return ical.whole_day(ical.Subject(f"owner-{owner.id}", _host(), words, url, at, 0), "-more", at)


def _host() -> str:
    return str(urlsplit(current_app.config["SITE_URL"]).netloc)


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
