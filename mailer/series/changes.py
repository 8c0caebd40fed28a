"""What saving a running series would change for the people in it: sentences with their numbers, asked about first."""

from __future__ import annotations

from flask_babel import format_decimal, ngettext
from flask_babel import gettext as _

from mailer.models.series import Series, SeriesState
from mailer.series.labels import delay_text
from mailer.series.plan import SeriesPlan, changed_calendar
from mailer.series.queries import StepFigures, picture


def changes_of(series: Series, plan: SeriesPlan) -> list[str]:
    """A line for each change that people waiting now would notice; nothing for a series that has not been started."""
    if series.state is not SeriesState.ACTIVE:
        return []
    places = {place.step.id: place for place in picture(series)}
    kept = {one.id: one for one in plan.steps}
    lines = []
    for number, place in enumerate(places.values(), 1):
        one = kept.get(place.step.id)
        if one is None:
            lines.append(_removed(number, place))
            continue
        step, mailing = place.step, place.step.mailing
        was, will = step.delay, one.delay
        if was != will:
            lines.append(_moved(number, place, delay_text(*was), delay_text(*will)))
        if mailing.message_id != one.message.id:
            words = {"number": number, "message": one.message.title}
            lines.append(_("Step %(number)s now sends “%(message)s”.", **words))
    if [one.id for one in plan.steps if one.id in places] != [id_ for id_ in places if id_ in kept]:
        lines.append(_("The order of the steps changes: people waiting for a step go on from it in the new order."))
    new = [number for number, one in enumerate(plan.steps, 1) if one.id not in places]
    lines += [_("Step %(number)s is new. People who are past it do not go back.", number=number) for number in new]
    if changed_calendar(series, plan):
        lines.append(_("The time zone or the holidays change: everybody’s times are recalculated."))
    return lines


def _removed(number: int, place: StepFigures) -> str:
    return ngettext(
        "Step %(number)s is removed: %(count)s person waiting for it goes on to the next.",
        "Step %(number)s is removed: %(count)s people waiting for it go on to the next.",
        place.waiting_count,
        number=number,
        count=format_decimal(place.waiting_count),
    )


def _moved(number: int, place: StepFigures, was: str, will: str) -> str:
    return ngettext(
        "Step %(number)s comes %(will)s, not %(was)s: the time changes for %(count)s person, but never to the past.",
        "Step %(number)s comes %(will)s, not %(was)s: the time changes for %(count)s people, but never to the past.",
        place.waiting_count,
        number=number,
        count=format_decimal(place.waiting_count),
        was=was,
        will=will,
    )
