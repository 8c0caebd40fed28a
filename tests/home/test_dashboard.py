from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import text, update

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.home import queries
from mailer.manager import queries as queries_of_managers
from mailer.models.attempt import Attempt
from mailer.models.delivery import DeliveryState
from mailer.models.run import Run
from mailer.models.user import Role, User
from mailer.owner_filter import whose_asked
from tests.conftest import Browser
from tests.factories import make_client, make_mailing, make_message, make_user
from tests.narrowing import one

ACCEPTED, REFUSED, WAITING = DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.WAITING
MakeRun = Callable[..., Run]


def rows(page: str, part: str) -> list[int]:
    """Ids of the runs in the part of the page with that id, none when the part is missing."""
    inside = re.search(rf'<section[^>]* id="{part}">.*?</section>', page, re.DOTALL)
    return [int(id_) for id_ in re.findall(r'data-run="(\d+)"', inside[0])] if inside else []


def test_visitors_are_asked_to_log_in(web: Browser) -> None:
    assert web.get("/dashboard").status_code == 302


def test_tells_ones_own_figures_only(as_owner: Browser, owner: User, stranger: User, make_run: MakeRun) -> None:
    mine = make_run(owner, ACCEPTED, ACCEPTED, REFUSED)
    make_run(stranger, ACCEPTED, REFUSED)

    page = as_owner.get("/dashboard").text

    assert rows(page, "recent") == [mine.id]
    assert queries.totals(whose_asked({}, owner)) == queries.Totals(2, 1, 2)
    assert re.findall(r"<dd>(\d+)", page)[:3] == ["2", "2", "1"]


def test_those_who_oversee_see_everybodys(as_manager: Browser, owner: User, stranger: User, make_run: MakeRun) -> None:
    runs = [make_run(person, ACCEPTED).id for person in (owner, stranger)]
    assert rows(as_manager.get("/dashboard").text, "recent") == sorted(runs, reverse=True)


def test_a_run_under_way_is_shown_with_its_progress_and_asked_for_often(
    as_owner: Browser, owner: User, make_run: MakeRun
) -> None:
    run = make_run(owner, ACCEPTED, WAITING, WAITING)
    page = as_owner.get("/dashboard/live").text
    assert rows(page, "running") == [run.id]
    assert rows(page, "recent") == []
    assert 'hx-trigger="every 2s"' in page


def test_nothing_under_way_is_asked_for_seldom(as_owner: Browser) -> None:
    assert 'hx-trigger="every 10s"' in as_owner.get("/dashboard").text


def test_attempts_are_told_by_the_day_of_the_owners_zone(app: Flask, owner: User, make_run: MakeRun) -> None:
    owner.timezone = "Asia/Vladivostok"
    evening = (utcnow() - timedelta(days=2)).replace(hour=20)  # the next morning there
    make_run(owner, ACCEPTED, REFUSED, at=evening)
    make_run(owner, ACCEPTED, at=evening - timedelta(days=40))

    days = queries.attempts_per_day(whose_asked({}, owner), utcnow())

    assert len(days) == queries.CHART_DAYS
    assert [day for day in days if day[1:] != (0, 0)] == [((evening + timedelta(days=1)).date(), 1, 1)]


@pytest.mark.usefixtures("by_the_owner")
def test_attempts_are_told_by_the_day_they_were_made(app: Flask, owner: User, make_run: MakeRun) -> None:
    """Not by the day that their run was planned for, nor all by the day on which it began."""
    owner.timezone = "UTC"
    noon = utcnow().replace(hour=12, minute=0) - timedelta(days=5)
    make_run(owner, ACCEPTED, at=noon, planned_at=noon - timedelta(days=40))
    long = make_run(owner, ACCEPTED, REFUSED, at=noon)
    long.closed_at = noon + timedelta(days=2)
    db.session.execute(text("ALTER TABLE attempts DISABLE TRIGGER attempts_immutable"))
    moved = update(Attempt).where(Attempt.run_id == long.id, Attempt.position == 2)
    db.session.execute(moved.values(finished_at=noon + timedelta(days=1)))
    db.session.execute(text("ALTER TABLE attempts ENABLE TRIGGER attempts_immutable"))
    db.session.commit()

    days = [day for day in queries.attempts_per_day(whose_asked({}, owner), utcnow()) if day[1:] != (0, 0)]

    assert days == [(noon.date(), 2, 0), ((noon + timedelta(days=1)).date(), 0, 1)]


@pytest.mark.usefixtures("by_the_owner")
def test_a_manager_s_thirty_days_count_each_mail_by_its_attempt(
    as_manager: Browser, owner: User, make_run: MakeRun
) -> None:
    """Neither by the day that the run was planned for, nor all by the day on which it ended."""
    now, month = utcnow(), timedelta(days=30)
    make_run(owner, ACCEPTED, at=now - timedelta(days=2), planned_at=now - 2 * month)  # late by two months
    make_run(owner, ACCEPTED, REFUSED, at=now - month - timedelta(days=1))  # long over
    edge = make_run(owner, *[ACCEPTED] * 3, *[REFUSED] * 2, at=now - month - timedelta(hours=5))
    edge.closed_at = now - month + timedelta(days=1)
    db.session.execute(text("ALTER TABLE attempts DISABLE TRIGGER attempts_immutable"))
    late = update(Attempt).where(Attempt.run_id == edge.id, Attempt.position.in_([3, 5]))
    db.session.execute(late.values(finished_at=now - month + timedelta(hours=5)))
    db.session.execute(text("ALTER TABLE attempts ENABLE TRIGGER attempts_immutable"))
    db.session.commit()
    row = as_manager.get("/manager").text.partition(f'data-user="{owner.id}"')[2]
    assert one(re.search(r'data-figure="accepted">(?:<a[^>]*>)?(\d+)', row))[1] == "2"
    assert one(re.search(r'data-figure="refused">(\d+)', row))[1] == "1"
    assert queries_of_managers.figures_of(owner).accepted_count == 2
    assert queries_of_managers.figures_of(owner).refused_count == 1


def test_upcoming_runs_come_soonest_first_without_those_held(as_owner: Browser, owner: User) -> None:
    later = make_mailing(owner, next_run_at=utcnow() + timedelta(days=2))
    sooner = make_mailing(owner, next_run_at=utcnow() + timedelta(days=1))
    make_mailing(owner, next_run_at=utcnow() + timedelta(days=1), paused_at=utcnow())
    page = as_owner.get("/dashboard").text
    assert re.findall(r'data-mailing="(\d+)"', page) == [str(sooner.id), str(later.id)]


def test_the_first_steps_go_when_they_are_done(as_owner: Browser, owner: User) -> None:
    def step_states() -> list[str]:
        return re.findall(r'<li class="([\w-]*)" data-step=', as_owner.get("/dashboard").text)

    assert step_states() == ["", "", ""]
    make_client(owner)
    assert step_states() == ["is-done", "", ""]
    make_mailing(owner, message=make_message(owner))
    assert step_states() == []


def test_each_first_step_leads_to_its_form(as_owner: Browser) -> None:
    page = as_owner.get("/dashboard").text
    steps = re.findall(r'data-step="[\w.]+">.*?<a href="([^"]+)"', page[: page.index('id="live"')], re.DOTALL)
    assert len(steps) == 3
    for address in steps:
        assert "<form" in as_owner.get(address).text


def test_editors_are_led_to_the_blog(app: Flask, web: Browser) -> None:
    page = web.login(make_user(role=Role.EDITOR)).get("/dashboard").text
    assert 'href="/admin/posts/new/"' in page
    assert 'id="live"' not in page
