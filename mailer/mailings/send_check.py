"""What stands between a mailing and its next run, in words for its page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from mailer.models.approval import Approval
from mailer.models.mailing import Mailing
from mailer.sending.runs import limits


@dataclass(frozen=True, slots=True)
class SendCheck:
    """Whether limit and approval let a run begin.

    `limit_text` says how the limit would be passed, or is empty. `approval` is the question put to a manager, None when
    none was. `reached_words` says why a small mailing needs approval: others of the day count with it; else empty.
    """

    limit_text: str
    needs_approval: bool
    reached_words: str
    approval: Approval | None

    @classmethod
    def of(cls, mailing: Mailing, will_get: int, now: datetime, *, on_demand: bool = False) -> SendCheck:
        """As things stand now. A mailing that is completed has no next run, unless one is asked for `on_demand`."""
        if mailing.completed_at is not None and not on_demand:
            return cls("", False, "", None)
        owner = mailing.owner
        passes = owner.daily_limit is not None and limits.used_today(owner, now) + will_get > owner.daily_limit
        needs = limits.needs_approval(mailing, will_get, now)
        return cls(
            limits.limit_text(owner, will_get, now) if passes else "",
            needs,
            limits.reached_words(mailing, will_get, now) if needs else "",
            limits.approval_of(mailing, will_get) if needs else None,
        )
