"""Places of the day for everybody whose sender's domain is warmed up, reserved once a claimed slice.

Who gets none waits for the next day. A place is in the hand of the slice's holder (`slices.places`) until its mail was
taken or refused for good, which uses it up; any other end gives it back: the mail was put off, the turn was over, the
run paused or stopped, the worker died. So no more than the ceiling leaves, and no place is lost.

All workers share one row for each provider and day, locked until the claim's commit; names in one order.
"""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from mailer.models.delivery import DeliveryState, Reason
from mailer.sending import warm_ups
from mailer.sending.mx_groups import kept_groups
from mailer.sending.warm_up_plan import Plan
from mailer.sending.worker.claims import Claim, DueDelivery
from mailer.sending.worker.delivery_rules import DeliveryUpdate

ASKED_EVERY = 2.0  # seconds: how late it is known here that a warm-up began, or ended
USED_UP = frozenset({DeliveryState.ACCEPTED, DeliveryState.REFUSED, DeliveryState.UNCERTAIN, DeliveryState.IN_DOUBT})
NOTE = """
    INSERT INTO run_holds (run_id, name, until, warm_up_id) VALUES (%s, %s, %s, %s)
    ON CONFLICT (run_id, name) DO UPDATE SET until = excluded.until, warm_up_id = excluded.warm_up_id
"""
TAKE = "UPDATE warm_up_days SET used_count = used_count + %s WHERE warm_up_id = %s AND name = %s AND day = %s"
KEEP_IN_HAND = "UPDATE slices SET places = %s WHERE id = %s"
# Attempts that a holder wrote and did not settle: their mails have gone.
GONE = """
    SELECT DISTINCT d.position, d.email FROM attempts a
    JOIN deliveries d ON d.run_id = a.run_id AND d.position = a.position
    WHERE a.run_id = %s AND a.position BETWEEN %s AND %s AND a.number > d.attempt_count
"""


class WarmUpGate:
    """Lets people of one domain's runs through, as many as the day has room for."""

    def __init__(self, domain: str, zone: str) -> None:
        self.domain, self._zone = domain, zone
        self._going: tuple[int, Plan] | None = None
        self._asked_at = -math.inf
        self._admitted: dict[tuple[str, date], list[DueDelivery]] = {}
        self._by_mx: dict[str, str] = {}  # the groups of domains, as those let through were told apart

    def admit(self, cursor: Any, run_id: int, people: Mapping[int, DueDelivery], passed_over: Collection[int]) -> None:
        """Hold those for whom the day has no room, in the claim's transaction; `take` follows. `passed_over`:
        positions whose mail has gone, or may have."""
        self._admitted = {}
        if not self.domain:
            return
        if time.monotonic() - self._asked_at > ASKED_EVERY:
            self._going, self._asked_at = warm_ups.going(cursor, self.domain), time.monotonic()
        if self._going is None:
            return
        id_, plan = self._going
        asking = [each for at, each in people.items() if each.is_settled and at not in passed_over]
        self._by_mx = kept_groups(cursor, (person.email for person in asking))
        of_name: dict[str, list[DueDelivery]] = {}
        for person in asking:
            of_name.setdefault(warm_ups.group_name(person.email, self._by_mx), []).append(person)
        if not of_name:
            return
        opens_at, rooms = warm_ups.lock_days(cursor, id_, plan, sorted(of_name), self._zone)
        for room in rooms:
            self._cut(cursor, run_id, id_, room, opens_at, of_name[room.name])

    def _cut(
        self, cursor: Any, run_id: int, id_: int, room: warm_ups.Room, opens_at: datetime, people: list[DueDelivery]
    ) -> None:
        people.sort(key=lambda person: -person.progress.attempt_count)  # who was put off comes first
        for person in people[room.left :]:
            person.progress.hold(opens_at, Reason.WARMING)
            person.is_settled = False
        if len(people) > room.left:
            cursor.execute(NOTE, (run_id, room.name, opens_at, id_))
        self._admitted[room.name, room.day] = people[: room.left]

    def take(self, cursor: Any, slice_id: int) -> None:
        """Reserve a place for each of those let through who still go, now that other reasons to wait are known."""
        if self._going is None or not self._admitted:
            return
        id_, _plan = self._going
        taken: dict[str, int] = {}
        days = {}
        for (name, day), people in self._admitted.items():
            going = [person for person in people if person.is_settled]
            if going:
                taken[name], days[name] = len(going), f"{day}"
                cursor.execute(TAKE, (len(going), id_, name, day))
            for person in going:
                person.place = name
        self._admitted = {}
        if taken:
            # With the groups as they are now: whoever takes over gives back by them, whatever the DNS says by then.
            places = {"warm_up": id_, "days": days, "of": taken, "by_mx": self._by_mx}
            cursor.execute(KEEP_IN_HAND, (json.dumps(places), slice_id))

    def take_over(
        self, cursor: Any, run_id: int, claim: Claim, places: Mapping[str, Any], doubts: Sequence[int]
    ) -> set[int]:
        """Give back what a holder who fell silent had in hand, but for the mails that have gone, or may have; their
        positions."""
        cursor.execute(GONE, (run_id, claim.first_position, claim.first_position + len(claim.flags) - 1))
        gone = dict(cursor.fetchall())
        gone |= {position: claim.people[position].email for position in doubts if position in claim.people}
        by_mx = places.get("by_mx", {})
        used = Counter(warm_ups.group_name(email, by_mx) for email in gone.values())
        warm_ups.give_back(cursor, places, {name: count - used[name] for name, count in places["of"].items()}, {})
        cursor.execute(KEEP_IN_HAND, (None, claim.slice_id))
        return set(gone)

    def settle(
        self, cursor: Any, claim: Claim, places: Mapping[str, Any], progress: Sequence[DeliveryUpdate], *, release: bool
    ) -> None:
        """Say what became of places in hand, in the transaction that writes the states; with `release` the slice is
        given back. What was settled before, its answer lost, is known by what is left in hand."""
        ends = {update.position: update for update in progress}
        left: Counter[str] = Counter()
        used: Counter[str] = Counter()
        refused: Counter[str] = Counter()
        for position, person in claim.people.items():
            end = ends.get(position)
            if person.place is None:
                continue
            if end is not None and _has_used_up(end):
                used[person.place] += 1
                refused[person.place] += end.state is DeliveryState.REFUSED
            elif end is None and not release:
                left[person.place] += 1
        in_hand = places["of"]
        if all(left[name] == count for name, count in in_hand.items()):
            return
        back = {name: count - left[name] - used[name] for name, count in in_hand.items()}
        warm_ups.give_back(cursor, places, back, refused)
        cursor.execute(
            KEEP_IN_HAND, (json.dumps({**places, "of": {name: left[name] for name in in_hand}}), claim.slice_id)
        )


def _has_used_up(end: DeliveryUpdate) -> bool:
    """Whether the mail took its place for good; what was put off until its tries ran out did not."""
    is_put_off = end.state is DeliveryState.REFUSED and end.reason is not None
    return end.state in USED_UP and not is_put_off
