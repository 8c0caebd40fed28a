"""What the preview of a mailing in waves shows is what a moved clock and the real tick then do.

`PREVIEWS=200` looks at so many random mailings, `PREVIEWS_SEED` repeats others than the usual.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from random import Random

import pytest
import time_machine
from sqlalchemy import select, text

from mailer.extensions import db
from mailer.mailings.calendar_plan import FormRefusal
from mailer.mailings.plan import MailingPlan
from mailer.mailings.services import save_mailing
from mailer.models.mailing import Audience, InDoubtRule, Mailing
from mailer.models.run import Run
from mailer.models.slice import Slice
from mailer.models.user import User
from mailer.models.wave import Wave
from mailer.recurrence.waves import FARTHEST
from mailer.sending.runs.closing import close_if_done, stop_what_must
from mailer.sending.runs.outlook import outlook_if_saved
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due
from mailer.sending.runs.wave_plan import look_ahead
from mailer.sending.runs.waves import begin_and_hold_waves
from tests.factories import make_client, make_message
from tests.mailings.test_preview_is_kept import COUNT, LOOKED_AT, SEED, random_calendar, told

UNTIL_OPEN = timedelta(days=16)  # longer than any sending hours wait here
AHEAD = timedelta(days=5)  # no wave of the first moment has passed when the calendar is saved
PLACES = ("Pacific/Kiritimati", "Asia/Kolkata", "Europe/Moscow", "America/New_York", "Pacific/Pago_Pago", "")


def live(mailing: Mailing, now: datetime, until: datetime) -> list[tuple[datetime, str]]:
    """Let the service tick at each instant at which anything may happen."""
    while now <= until:
        with time_machine.travel(now, tick=False):
            look_ahead(now, anew=True)
            for run_id in start_due(now):
                write_recipient_list(run_id)
            begin_and_hold_waves(now)
            stop_what_must(now)
            for run in db.session.scalars(select(Run).where(Run.closed_at.is_(None))).all():
                send(run.id, now)
                close_if_done(run.id, now)
        db.session.expire_all()
        now = next_instant(mailing, now)
    query = select(Run).where(Run.mailing_id == mailing.id).order_by(Run.planned_at)
    return [(run.planned_at, str(run.stop_reason or "sent")) for run in db.session.scalars(query)]


def send(run_id: int, now: datetime) -> None:
    """As if a worker had sent in no time what may leave."""
    about = {"run": run_id, "now": now}
    db.session.execute(
        text(
            "UPDATE deliveries SET state = 'accepted' FROM slices "
            "WHERE deliveries.run_id = :run AND slices.run_id = :run "
            "AND position BETWEEN first_position AND last_position AND slices.ready_at IS NOT NULL AND opens_at <= :now"
        ),
        about,
    )
    db.session.execute(
        text("UPDATE slices SET ready_at = NULL WHERE run_id = :run AND ready_at IS NOT NULL AND opens_at <= :now"),
        about,
    )
    db.session.commit()


def next_instant(mailing: Mailing, now: datetime) -> datetime:
    coming = [mailing.next_run_at, mailing.first_wave_at]
    if mailing.next_run_at is not None and mailing.first_wave_at is None:
        coming.append(mailing.next_run_at - FARTHEST)
    for run in db.session.scalars(select(Run).where(Run.closed_at.is_(None))):
        coming.append(run.ends_at)
        coming += db.session.scalars(select(Slice.opens_at).where(Slice.run_id == run.id, Slice.ready_at.is_not(None)))
        coming += db.session.scalars(select(Wave.opens_at).where(Wave.run_id == run.id))
    return min((at for at in coming if at is not None and at > now), default=datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize("part", range(0, COUNT, 20))
def test_every_preview_in_waves_is_kept(owner: User, part: int) -> None:
    message, kept, wrong = make_message(owner), 0, []
    for place in PLACES:
        make_client(owner, timezone=place)
    for number in range(part, min(part + 20, COUNT)):
        chance = Random(f"{SEED} waves {number}")
        now = datetime.combine(
            date(2026, 1, 1) + timedelta(days=chance.randint(0, 500)), time(chance.randint(0, 23)), UTC
        )
        calendar = replace(random_calendar(chance, now + AHEAD), in_waves=True)
        try:
            calendar.require_ahead(now)
        except FormRefusal:
            continue
        prospects = list(islice(outlook_if_saved(calendar.rule(), calendar.window(), None, now), LOOKED_AT))
        plan = MailingPlan("A mailing", message, Audience.EVERYONE, [], [], [], calendar, InDoubtRule.HOLD)
        mailing = save_mailing(owner, plan, now=now)
        expected = [(at, end) for at, end, _left in told(prospects)]
        until = max((at for at, _end in expected), default=now) + UNTIL_OPEN
        happened = live(mailing, now, until)
        if happened[: len(expected)] != expected:
            wrong.append((number, now, happened, expected, calendar))
        kept += len(expected)
        db.session.execute(text("UPDATE mailings SET next_run_at = NULL, next_run_local = NULL, first_wave_at = NULL"))
        db.session.execute(text("UPDATE runs SET stop_reason = 'owner' WHERE closed_at IS NULL"))
        db.session.commit()
        stop_what_must(now)
    assert wrong == []
    assert kept > 2 * (min(part + 20, COUNT) - part)
