"""Hits that are some seconds old are judged, folded into reactions and deleted, run by run, each in one commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Row, delete, exists, func, insert, select, text

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.locks import REACTIONS, trying_pair
from mailer.models.attempt import Attempt
from mailer.models.delivery import Delivery, Reason
from mailer.models.reaction import OPEN, Asker, LinkHit, Reaction, ReactionHour, ReactionTotal
from mailer.models.run import Run
from mailer.sending.runs.closing import settle_uncertain
from mailer.smtp.results import Outcome
from mailer.tracking.judging import Hit, Judged, judged

log = structlog.get_logger()
AFTER = timedelta(seconds=15)  # what belongs together has come by then
AT_ONCE = 5000  # hits of one run in a commit
MAY_HAVE_IT = (Outcome.ACCEPTED, Outcome.IN_DOUBT)  # after such an attempt a mail server may hand it on
Key = tuple[int, int]  # run and position


def is_any_due(now: datetime) -> bool:
    """Whether there is something to fold."""
    return bool(db.session.scalar(select(exists().where(LinkHit.at <= now - AFTER))))


def fold_due(now: datetime | None = None) -> int:
    """Fold all that is due at `now`; how many hits. Commits for each part, so that what is done stays done."""
    due = (now or utcnow()) - AFTER
    count = 0
    for run_id in db.session.scalars(select(LinkHit.run_id).where(LinkHit.at <= due).distinct()).all():
        while folded := _fold_some(run_id, due):
            count += folded
    return count


def _fold_some(run_id: int, due: datetime) -> int:
    """How many hits of the run were folded; 0 too while another process is at it."""
    if not db.session.scalar(trying_pair(REACTIONS, run_id)):
        db.session.rollback()
        return 0
    hits = _taken(run_id, due)
    run = db.session.get(Run, run_id)
    if hits and run is not None and run.is_tracked and run.reactions_ended_at is None:
        _fold(run, hits)
        count_anew(run_id)
    db.session.commit()
    return len(hits)


def _taken(run_id: int, due: datetime) -> Sequence[Row[Any]]:
    some = select(LinkHit.id).where(LinkHit.run_id == run_id, LinkHit.at <= due).order_by(LinkHit.at).limit(AT_ONCE)
    columns = (
        LinkHit.position, LinkHit.link, LinkHit.at, LinkHit.is_head, LinkHit.is_listed, LinkHit.purpose, LinkHit.agent
    )  # fmt: skip
    taken = delete(LinkHit).where(LinkHit.id.in_(some)).returning(*columns)
    return db.session.execute(taken.execution_options(synchronize_session=False)).all()


def _fold(run: Run, rows: Iterable[Row[Any]]) -> None:
    hits: defaultdict[int, list[Hit]] = defaultdict(list)
    for position, *about in rows:
        hits[position].append(Hit(*about))
    positions = _there(run.id, list(hits))
    known, accepted = _known(run.id, positions), _accepted(run.id, positions)
    link_count = len((run.snapshot.get("tracking") or {}).get("links", ()))
    new = [
        _as_row(run.id, position, one)
        for position in positions
        for one in judged(hits[position], known[position], accepted.get(position), link_count)
    ]
    if new:
        db.session.execute(delete(Reaction).where(Reaction.run_id == run.id, Reaction.position.in_(positions)))
        db.session.execute(insert(Reaction), new)
    if run.uncertain_count:  # what a person has looked at has arrived
        seen = {row["position"] for row in new if row["verdict"] is Asker.PERSON}
        settle_uncertain(run, Reason.PROVEN_BY_CLICK, Delivery.position.in_(seen))


def _there(run_id: int, positions: list[int]) -> list[int]:
    """Those of whom the run still has a delivery."""
    query = select(Delivery.position).where(Delivery.run_id == run_id, Delivery.position.in_(positions))
    return list(db.session.scalars(query))


def _known(run_id: int, positions: list[int]) -> defaultdict[int, list[Judged]]:
    query = select(Reaction).where(Reaction.run_id == run_id, Reaction.position.in_(positions))
    known: defaultdict[int, list[Judged]] = defaultdict(list)
    for one in db.session.scalars(query):
        known[one.position].append(Judged(one.link, one.verdict, one.rule, one.first_at, one.last_at, one.hit_count))
        db.session.expunge(one)  # its row is about to be written anew
    return known


def _accepted(run_id: int, positions: list[int]) -> dict[int, datetime]:
    query = select(Attempt.position, func.min(Attempt.finished_at)).where(
        Attempt.run_id == run_id, Attempt.position.in_(positions), Attempt.outcome.in_(MAY_HAVE_IT)
    )
    return {row[0]: row[1] for row in db.session.execute(query.group_by(Attempt.position))}


def _as_row(run_id: int, position: int, one: Judged) -> dict[str, Any]:
    return {
        "run_id": run_id, "position": position, "link": one.link, "verdict": one.verdict, "rule": one.rule,
        "first_at": one.first_at, "last_at": one.last_at, "hit_count": min(one.count, 2**31 - 1),
    }  # fmt: skip


def count_anew(run_id: int) -> None:
    """The run's figures from its reactions, as long as all of these are there; no commit."""
    of_run = {"run_id": run_id, "person": Asker.PERSON.value, "open": OPEN}
    db.session.execute(delete(ReactionTotal).where(ReactionTotal.run_id == run_id))
    totals = select(Reaction.run_id, Reaction.link, Reaction.verdict, Reaction.rule, func.count())
    totals = totals.where(Reaction.run_id == run_id)
    totals = totals.group_by(Reaction.run_id, Reaction.link, Reaction.verdict, Reaction.rule)
    db.session.execute(
        insert(ReactionTotal).from_select(["run_id", "link", "verdict", "rule", "recipient_count"], totals)
    )
    db.session.execute(delete(ReactionHour).where(ReactionHour.run_id == run_id))
    db.session.execute(_HOURS, of_run)
    db.session.execute(_FIGURES, of_run)


_FIRSTS = """
    SELECT position, min(first_at) FILTER (WHERE link <> :open) AS clicked, min(first_at) AS opened
    FROM reactions WHERE run_id = :run_id AND verdict = :person GROUP BY position
"""
_HOURS = text(
    f"""
    INSERT INTO reaction_hours (run_id, hour, clicked_count, opened_count)
    SELECT :run_id, date_trunc('hour', at, 'UTC'), sum(clicks), sum(opens) FROM (
        SELECT clicked AS at, 1 AS clicks, 0 AS opens FROM ({_FIRSTS}) AS c WHERE clicked IS NOT NULL
        UNION ALL SELECT opened, 0, 1 FROM ({_FIRSTS}) AS o
    ) AS firsts GROUP BY 2
    """  # noqa: S608 - one text of ours put into another
)
_FIGURES = text(
    f"""
    UPDATE runs SET clicked_count = f.clicked, opened_count = f.opened
    FROM (SELECT count(clicked) AS clicked, count(opened) AS opened FROM ({_FIRSTS}) AS one) AS f
    WHERE id = :run_id AND (clicked_count, opened_count) IS DISTINCT FROM (f.clicked, f.opened)
    """  # noqa: S608
)
