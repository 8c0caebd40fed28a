"""Why nothing moves: a worker fell silent, or none comes."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from flask import Flask

from mailer.clock import utcnow
from mailer.mailings.runs import queries
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.models.slice import Slice
from tests.conftest import Browser
from tests.factories import save
from tests.mailings.builders import make_deliveries, make_run

LONG = 3600.0  # lease and patience of these tests: no slowness of the machine runs one out
SILENT, UNATTENDED = (
    "Исполнитель перестал отвечать во время отправки",
    "Свободного исполнителя для этого запуска пока нет",
)


@pytest.fixture(autouse=True)
def _patient(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "LEASE_SECONDS", LONG)
    monkeypatch.setattr(queries, "UNATTENDED_SECONDS", LONG)


@pytest.fixture
def run(mailing: Mailing) -> Run:
    run = make_run(mailing)
    make_deliveries(run, waiting=10, accepted=5)
    return run


def page(web: Browser, run: Run) -> str:
    return web.get(f"/mailings/{run.mailing_id}/runs/{run.id}").text


def make_slice(run: Run, renewed_ago: float | None, ready_ago: float = 0) -> None:
    """A slice whose lease was last renewed so many seconds ago (None: nobody holds it)."""
    until = None
    if renewed_ago is not None:
        until = utcnow() + timedelta(seconds=LONG - renewed_ago)
    save(
        Slice(
            run_id=run.id,
            first_position=1,
            last_position=15,
            ready_at=utcnow() - timedelta(seconds=ready_ago),
            leased_until=until,
            lease_token=uuid.uuid4() if until else None,
            leased_by="horse" if until else None,
        )
    )


def test_a_lease_that_nobody_renews_is_told(as_owner: Browser, run: Run) -> None:
    make_slice(run, renewed_ago=LONG / 3 + 8)
    assert SILENT in page(as_owner, run)


def test_a_lease_that_is_renewed_is_not(as_owner: Browser, run: Run) -> None:
    make_slice(run, renewed_ago=LONG / 6, ready_ago=2 * LONG)
    assert SILENT not in page(as_owner, run)
    assert UNATTENDED not in page(as_owner, run)


def test_due_people_without_a_worker_are_told(as_owner: Browser, as_manager: Browser, run: Run) -> None:
    make_slice(run, renewed_ago=None, ready_ago=LONG + 5)
    assert UNATTENDED in page(as_owner, run)
    assert 'href="/operations"' in page(as_manager, run)


def test_a_moment_is_no_standstill(as_owner: Browser, run: Run) -> None:
    make_slice(run, renewed_ago=None, ready_ago=LONG / 2)
    assert UNATTENDED not in page(as_owner, run)


@pytest.mark.parametrize("told_by", ["owner", "manager", "switched off"])
def test_a_run_told_to_stop_says_so_at_once(as_owner: Browser, as_manager: Browser, run: Run, told_by: str) -> None:
    make_slice(run, renewed_ago=None, ready_ago=LONG + 5)
    before = page(as_owner, run)
    assert UNATTENDED in before and "status-accent live" in before
    own, managed = f"/mailings/{run.mailing_id}", f"/manager/mailings/{run.mailing_id}"
    asked = {
        "owner": lambda: as_owner.post(f"{own}/stop"),
        "manager": lambda: as_manager.post(f"{managed}/runs/{run.id}/stop", data={"reason": "A wrong list"}),
        "switched off": lambda: as_manager.post(f"{managed}/disable", data={"reason": "Complaints"}),
    }
    assert asked[told_by]().status_code == 303
    for path in (own, f"{own}/progress", f"{own}/runs/{run.id}", f"{own}/runs/{run.id}/progress"):
        told = as_owner.get(path).text
        for line in (UNATTENDED, "не получ", "при этой скорости", "status-accent live"):
            assert line not in told, (path, line)
        assert "останавливается (" in told and "status-warn live" in told
    for elsewhere in ("/home", "/mailings", "/calendar"):
        assert "отправляется" not in as_owner.get(elsewhere).text, elsewhere
