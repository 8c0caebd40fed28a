"""What a crash left in a slice: attempts not settled, and mails whose content may or may not have arrived."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import cast

from mailer.sending.worker.claims import AttemptEntry, Claim, DueDelivery
from mailer.sending.worker.delivery_rules import RunRules
from mailer.sending.worker.ledger import Ledger
from mailer.sending.worker.statements import ABANDONED
from mailer.smtp.results import Outcome, Phase, Result

DIED = "The worker died after the content had begun to leave; whether the server took the mail is unknown."


def recover(
    ledger: Ledger, claim: Claim, doubts: Sequence[int], rules: RunRules, random: Random, now: datetime
) -> None:
    """Bring the claimed people up to what the dead holder wrote, and write an attempt *in doubt* for each flag it left.

    Those touched are no longer `is_settled`: the caller settles them instead of sending to them.
    """
    if not claim.was_left:  # who gives a slice back has settled it, and takes its flags along
        return
    for result in ledger.unsettled(claim):
        _apply(claim.people[cast(int, result.key)], result, rules, random)
    entries = [_doubt(claim, position, now) for position in doubts if position in claim.people]
    if not entries:
        return
    ledger.mark_and_record([claim], {}, entries)
    for entry in entries:
        _apply(claim.people[entry.position], entry.result, rules, random)


def _apply(person: DueDelivery, result: Result, rules: RunRules, random: Random) -> None:
    person.progress.apply(result, rules, random)
    person.is_settled = False


def settle_abandoned(ledger: Ledger, rules: RunRules, random: Random, now: datetime) -> int:
    """Settle every slice of the run that a dead worker holds, whether or not the run may send. How many."""
    count = 0
    while (found := ledger.claim(ABANDONED)) is not None:
        claim, doubts = found
        recover(ledger, claim, doubts, rules, random, now)
        touched = [person.progress for person in claim.people.values() if not person.is_settled]
        ledger.settle(claim, touched, release=True)
        count += 1
    return count


def _doubt(claim: Claim, position: int, at: datetime) -> AttemptEntry:
    number = claim.people[position].progress.attempt_count + 1
    result = Result(position, Outcome.IN_DOUBT, Phase.CONTENT, None, None, DIED, at, at, None)
    return AttemptEntry(claim, position, number, result)
