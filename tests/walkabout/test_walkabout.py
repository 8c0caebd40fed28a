"""Everybody walks everywhere: each link, form and download of the running service, with sense and without.

WALKABOUT_SEED=7 repeats a walk; `make test-walkabout` makes a long one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from tests.chromium.conftest import PASSWORD, wait_until
from tests.walkabout.conftest import Town
from tests.walkabout.walker import Walk

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
    walks = everybody(town)
    for name, step in STEPS.items():
        with ThreadPoolExecutor(len(walks)) as side_by_side:
            list(side_by_side.map(partial(step, town), walks))
        report(town, started_at, name)
    print("slowest in all:", [(name, round(spent, 1)) for name, spent in town.findings.seconds.most_common(12)])
    faults, missing = faults_of(town), never_reached(town)
    print(*faults, *(f"never reached: {route}" for route in missing), sep="\n")
    assert not faults
    assert not missing
    wait_until(lambda: not town.service.rows(STANDING_STILL), 60, lambda: town.service.rows(STANDING_STILL))


def everybody(town: Town) -> list[Walk]:
    """Those who walk, signed in; one comes to delete an account."""
    accounts = town.accounts()
    for email in (NEWCOMER, LEAVER):
        town.register(email)
    accounts |= {"newcomer": (NEWCOMER, PASSWORD), "leaver": (LEAVER, PASSWORD)}
    walks = [town.walk(role, *accounts[role]) for role in ("newcomer", "user", "editor", "manager", "admin", "leaver")]
    town.fill(walks[3], f"/manager/users/{town.id_of(NEWCOMER)}", "manager.limits", needs_approval="y")
    return [town.walk("anonymous", NEWCOMER, has_account=False), *walks]


def explore(town: Town, walk: Walk) -> None:
    """Everything that leaves the others undisturbed."""
    if walk.person.name == "leaver":
        walk.wander("/profile/data")
    else:
        walk.explore(*(("/dashboard",) if walk.person.has_account else UNLINKED))


def read_letters(town: Town, walk: Walk) -> None:
    """Follow the links in one's mails; a visitor those that went to recipients."""
    if walk.person.name == "leaver":
        return
    if walk.person.name == "admin":  # as after a move to another machine
        town.service.rows("UPDATE instances SET host = 'another machine'")
    walk.explore(*town.letters(walk.person.logins[0][0] if walk.person.has_account else ""))


STEPS: dict[str, Callable[[Town, Walk], None]] = {
    "looking about": explore,
    "letters": read_letters,
    "odd things": lambda town, walk: walk.be_odd(),
    "taking away": lambda town, walk: walk.take_away(from_others=False),
    "taking from others": lambda town, walk: walk.take_away(from_others=True),
    "goodbye": lambda town, walk: walk.say_goodbye(),
}


def report(town: Town, started_at: float, what: str) -> None:
    """How far everybody has got."""
    found = town.findings
    each = ", ".join(f"{name} {count}/{len(found.routes_of[name])}" for name, count in sorted(found.asked.items()))
    print(f"{what}: after {time.monotonic() - started_at:.0f} s, {found.asked.total()} requests to routes: {each}")


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
