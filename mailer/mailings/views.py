"""Looking at mailings: the list, the mailing's page and the part of it that moves."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Response, abort, current_app, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_login import current_user, login_required

from mailer.access import Permission, get_visible, requires
from mailer.clock import utcnow
from mailer.errors import choice_in, order_in
from mailer.http import zone_label
from mailer.input_limits import page_number
from mailer.mailings import agenda_labels, queries, waves_ahead
from mailer.mailings.agenda import agenda_of
from mailer.mailings.blueprint import bp
from mailer.mailings.calendar_labels import calendar_text
from mailer.mailings.calendar_plan import Calendar
from mailer.mailings.runs.forecast import RunForecast, speed
from mailer.mailings.runs.queries import also_going, open_run
from mailer.mailings.runs.summary import verdict
from mailer.mailings.runs.wave_words import waves_of_run
from mailer.mailings.send_check import SendCheck
from mailer.models.mailing import Mailing, MailingStatus
from mailer.owner_filter import whose_asked
from mailer.recurrence import ical
from mailer.recurrence.moments import next_moment
from mailer.searching import searched
from mailer.sending import server_faults
from mailer.sending.runs.attention import Trouble
from mailer.sending.runs.audience import broken_segments
from mailer.sending.runs.next_run import may_be_edited, occurrence_of, waited_for
from mailer.sending.runs.outlook import changes_by_hand
from mailer.sending.runs.wave_plan import begins_at
from mailer.sending.senders import sender_of

SOON_SECONDS = 60  # so shortly before a run its mailing's page looks every second
LONGEST_WAIT_SECONDS = 60  # between two looks: a computer that slept catches up


@bp.get("")
@requires(Permission.SEND, Permission.OVERSEE)
def index() -> str:
    """The list."""
    search = searched(request.args)
    status, trouble = (
        choice_in(request.args, "status", queries.STATUS_IS),
        choice_in(request.args, "trouble", set(Trouble)),
    )
    sort, order = choice_in(request.args, "sort", queries.SORTS, "created"), order_in(request.args)
    whose = whose_asked(request.args, current_user)
    page = queries.mailings_page(whose, search, status, sort, order, page_number(), trouble)
    return render_template(
        "mailings/index.html",
        page=page,
        runs=queries.last_runs(page.items),
        whose=whose,
        q=search,
        status=status,
        statuses=list(MailingStatus),
        trouble=trouble,
        may_switch=current_user.can(Permission.SWITCH_MAILINGS),
        sort=sort,
        order=order,
    )


@bp.get("/<int:mailing_id>")
@login_required
def show(mailing_id: int) -> str:
    """The mailing's page."""
    mailing = get_visible(Mailing, mailing_id, current_user)
    recipients = queries.preflight(mailing, queries.chosen_ids(mailing))
    return render_template(
        "mailings/show.html",
        agenda=agenda_of(Calendar.of(mailing, str(get_locale())), utcnow(), 5, mailing),
        is_exportable=next_moment(mailing.rule, utcnow()) is not None,
        recipients=recipients,
        segment_names=queries.segment_names(mailing),
        broken_segments=broken_segments(mailing),
        totals=queries.totals_of(mailing),
        sender=sender_of(mailing.owner, mailing),
        waves_ahead=waves_ahead.of_mailing(mailing, utcnow()),
        permit=SendCheck.of(mailing, recipients.will_get, utcnow()),
        **_moving(mailing),
    )


@bp.get("/<int:mailing_id>/rule.ics")
@login_required
def export_rule(mailing_id: int) -> Response:
    """The calendar rule as events that repeat, or its dates where there are no words for it; 404 when it is over."""
    mailing = get_visible(Mailing, mailing_id, current_user)
    dates = _("The dates of two years at most: iCalendar has no words for this rule. Export it again for later ones.")
    subject = ical.Subject(
        f"mailing-{mailing.id}",
        str(urlsplit(current_app.config["SITE_URL"]).netloc),
        mailing.name,
        url_for("mailings.show", mailing_id=mailing.id, _external=True),
        mailing.calendar_changed_at,
        mailing.version,
    )
    events = ical.repeating(subject, mailing.rule, utcnow(), changes_by_hand(mailing, utcnow()), dates)
    if not events:
        abort(404)
    response = Response(ical.calendar(mailing.name, events), mimetype="text/calendar")
    response.headers["Content-Disposition"] = f'attachment; filename="mailing-{mailing.id}.ics"'
    return response


@bp.get("/<int:mailing_id>/progress")
@login_required
def progress(mailing_id: int) -> str:
    """The part of the mailing's page that moves while a run goes."""
    mailing = get_visible(Mailing, mailing_id, current_user)
    agenda = agenda_of(Calendar.of(mailing, str(get_locale())), utcnow(), 5, mailing)
    return render_template("mailings/_progress.html", is_update=True, agenda=agenda, **_moving(mailing))


def _moving(mailing: Mailing) -> dict[str, object]:
    """What the moving part shows: the open run, else the last one."""
    now = utcnow()
    run = open_run(mailing) or queries.last_runs([mailing]).get(mailing.id)
    moment = waited_for(mailing)
    is_open = run is not None and run.closed_at is None
    comes_at = begins_at(mailing) if mailing.may_send else None
    seconds = (comes_at - now).total_seconds() if comes_at else None
    return {
        "mailing": mailing,
        "rule_text": calendar_text(Calendar.of(mailing)),
        "zone_label": zone_label(mailing.timezone),
        "next_run_text": agenda_labels.next_run_text(mailing),
        "next_run_note": agenda_labels.next_run_note(mailing),
        "next_occurrence": occurrence_of(mailing, moment) if moment and (begins_at(mailing) or now) > now else None,
        "begins_at": begins_at(mailing),
        "waves": waves_of_run(run, now) if run and is_open else None,
        "run": run,
        "may_edit": may_be_edited(mailing),
        "also_going": also_going(mailing, run),
        "runs": queries.runs_page(mailing, page_number()),
        "verdict": verdict(run) if run else None,
        "progress": RunForecast.of(run, now) if run and is_open else None,
        "speed": speed(run, now) if run else None,
        "faults": server_faults.log_of(run.id) if run and is_open else [],
        "is_moving": is_open or (seconds is not None and seconds < SOON_SECONDS),
        "wait_seconds": 1 if is_open else _wait_seconds(seconds),
        "may_change": mailing.owner_id == current_user.id and current_user.can(Permission.SEND),
    }


def _wait_seconds(seconds_to_run: float | None) -> int | None:
    """How long the open page waits before it looks again; None where no run is to come."""
    if seconds_to_run is None:
        return None
    return int(min(max(seconds_to_run - SOON_SECONDS, 1), LONGEST_WAIT_SECONDS))
