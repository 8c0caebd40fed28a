"""Everybody walks everywhere: each link, form and download of the running service, with sense and without.

WALKABOUT_SEED=7 repeats a walk; `make test-walkabout` makes a long one.
"""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.chromium.conftest import wait_until
from tests.walkabout.conftest import Town

pytestmark = pytest.mark.walkabout

UNLINKED = ("/", "/robots.txt", "/sitemap.xml", "/favicon.ico", "/health", "/styleguide", "/blog/feed.xml")
# Flask-Admin registers these for what the panel does not offer.
NOT_OFFERED = {("posts.ajax_lookup", "GET"), ("posts.ajax_update", "POST"), ("posts.export", "GET")}
# Open runs with nobody's hand on them, and nothing that will ever move them.
STANDING_STILL = """
    SELECT runs.id, runs.state, runs.waiting_count FROM runs
    JOIN mailings ON mailings.id = runs.mailing_id JOIN users ON users.id = runs.owner_id
    WHERE runs.closed_at IS NULL AND mailings.paused_at IS NULL AND mailings.disabled_at IS NULL
      AND users.blocked_at IS NULL AND runs.state NOT IN ('planned', 'waiting_for_window') AND runs.unlisted_count = 0
      AND NOT EXISTS (SELECT FROM slices WHERE slices.run_id = runs.id
                      AND (slices.ready_at IS NOT NULL OR slices.leased_until > now()))
"""
TRACEBACK = "Traceback (most recent call last)"
NEWCOMER, LEAVER = "newcomer@walkabout.test", "leaver@walkabout.test"


def test_everybody_gets_everywhere_and_nothing_breaks(town: Town) -> None:
    started_at = time.monotonic()
    accounts = town.accounts()
    for email in (NEWCOMER, LEAVER):
        town.register(email)
    overseer = town.walk("manager", *accounts["manager"])
    town.fill(overseer, f"/manager/users/{town.id_of(NEWCOMER)}", "manager.limits", needs_approval="y")

    visitor = town.walk("anonymous", NEWCOMER, has_account=False)
    visitor.go(*UNLINKED)
    report(town, started_at, "anonymous")
    walks = [visitor]
    for role in ("newcomer", "user", "editor", "manager", "admin"):
        walk = town.walk(role, *(accounts.get(role) or (NEWCOMER,)))
        if role == "admin":  # as after a move to another machine
            town.service.rows("UPDATE instances SET host = 'another machine'")
        walk.go("/dashboard")
        walk.go(*town.letters(walk.person.logins[0][0]))
        walks.append(walk)
        report(town, started_at, role)
    visitor.go(*town.letters())
    leaver = town.walk("leaver", LEAVER)
    leaver.go("/profile/data")
    for walk in [*walks, leaver]:
        walk.say_goodbye()
    report(town, started_at, "goodbye")
    assert faults_of(town) == []
    assert never_reached(town) == []
    wait_until(lambda: not town.service.rows(STANDING_STILL), 60, lambda: town.service.rows(STANDING_STILL))


def report(town: Town, started_at: float, who: str) -> None:
    print(f"{who}: {town.findings.asked_count} requests after {time.monotonic() - started_at:.0f} s")


def faults_of(town: Town) -> list[str]:
    """What was broken, and what the logs say of it."""
    found = [f"{count} × {fault}" for fault, count in town.findings.faults.items()]
    for log in sorted(Path(town.service.var_dir / "logs").glob("*.log")):
        text = log.read_text("utf-8", "replace")
        found += [f"{log.name}: {TRACEBACK}{part[-1500:]}" for part in text.split(TRACEBACK)[1:]][:20]
    return found


def never_reached(town: Town) -> list[tuple[str, str, list[int]]]:
    """Routes that nobody came to, with the answers of those who tried."""
    routes = {
        (rule.endpoint, method)
        for rule in town.routes.map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    missing = sorted(routes - town.findings.reached - NOT_OFFERED)
    return [(endpoint, method, sorted(town.findings.tried[endpoint, method])) for endpoint, method in missing]
