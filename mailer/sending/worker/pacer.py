"""A moment for everybody whose provider is paced, reserved once a claimed slice.

Each gets a moment in order. Whose moment is near goes now; the others are held until theirs, and go then without asking
again, so each is held and written once, whatever the length of the queue. All workers share one row for each provider,
locked for the length of the claim.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from mailer.models.delivery import Reason
from mailer.recipient_domains import GROUPS, domain_of, group_of
from mailer.sending.mx_groups import kept_groups
from mailer.sending.pacing import IS_PACED, pace_now
from mailer.sending.worker.claims import DueDelivery

NEAR = timedelta(seconds=5)  # such a moment is now
STEP = 10  # seconds: moments are rounded up to these, so that a slice is not taken up for each single person
ASKED_EVERY = 2.0  # seconds: how late a new rule, or a rest that others heard of, is known here
PACED = f"SELECT name FROM recipient_paces WHERE {IS_PACED}"
LOCK = """
    SELECT name, per_minute, learned_per_minute, heard_at, rests_until, next_free, now()
    FROM recipient_paces WHERE name = ANY(%s) ORDER BY name FOR NO KEY UPDATE
"""
MOVE = "UPDATE recipient_paces SET next_free = %s WHERE name = %s"
NOTE = """
    INSERT INTO run_holds (run_id, name, until) VALUES (%s, %s, %s)
    ON CONFLICT (run_id, name) DO UPDATE SET until = greatest(run_holds.until, excluded.until),
        warm_up_id = CASE WHEN excluded.until > run_holds.until THEN NULL ELSE run_holds.warm_up_id END
"""


class Pacer:
    """Asks, at times, which providers are paced; where none is, that is all it does."""

    def __init__(self) -> None:
        self._names: frozenset[str] = frozenset()
        self._asked_at = -math.inf

    def hold(self, cursor: Any, run_id: int, people: Mapping[int, DueDelivery], passed_over: Collection[int]) -> None:
        """Hold those of the claimed people whose moment is later, in the claim's transaction; `passed_over`: positions
        in doubt."""
        if time.monotonic() - self._asked_at > ASKED_EVERY:
            cursor.execute(PACED)
            self._names, self._asked_at = frozenset(name for (name,) in cursor.fetchall()), time.monotonic()
        if not self._names:
            return
        asking = [each for at, each in people.items() if each.is_settled and at not in passed_over]
        is_any_group = not self._names.isdisjoint(GROUPS)
        kept = kept_groups(cursor, (person.email for person in asking)) if is_any_group else {}
        of_name: dict[str, list[DueDelivery]] = {}
        for person in asking:
            domain = domain_of(person.email)
            name = domain if domain in self._names else group_of(domain, kept)
            if name in self._names:
                of_name.setdefault(name, []).append(person)
        if of_name:
            cursor.execute(LOCK, (sorted(of_name),))
            for row in cursor.fetchall():
                self._give_moments(cursor, run_id, row, of_name[row[0]])

    def _give_moments(self, cursor: Any, run_id: int, row: tuple[Any, ...], people: list[DueDelivery]) -> None:
        name, per_minute, learned, heard_at, rests_until, next_free, now = row
        pace = pace_now(per_minute, learned, heard_at, now)
        is_resting = rests_until is not None and rests_until > now
        asking = [each for each in people if is_resting or not each.has_moment]
        if not asking or (pace is None and not is_resting):
            return
        at = max(each for each in (now, rests_until, next_free) if each is not None)
        every = timedelta(minutes=1 / pace) if pace is not None else timedelta(0)
        last_held = None
        for person in asking:
            if at - now > NEAR:
                last_held = _rounded(at)
                person.progress.hold(last_held, Reason.PACED)
                person.is_settled = False
            at += every
        if pace is not None:
            cursor.execute(MOVE, (at, name))
        if last_held is not None:
            cursor.execute(NOTE, (run_id, name, last_held))


def _rounded(at: datetime) -> datetime:
    return datetime.fromtimestamp(math.ceil(at.timestamp() / STEP) * STEP, UTC)
