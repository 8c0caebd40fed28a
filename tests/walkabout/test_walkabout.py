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
from tests.walkabout.walk import LEAVER, Walk
from tests.walkabout.walked_service import WalkedService

# Open runs with nobody's hand on them, and nothing that will ever move them.
STANDING_STILL = """
    SELECT runs.id, runs.state, runs.waiting_count FROM runs
    JOIN mailings ON mailings.id = runs.mailing_id JOIN users ON users.id = runs.owner_id
    WHERE runs.closed_at IS NULL AND mailings.paused_at IS NULL AND mailings.disabled_at IS NULL
      AND users.blocked_at IS NULL AND runs.state NOT IN ('planned', 'waiting_for_window') AND runs.unlisted_count = 0
      AND NOT EXISTS (SELECT FROM slices WHERE slices.run_id = runs.id
                      AND (slices.ready_at IS NOT NULL OR slices.leased_until > now()))
"""


def test_everybody_gets_everywhere_and_nothing_breaks(walked: WalkedService, walks: dict[str, Walk]) -> None:
    everyone, done, progress = [walk for walk in walks.values() if walk.name != LEAVER], set[Kind](), Progress(walked)
    progress.tell("looking about")
    walked.together(everyone, Walk.explore)
    arrange(walked, walks)
    progress.tell("sending forms")
    walked.together(everyone, lambda walk: follow_mail_links(walked, walk, False))
    progress.tell("links in emails")
    be_odd(walked, everyone, done, is_meeting_all=True)
    progress.tell("odd things")
    walked.together(everyone, Walk.come_back)
    walked.together(everyone, Walk.take_away_own)
    progress.tell("taking away")
    walked.together(everyone, Walk.take_away, may_shut_out=True)
    progress.tell("taking away from others")
    be_odd(walked, everyone, done, is_meeting_all=False)
    progress.tell("odd things once more")
    walked.together(everyone, lambda walk: follow_mail_links(walked, walk, True))
    walked.together(everyone, Walk.take_away, may_shut_out=True)
    arrange_last(walked, walks)
    walked.together(walks.values(), Walk.say_goodbye, may_shut_out=True)
    progress.tell("goodbye")
    wait_until(lambda: not walked.service.rows(STANDING_STILL), told=lambda: walked.service.rows(STANDING_STILL))
    faults = [f"{count} × {fault}" for fault, count in walked.findings.faults.items()]
    faults += complaints(walked.service.var_dir / "logs")
    missing = sorted(walked.findings.routes - walked.findings.reached)
    faults += [f"never taken: {route} {dict(walked.findings.tried[route])}" for route in missing]
    assert not faults, "\n".join([f"WALKABOUT_SEED={walked.seed} repeats this walk", *faults])


def follow_mail_links(walked: WalkedService, walk: Walk, for_all: bool) -> None:
    """Follow the links in one's mails (a visitor those that went to recipients too), and look what is new."""
    person = walk.visitor.person
    links = walked.mail_links(*person.addresses) + ([] if person.has_account else walked.mail_links())
    walk.look_again(for_all)
    walk.explore(*links)


class Progress:
    """Tells how far everybody has got."""

    def __init__(self, walked: WalkedService) -> None:
        self.walked, self.started_at = walked, time.monotonic()

    def tell(self, what: str) -> None:
        """After a step."""
        found, spent = self.walked.findings, time.monotonic() - self.started_at
        print(f"{what}: after {spent:.0f} s, {found.asked.total()} requests")
        print("  nobody has come to:", *sorted(found.unreached)[:60])
        print(*(f"  {name} {count}, {len(found.routes_of[name])} routes;" for name, count in found.asked.items()))
        print("  slowest in all:", [(name, round(spent, 1)) for name, spent in Counter(found.seconds).most_common(6)])
