"""The end of a mailing in waves, on the clocks of each zone."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, time

import pytest
from sqlalchemy import select

from mailer.extensions import db
from mailer.mailings.calendar_plan import Calendar
from mailer.mailings.plan import MailingPlan
from mailer.mailings.runs.wave_words import WaveStanding, waves_of_run
from mailer.mailings.services import save_mailing
from mailer.models.delivery import Delivery, DeliveryState, Reason
from mailer.models.mailing import Audience, InDoubtRule
from mailer.models.run import Run, StopReason
from mailer.models.user import User
from mailer.recurrence.rule import Period
from tests.factories import make_client, make_message
from tests.mailings.test_waves_are_kept import PLACES, live

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ends", "accepted"), [(datetime(2026, 3, 10, 23), 0), (datetime(2026, 3, 11, 9, 30), len(PLACES))]
)
def test_a_wave_whose_sending_hours_come_after_the_end_there_is_stopped(
    owner: User, ends: datetime, accepted: int
) -> None:
    message = make_message(owner)
    for place in PLACES:
        make_client(owner, timezone=place)
    calendar = Calendar(
        period=Period.DAILY,
        starts_local=datetime(2026, 3, 10, 20),
        ends_local=ends,
        timezone="Europe/Moscow",
        window_opens=time(9),
        window_closes=time(18),
        in_waves=True,
    )
    plan = MailingPlan("A", message, Audience.EVERYONE, [], [], [], calendar, InDoubtRule.HOLD)
    mailing = save_mailing(owner, plan, now=NOW)

    live(mailing, NOW, datetime(2026, 3, 25, tzinfo=UTC))

    found = Counter(db.session.execute(select(Delivery.state, Delivery.reason)).tuples().all())
    run = db.session.scalars(select(Run)).one()
    if accepted:
        assert found == {(DeliveryState.ACCEPTED, None): accepted}
        assert run.stop_reason is None
    else:
        assert found == {(DeliveryState.STOPPED, Reason.STOPPED_ENDED): len(PLACES)}
        assert run.stop_reason is StopReason.ENDED
        waves = waves_of_run(run, NOW)
        assert waves is not None
        assert {line.standing for line in waves.lines} == {WaveStanding.ENDED}
