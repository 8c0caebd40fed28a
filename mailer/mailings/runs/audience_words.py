"""The conditions by which a run's people were chosen, in words, as they stood then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from mailer.extensions import db
from mailer.models.mailing import Mailing
from mailer.models.run import Run
from mailer.segments.words import Names, in_words


@dataclass(frozen=True)
class AudienceTold:
    """The segments by which a run's people were chosen, as (name, condition in words): taken, and left out.

    `today` is the day that dates in the conditions were relative to, `count` how many people were chosen.
    """

    today: date
    count: int
    taken: list[tuple[str, str]]
    left_out: list[tuple[str, str]]


def audience_told(run: Run) -> AudienceTold | None:
    """The segments of a run as they stood then; None for a run without segments."""
    kept = run.audience
    if not kept:
        return None
    segments = {int(id_): segment for id_, segment in kept["segments"].items()}
    names = Names(
        {int(id_): label for id_, label in kept["fields"].items()},
        {id_: segment["name"] for id_, segment in segments.items()},
        dict(db.session.execute(select(Mailing.id, Mailing.name).filter_by(owner_id=run.owner_id)).tuples().all()),
    )

    def told(ids: list[int]) -> list[tuple[str, str]]:
        found = [segments[id_] for id_ in ids if id_ in segments]
        return [(segment["name"], in_words(segment["tree"], names)) for segment in found]

    return AudienceTold(date.fromisoformat(kept["today"]), kept["count"], told(kept["taken"]), told(kept["left_out"]))
