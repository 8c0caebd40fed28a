"""What the preview of a calendar shows is what a moved clock and the real tick then do.

`PREVIEWS=200` looks at so many random mailings, `PREVIEWS_SEED` repeats others than the usual.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from random import Random

import pytest
import time_machine
from sqlalchemy import select, text

from mailer.extensions import db
from mailer.mailings.agenda import agenda_of
from mailer.mailings.calendar_plan import Calendar, FormRefusal
from mailer.mailings.plan import MailingPlan
from mailer.mailings.services import save_mailing
from mailer.models.mailing import Audience, InDoubtRule, Mailing
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.recurrence.holidays import HolidayRule
from mailer.recurrence.outlook import Fate, Prospect
from mailer.recurrence.rule import MonthlyOn, Period
from mailer.sending.runs.closing import close_if_done, stop_what_must
from mailer.sending.runs.outlook import outlook_if_saved
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import start_due
from mailer.sending.runs.windows import open_and_close_windows
from tests.factories import make_client, make_message

COUNT = int(os.environ.get("PREVIEWS", "10"))
SEED = int(os.environ.get("PREVIEWS_SEED", "1"))
LOOKED_AT = 8  # moments of each
ZONES = ("Europe/Moscow", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Jerusalem")
Story = list[tuple[datetime, str, datetime | None]]  # planned, what became of it, when emails left


def random_calendar(chance: Random, now: datetime) -> Calendar:
    """Any calendar at all: windows that are rarely open, holidays, ends, many times of a day."""
    start = (now + timedelta(hours=chance.randint(-60, 24 * 12))).replace(tzinfo=None, minute=chance.choice((0, 30)))
    period = chance.choice([Period.ONCE, *[Period.DAILY] * 4, *[Period.WEEKLY] * 2, Period.MONTHLY])
    country = chance.choice((None, "RU", "US", "IL"))
    opens = chance.choice((None, time(9), time(22, 30)))
    return Calendar(
        period=period,
        starts_local=start,
        ends_local=start + timedelta(hours=chance.randint(30, 24 * 40)) if chance.random() < 0.4 else None,
        timezone=chance.choice(ZONES),
        every=chance.choice((1, 1, 2, 3)),
        also_at=tuple(sorted({time(chance.randint(0, 23)) for _n in range(chance.choice((0, 0, 1, 4)))})),
        weekdays=tuple(sorted(chance.sample(range(1, 8), 3))) if period is Period.WEEKLY else (),
        monthly_on=chance.choice(list(MonthlyOn)[:4]) if period is Period.MONTHLY else MonthlyOn.DAY,
        run_limit=chance.choice((None, None, 1, 4)),
        exception_dates=tuple(
            start.date() + timedelta(days=chance.randint(0, 9)) for _n in range(chance.randint(0, 3))
        ),
        holiday_country=country,
        holiday_rule=chance.choice(list(HolidayRule)) if country else HolidayRule.IGNORE,
        window_opens=opens,
        window_closes=None if opens is None else chance.choice((time(18), time(3), time(23))),
        window_weekdays=chance.choice(((1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 6, 7), (2,), (6, 7))),
        window_skips_holidays=country is not None and chance.random() < 0.5,
    )


def told(prospects: list[Prospect]) -> Story:
    words = {Fate.RUNS: "sent", Fate.OVERLAP: "overlap", Fate.CUT_OFF: "ended"}
    return [(one.moment.at, words[one.fate], one.leaves_at) for one in prospects if one.fate in words]


def live(mailing: Mailing, now: datetime, until: datetime) -> Story:
    """Let the service tick at each instant at which anything may happen."""
    left: dict[int, datetime] = {}
    while now is not None and now <= until:
        with time_machine.travel(now, tick=False):
            for run_id in start_due(now):
                write_recipient_list(run_id)
            open_and_close_windows(now)
            stop_what_must(now)
            for run in db.session.scalars(select(Run).where(Run.state == RunState.SENDING)).all():
                left[run.id] = now
                send(run.id)
                close_if_done(run.id, now)
        db.session.expire_all()
        now = next_instant(mailing, now)
    runs = db.session.scalars(select(Run).where(Run.mailing_id == mailing.id).order_by(Run.planned_at))
    return [(run.planned_at, str(run.stop_reason or "sent"), left.get(run.id)) for run in runs]


def send(run_id: int) -> None:
    """As if a worker had done it in no time."""
    for change in ("deliveries SET state = 'accepted'", "slices SET ready_at = NULL"):
        db.session.execute(text(f"UPDATE {change} WHERE run_id = :run"), {"run": run_id})
    db.session.commit()


def next_instant(mailing: Mailing, now: datetime) -> datetime:
    open_run = db.session.scalar(select(Run).where(Run.closed_at.is_(None)))
    coming = [mailing.next_run_at, *((open_run.window_opens_at, open_run.ends_at) if open_run else ())]
    return min((at for at in coming if at is not None and at > now), default=datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize("part", range(0, COUNT, 20))
def test_every_preview_is_kept(owner: User, part: int) -> None:
    message, kept = make_message(owner), 0
    make_client(owner)
    for number in range(part, min(part + 20, COUNT)):
        chance = Random(f"{SEED} {number}")
        now = datetime.combine(
            date(2026, 1, 1) + timedelta(days=chance.randint(0, 500)), time(chance.randint(0, 23)), UTC
        )
        calendar = random_calendar(chance, now)
        try:
            calendar.require_ahead(now)
        except FormRefusal:
            continue
        prospects = list(islice(outlook_if_saved(calendar.rule(), calendar.window(), None, now), LOOKED_AT))
        with time_machine.travel(now, tick=False):
            shown = [line.at for line in agenda_of(calendar, now).lines if not line.is_left_out]
        plan = MailingPlan("A mailing", message, Audience.EVERYONE, [], [], [], calendar, InDoubtRule.HOLD)
        mailing = save_mailing(owner, plan, now=now)
        expected = told(prospects)
        until = max((at for story in expected for at in (story[0], story[2]) if at is not None), default=now)
        if any(end == "ended" for _at, end, _left in expected):
            until += timedelta(days=60)  # behind the end that cuts it off
        happened = live(mailing, now, until)
        seen = happened[: len(expected)] if len(prospects) == LOOKED_AT else happened
        assert seen == expected, (number, now, calendar)
        runs = [at for at, end, _left in expected if end == "sent" and at > now]
        assert shown[: len(runs)] == runs[: len(shown)], (number, now, calendar)
        kept += len(expected)
        db.session.execute(text("UPDATE mailings SET next_run_at = NULL, next_run_local = NULL"))
        db.session.execute(text("UPDATE runs SET stop_reason = 'owner' WHERE closed_at IS NULL"))
        db.session.commit()
        stop_what_must(now)
    assert kept > 2 * (min(part + 20, COUNT) - part)
