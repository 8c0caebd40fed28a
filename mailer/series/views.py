"""Looking at series: the list, the picture of one, and the people in it."""

from __future__ import annotations

from typing import cast

from flask import abort, render_template, request
from flask_login import current_user, login_required

from mailer.access import Permission, get_visible, requires
from mailer.clock import utcnow
from mailer.errors import choice_in
from mailer.http import zone_label
from mailer.input_limits import number_or_none, page_number
from mailer.models.series import EnrolmentState, Series, SeriesState
from mailer.owner_filter import whose_asked
from mailer.searching import searched
from mailer.sending.series.looking import is_segment_broken
from mailer.series import labels, queries
from mailer.series.approving import permits_of
from mailer.series.blueprint import bp
from mailer.series.rule_words import rules_of

STATES = [state for state in EnrolmentState if state is not EnrolmentState.PASSED_BY]


@bp.get("/")
@requires(Permission.SEND, Permission.OVERSEE)
def index() -> str:
    """The list: one's own, or others' for those who oversee."""
    whose, search = whose_asked(request.args, current_user), searched(request.args)
    page = queries.series_page(whose, search, page_number())
    return render_template(
        "series/index.html",
        page=page,
        counts=queries.counts_of(page.items),
        whose=whose,
        q=search,
        standings=labels.standings(),
    )


@bp.get("/<int:series_id>")
@login_required
def show(series_id: int) -> str:
    """The picture of a series: who waits where, and what came of each step."""
    series = seen(series_id)
    places = queries.picture(series)
    return render_template(
        "series/show.html",
        series=series,
        places=places,
        counts=queries.counts_of([series])[series.id],
        runs=queries.latest_runs(series),
        rules=rules_of(series),
        zone_label=zone_label(series.timezone),
        permits=permits_of(series, utcnow()),
        standing=labels.standings()[series.standing],
        delay_text=labels.delay_text,
        held_reasons=labels.held_reasons(),
        is_segment_broken=series.state is not SeriesState.STOPPED and is_segment_broken(series),
        may_change=may_change(series),
    )


@bp.get("/<int:series_id>/people")
@login_required
def people(series_id: int) -> str:
    """Who is, or was, in a series."""
    series, search = seen(series_id), searched(request.args)
    state = choice_in(request.args, "state", {one.value for one in STATES})
    step_id = number_or_none(request.args.get("step"))
    if request.args.get("step") and step_id is None:
        abort(404)
    return render_template(
        "series/people.html",
        series=series,
        page=queries.people_page(series, search, state, step_id, page_number()),
        q=search,
        state=state,
        step_id=step_id,
        states={one: label for one, label in labels.enrolment_states().items() if one in STATES},
        left_reasons=labels.left_reasons(),
        entered_by=labels.entered_by,
        numbers={step.id: number for number, step in enumerate(series.steps, 1)},
        messages={step.id: step.mailing.message_id for step in series.steps},
        may_change=may_change(series),
    )


def seen(series_id: int) -> Series:
    """A series to look at; else 404."""
    return cast(Series, get_visible(Series, series_id, current_user))


def may_change(series: Series) -> bool:
    """Whether it is the reader's own."""
    return bool(series.owner_id == current_user.id and current_user.can(Permission.SEND))
