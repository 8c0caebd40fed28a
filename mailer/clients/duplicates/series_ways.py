"""Ways through series of several records of one person: nobody goes through one twice for having had two."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import FOR_CHANGE
from mailer.models.series import Enrolment, EnrolmentState, LeftReason, Series

# Ends that say nothing of the person: the address was at fault, or the record was.
SAYS_NOTHING = frozenset({LeftReason.REFUSED, LeftReason.DELETED, LeftReason.MERGED})


def merge_ways(held: Sequence[Series], kept_id: int, gone_ids: Sequence[int]) -> None:
    """Let the ways of those who give way be the kept one's. No commit; the series are held by the caller.

    Of two who are on their way, whoever is further goes on. Who went through, or left for a reason of their own, does
    not go on under the other record, unless the series allows coming again.
    """
    for series in held:
        query = select(Enrolment).where(Enrolment.series_id == series.id)
        query = query.where(Enrolment.client_id.in_([kept_id, *gone_ids])).order_by(Enrolment.id)
        ways = list(db.session.scalars(query.with_for_update(**FOR_CHANGE).execution_options(populate_existing=True)))
        _end_all_but_one(series, ways)
        db.session.flush()  # before two of one person would wait in it at once
        _hand_over(ways, kept_id)
        db.session.flush()


def _end_all_but_one(series: Series, ways: list[Enrolment]) -> None:
    waiting = [way for way in ways if way.state is EnrolmentState.WAITING]
    is_over = any(
        way.state is EnrolmentState.FINISHED
        or (way.state is EnrolmentState.LEFT and way.left_reason not in SAYS_NOTHING)
        for way in ways
    )
    places = {step.id: step.position for step in series.steps}
    goes_on = max(waiting, key=lambda way: (places.get(way.step_id or 0, 0), -way.id), default=None)
    if is_over and not (series.allows_again or series.entry_is_yearly):
        goes_on = None
    for way in waiting:
        if way is not goes_on:
            way.state, way.left_reason, way.due_at = EnrolmentState.LEFT, LeftReason.MERGED, None
            way.moved_at = utcnow()


def _hand_over(ways: list[Enrolment], kept_id: int) -> None:
    """A round is a person's once; a number below 0 is none that another entering would ask for."""
    rounds = {way.round for way in ways if way.client_id == kept_id}
    for way in ways:
        if way.client_id != kept_id:
            way.client_id = kept_id
            way.round = way.round if way.round not in rounds else min(0, *rounds) - 1
            rounds.add(way.round)
