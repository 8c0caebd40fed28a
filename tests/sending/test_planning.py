"""When a run is made, and for whom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.client import ClientFilter, Suppression
from mailer.models.delivery import Delivery
from mailer.models.mailing import Mailing, MailingStatus
from mailer.models.run import Run, RunState, StopReason
from mailer.models.user import User
from mailer.segments.former import tree_of
from mailer.sending.runs import audience
from mailer.sending.runs.next_run import set_next_run
from mailer.sending.runs.recipient_list import write_recipient_list
from mailer.sending.runs.start import AlreadyRunning, NoRecipients, start_due, start_now
from tests.factories import make_client, make_mailing, save

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def at(day: int, hour: int = 9) -> datetime:
    """A wall-clock moment of November 2026."""
    return datetime(2026, 11, day, hour)


def planned(mailing: Mailing, now: datetime = NOW) -> datetime | None:
    """Where `set_next_run` points."""
    set_next_run(mailing, now)
    db.session.commit()
    return mailing.next_run_at


def test_saved_within_its_window_it_is_due_at_once(owner: User) -> None:
    mailing = make_mailing(owner, period="once", starts_local=at(20), ends_local=at(21))
    assert planned(mailing) == at(20).replace(tzinfo=UTC)


def test_saved_before_its_start_it_waits_for_that_moment(owner: User) -> None:
    assert planned(make_mailing(owner, starts_local=at(25))) == at(25).replace(tzinfo=UTC)


def test_a_moment_is_a_wall_clock_time_of_the_mailings_own_zone(owner: User) -> None:
    mailing = make_mailing(owner, starts_local=at(25), timezone="Europe/Moscow")
    assert planned(mailing) == datetime(2026, 11, 25, 6, tzinfo=UTC)


def test_a_recurring_one_saved_late_catches_up_with_one_run_only(owner: User) -> None:
    make_client(owner)
    mailing = make_mailing(owner, starts_local=at(10))
    assert planned(mailing) == at(20).replace(tzinfo=UTC)

    assert len(start_due(NOW)) == 1
    assert mailing.next_run_at == at(21).replace(tzinfo=UTC)
    assert start_due(NOW) == []


def test_after_its_end_it_is_completed_and_never_runs(owner: User) -> None:
    mailing = make_mailing(owner, period="once", starts_local=at(18), ends_local=at(19))
    assert planned(mailing) is None
    assert mailing.status is MailingStatus.COMPLETED


def test_an_edit_does_not_repeat_a_moment_that_has_run(owner: User) -> None:
    make_client(owner)
    mailing = make_mailing(owner, starts_local=at(20))
    planned(mailing)
    start_due(NOW)
    assert planned(mailing) == at(21).replace(tzinfo=UTC)


def test_a_hold_or_a_blocked_owner_keeps_it_from_starting(owner: User) -> None:
    for values in ({"paused_at": NOW}, {"disabled_at": NOW, "disabled_reason": "spam"}, {"deleted_at": NOW}):
        planned(make_mailing(owner, starts_local=at(20), **values))
    assert start_due(NOW) == []
    blocked = make_mailing(owner, starts_local=at(20))
    planned(blocked)
    owner.blocked_at, owner.block_reason = NOW, "spam"
    db.session.commit()
    assert start_due(NOW) == []


def test_the_next_moment_while_a_run_is_going_is_a_skipped_run(owner: User) -> None:
    make_client(owner)
    mailing = make_mailing(owner, starts_local=at(20))
    planned(mailing)
    start_due(NOW)
    assert start_due(NOW + timedelta(days=1)) == []

    runs = db.session.scalars(select(Run).order_by(Run.id)).all()
    assert [(run.state, run.stop_reason) for run in runs] == [
        (RunState.PLANNED, None),
        (RunState.SKIPPED, StopReason.OVERLAP),
    ]


def test_the_snapshot_outlives_an_edit(owner: User) -> None:
    make_client(owner)
    mailing = make_mailing(owner, starts_local=at(20))
    planned(mailing)
    (run_id,) = start_due(NOW)
    mailing.message.subject = "Changed"
    db.session.commit()
    assert db.session.get_one(Run, run_id).snapshot["subject"] == "News"


def test_audiences(owner: User, stranger: User) -> None:
    gold, plain = make_client(owner, tags=["gold"]), make_client(owner, birth_year=1990)
    make_client(owner, tags=["gold"], deleted_at=NOW)
    make_client(stranger, tags=["gold"])
    young = save(ClientFilter(owner_id=owner.id, name="young", tree=tree_of({"birth_year_from": 1985})))

    def chosen(mailing: Mailing) -> list[int]:
        return [client.id for client in db.session.scalars(audience.recipients(mailing))]

    assert chosen(make_mailing(owner)) == [gold.id, plain.id]
    assert chosen(make_mailing(owner, audience="tags", tags=["gold"])) == [gold.id]
    assert chosen(make_mailing(owner, audience="filter", filter_id=young.id)) == [plain.id]
    assert chosen(make_mailing(owner, [plain])) == [plain.id]


def test_send_now_is_one_run_for_one_form(owner: User) -> None:
    make_client(owner)
    mailing = make_mailing(owner)
    first = start_now(mailing, "form-1", NOW)
    assert start_now(mailing, "form-1", NOW).id == first.id
    with pytest.raises(AlreadyRunning):
        start_now(mailing, "form-2", NOW)


def test_send_now_to_nobody_is_refused_with_the_reason(owner: User) -> None:
    client = make_client(owner)
    save(Suppression(owner_id=owner.id, email_key=client.email_key, reason="unsubscribed"))
    with pytest.raises(NoRecipients, match="1"):
        start_now(make_mailing(owner), "form", NOW)
    assert db.session.scalar(select(Run.id)) is None


def test_a_scheduled_run_with_nobody_is_closed_as_skipped(owner: User) -> None:
    mailing = make_mailing(owner, starts_local=at(20))
    planned(mailing)
    (run_id,) = start_due(NOW)
    assert write_recipient_list(run_id)
    assert db.session.get_one(Run, run_id).state is RunState.SKIPPED


def test_planning_twice_makes_one_row_for_each(owner: User) -> None:
    make_client(owner)
    planned(make_mailing(owner, starts_local=at(20)))
    (run_id,) = start_due(NOW)
    assert write_recipient_list(run_id)
    assert not write_recipient_list(run_id)
    assert len(db.session.scalars(select(Delivery)).all()) == 1


def test_a_run_that_starts_meanwhile_is_no_reason_to_refuse_a_form(owner: User) -> None:
    make_client(owner)
    mailing = make_mailing(owner, starts_local=at(20))
    planned(mailing)
    version = mailing.version
    start_due(NOW)
    db.session.refresh(mailing)
    assert mailing.version == version
