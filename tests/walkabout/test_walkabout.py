"""Everybody walks everywhere: each link, form and download of the running service, with sense and without.

WALKABOUT_SEED=7 repeats a walk; `make test-walkabout` makes a long one.
"""

from __future__ import annotations

import time
from collections import Counter

from tests.waiting import wait_until
from tests.walkabout.arrangements import arrange, arrange_last
from tests.walkabout.forms import Kind
from tests.walkabout.logs import complaints
from tests.walkabout.oddities import be_odd
from tests.walkabout.town import Town
from tests.walkabout.walk import LEAVER, Walk

# Open runs with nobody's hand on them, and nothing that will ever move them.
STANDING_STILL = """
    SELECT runs.id, runs.state, runs.waiting_count FROM runs
    JOIN mailings ON mailings.id = runs.mailing_id JOIN users ON users.id = runs.owner_id
    WHERE runs.closed_at IS NULL AND mailings.paused_at IS NULL AND mailings.disabled_at IS NULL
      AND users.blocked_at IS NULL AND runs.state NOT IN ('planned', 'waiting_for_window') AND runs.unlisted_count = 0
      AND NOT EXISTS (SELECT FROM slices WHERE slices.run_id = runs.id
                      AND (slices.ready_at IS NOT NULL OR slices.leased_until > now()))
"""


def test_everybody_gets_everywhere_and_nothing_breaks(town: Town, walks: dict[str, Walk]) -> None:
    everyone, done, progress = [walk for walk in walks.values() if walk.name != LEAVER], set[Kind](), Progress(town)
    progress.tell("looking about")
    town.together(everyone, Walk.explore)
    arrange(town, walks)
    progress.tell("sending forms")
    town.together(everyone, lambda walk: read_letters(town, walk, False))
    progress.tell("letters")
    be_odd(town, everyone, done, is_meeting_all=True)
    progress.tell("odd things")
    town.together(everyone, Walk.come_back)
    town.together(everyone, Walk.take_away_own)
    progress.tell("taking away")
    town.together(everyone, Walk.take_away, may_shut_out=True)
    progress.tell("taking away from others")
    be_odd(town, everyone, done, is_meeting_all=False)
    progress.tell("odd things once more")
    town.together(everyone, lambda walk: read_letters(town, walk, True))
    town.together(everyone, Walk.take_away, may_shut_out=True)
    arrange_last(town, walks)
    town.together(walks.values(), Walk.say_goodbye, may_shut_out=True)
    progress.tell("goodbye")
    wait_until(lambda: not town.service.rows(STANDING_STILL), told=lambda: town.service.rows(STANDING_STILL))
    faults = [f"{count} × {fault}" for fault, count in town.findings.faults.items()]
    faults += complaints(town.service.var_dir / "logs")
    missing = sorted(town.findings.routes - town.findings.reached)
    faults += [f"never taken: {route} {dict(town.findings.tried[route])}" for route in missing]
    assert not faults, "\n".join([f"WALKABOUT_SEED={town.seed} repeats this walk", *faults])


def read_letters(town: Town, walk: Walk, for_all: bool) -> None:
    """Follow the links in one's mails (a visitor those that went to recipients too), and look what is new."""
    person = walk.visitor.person
    letters = town.letters(*person.addresses) + ([] if person.has_account else town.letters())
    walk.look_again(for_all)
    walk.explore(*letters)


class Progress:
    """Tells how far everybody has got."""

    def __init__(self, town: Town) -> None:
        self.town, self.started_at = town, time.monotonic()

    def tell(self, what: str) -> None:
        """After a step."""
        found, spent = self.town.findings, time.monotonic() - self.started_at
        print(f"{what}: after {spent:.0f} s, {found.asked.total()} requests")
        print("  nobody has come to:", *sorted(found.unreached)[:60])
        print(*(f"  {name} {count}, {len(found.routes_of[name])} routes;" for name, count in found.asked.items()))
        print("  slowest in all:", [(name, round(spent, 1)) for name, spent in Counter(found.seconds).most_common(6)])
