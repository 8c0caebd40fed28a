"""Pages of one run: its people, their attempts, the owner's decisions, the export."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flask import Response, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import ngettext
from flask_login import current_user, login_required

from mailer.access import Permission
from mailer.clock import utcnow
from mailer.downloads import csv_download
from mailer.errors import Refusal, choice_in
from mailer.extensions import limiter
from mailer.input_limits import number_or_none
from mailer.limiting import per_user
from mailer.mailings.blueprint import bp
from mailer.mailings.labels import reason_label
from mailer.mailings.runs import queries, services
from mailer.mailings.runs.audience_words import audience_told
from mailer.mailings.runs.export import table_of
from mailer.mailings.runs.forecast import RunForecast, speed
from mailer.mailings.runs.hold_words import hold_words
from mailer.mailings.runs.reactions import reactions_to, rule_label, verdict_label
from mailer.mailings.runs.summary import outcome_choices, verdict
from mailer.mailings.runs.wave_words import planned_at_of, planned_times, waves_of_run
from mailer.models.run import COUNTERS, Run
from mailer.searching import searched
from mailer.sending import return_path, server_faults
from mailer.sending.runs import closing

bp.add_app_template_global(hold_words)

AT = "/<int:mailing_id>/runs/<int:run_id>"


@bp.get(AT)
@login_required
def run(mailing_id: int, run_id: int) -> str:
    """The run's page: figures and people."""
    found = queries.visible_run(mailing_id, run_id, current_user)
    return render_template("mailings/run.html", audience_told=audience_told(found), **_moving(found))


@bp.get(f"{AT}/progress")
@login_required
def run_progress(mailing_id: int, run_id: int) -> str:
    """The part of the run's page that moves."""
    found = queries.visible_run(mailing_id, run_id, current_user)
    return render_template("mailings/_run_progress.html", is_update=True, **_moving(found))


@bp.get(f"{AT}/deliveries/<int:position>")
@login_required
def delivery(mailing_id: int, run_id: int, position: int) -> str:
    """One recipient with every attempt."""
    found = queries.visible_run(mailing_id, run_id, current_user)
    one, client, attempts = queries.delivery_with_attempts(found, position)
    return render_template(
        "mailings/delivery.html",
        mailing=found.mailing,
        run=found,
        delivery=one,
        client=client,
        attempts=attempts,
        planned_at=planned_at_of(found, one.position, planned_times(found)),
        reports=queries.reports_of(one),
        reactions=reactions_to(found, one),
        verdict_label=verdict_label,
        rule_label=rule_label,
        reason_label=reason_label,
        is_own=found.owner_id == current_user.id,
    )


@bp.get(f"{AT}/deliveries.csv")
@login_required
@limiter.limit("10 per minute", key_func=per_user)
def export_run(mailing_id: int, run_id: int) -> Response:
    """The people of the run, as filtered, as a CSV file; the owner's only."""
    found = queries.own_run(mailing_id, run_id, current_user)
    outcome, search = _outcome(), searched(request.args)
    zone, times = current_user.timezone, planned_times(found)
    return csv_download(
        f"run-{run_id}.csv",
        lambda session: table_of(
            queries.every_delivery(found, session, outcome, search), zone, partial(planned_at_of, found, times=times)
        ),
    )


@bp.post(f"{AT}/resend-uncertain")
@login_required
def resend_uncertain(mailing_id: int, run_id: int) -> ResponseReturnValue:
    """The owner's decision to send again, a second copy being possible."""
    return _decide(
        mailing_id,
        run_id,
        services.resend_uncertain,
        lambda count: ngettext("%(num)s email is sent once more.", "%(num)s emails are sent once more.", count),
    )


@bp.post(f"{AT}/count-as-accepted")
@login_required
def count_as_accepted(mailing_id: int, run_id: int) -> ResponseReturnValue:
    """The owner's word that those uncertain have the mail."""
    return _decide(
        mailing_id,
        run_id,
        services.count_uncertain_as_accepted,
        lambda count: ngettext("%(num)s email counts as accepted.", "%(num)s emails count as accepted.", count),
    )


@bp.post(f"{AT}/retry-refused")
@login_required
def retry_refused(mailing_id: int, run_id: int) -> ResponseReturnValue:
    """Send to those refused once more."""
    return _decide(
        mailing_id,
        run_id,
        services.retry_refused,
        lambda count: ngettext("%(num)s email is sent once more.", "%(num)s emails are sent once more.", count),
    )


@bp.post(f"{AT}/send-to-stopped")
@login_required
def send_to_stopped(mailing_id: int, run_id: int) -> ResponseReturnValue:
    """Send to those whom the end kept from getting it."""
    return _decide(
        mailing_id,
        run_id,
        services.send_to_stopped,
        lambda count: ngettext("%(num)s email is being sent.", "%(num)s emails are being sent.", count),
    )


def _decide(
    mailing_id: int, run_id: int, decide: Callable[[Run], int], words: Callable[[int], str]
) -> ResponseReturnValue:
    found = queries.own_run(mailing_id, run_id, current_user)
    try:
        flash(words(decide(found)), "success")
    except Refusal as refusal:
        flash(str(refusal), "danger")
    return redirect(url_for("mailings.run", mailing_id=mailing_id, run_id=run_id), 303)


def _moving(found: Run) -> dict[str, object]:
    now = utcnow()
    is_open = found.closed_at is None
    outcome, search, after, before = _asked()
    page = queries.deliveries_page(found, outcome, search, after, before)
    return {
        "page": page,
        "reports": queries.reports_on(page),
        "knows_what_comes_back": return_path.configured() is not None or found.came_back_count > 0,
        "answers": queries.answers_of(found),
        "outcome": outcome,
        "q": search,
        "after": after,
        "before": before,
        "choices": outcome_choices(found),
        "reason_label": reason_label,
        "mailing": found.mailing,
        "run": found,
        "verdict": verdict(found),
        "progress": RunForecast.of(found, now) if is_open else None,
        "speed": speed(found, now),
        "waves": waves_of_run(found, now),
        "lists_waves": True,
        "faults": server_faults.log_of(found.id),
        "is_moving": is_open,
        "cut_off_count": 0 if is_open else closing.cut_off_count(found),
        "may_change": found.owner_id == current_user.id and current_user.can(Permission.SEND),
    }


def _outcome() -> str:
    return choice_in(request.args, "outcome", {queries.LEFT, queries.CAME_BACK, queries.CLICKED, *COUNTERS})


def _asked() -> tuple[str, str, int | None, int | None]:
    """Which people are looked at: (outcome, words searched, the positions the page hangs on)."""
    return _outcome(), searched(request.args), _position("after"), _position("before")


def _position(name: str) -> int | None:
    """A position given in the address; 404 when it is none."""
    text = request.args.get(name)
    if text is None:
        return None
    number = number_or_none(text, 9)  # within an integer
    return number if number is not None else abort(404)
