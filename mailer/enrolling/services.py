"""Who of the chosen clients can enter a series, and why the others cannot; the entering, and its undoing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, false, func, select

from mailer.clock import database_now
from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.series import Enrolment, EnrolmentState, Entry, Series
from mailer.sending.runs.confirmed_only import is_required, is_unconfirmed
from mailer.sending.series.entering import IS_SUPPRESSED, enter_those, newcomers, wake
from mailer.sending.series.places import hold, point


@dataclass(frozen=True, slots=True)
class EnteringOutlook:
    """How many are chosen, must not be written to, have not confirmed, and would enter: the rest are or were in it."""

    chosen_count: int
    suppressed_count: int
    unconfirmed_count: int  # where only those who confirmed are written to
    count: int

    @property
    def known_count(self) -> int:
        """Those who are in the series, or have been and may not come again."""
        return self.chosen_count - self.suppressed_count - self.unconfirmed_count - self.count


def outlook_of(series: Series, who: Sequence[ColumnElement[bool]]) -> EnteringOutlook:
    """As things stand now."""
    suppressed = IS_SUPPRESSED.correlate(Client)
    unconfirmed = is_unconfirmed() if is_required(series.owner_id) else false()
    figures = select(
        func.count(), func.count().filter(suppressed), func.count().filter(~suppressed, unconfirmed)
    ).select_from(Client)
    about = db.session.execute(figures.where(*who)).tuples().one()
    people = newcomers(series, who).subquery()
    return EnteringOutlook(*about, db.session.scalar(select(func.count()).select_from(people)) or 0)


def put_in(series: Series, who: Sequence[ColumnElement[bool]]) -> tuple[int, datetime]:
    """Let them enter; how many did, and the moment that `undo` knows them by."""
    moment = database_now()
    count = enter_those(series, who, Entry.HAND, moment)
    db.session.commit()
    wake(series)
    return count, moment


def undo(series: Series, moment: datetime) -> int:
    """Take back that people were put in by hand at that moment, save for those who got a mail since; how many.

    They were never in it then, and may enter another time.
    """
    hold(series)
    put_in = Enrolment.series_id == series.id, Enrolment.entered_at == moment, Enrolment.entered_by == Entry.HAND
    untouched = Enrolment.state == EnrolmentState.WAITING, Enrolment.last_run_id.is_(None)
    gone = delete(Enrolment).where(*put_in, *untouched).execution_options(synchronize_session=False)
    count = int(db.session.execute(gone).rowcount)  # type: ignore[attr-defined]
    point(series)
    db.session.commit()
    return count
