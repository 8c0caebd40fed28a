"""How long it is known who clicked and opened; how many did stays."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from flask import current_app
from sqlalchemy import delete, select

from mailer.extensions import db
from mailer.locks import REACTIONS, trying_pair
from mailer.models.delivery import Delivery
from mailer.models.reaction import Reaction
from mailer.models.run import Run
from mailer.tracking.folding import count_anew

log = structlog.get_logger()
AT_ONCE = 500  # runs


def forget_old(now: datetime) -> int:
    """Delete the reactions to runs that ended long ago, and note that nothing is added any more; how many runs.

    Commits for each run.
    """
    before = now - timedelta(days=current_app.config["CLICKS_KEPT_DAYS"])
    is_due = [Run.is_tracked, Run.reactions_ended_at.is_(None), Run.closed_at < before]
    run_ids = db.session.scalars(select(Run.id).where(*is_due).order_by(Run.closed_at).limit(AT_ONCE)).all()
    count = 0
    for run_id in run_ids:
        if db.session.scalar(trying_pair(REACTIONS, run_id)):
            db.session.get_one(Run, run_id).reactions_ended_at = now
            db.session.execute(delete(Reaction).where(Reaction.run_id == run_id))
            count += 1
        db.session.commit()
    return count


def forget_client(client_id: int) -> None:
    """Delete what one client did with their mails; the figures lose it too. No commit."""
    theirs = select(Delivery.run_id, Delivery.position).where(Delivery.client_id == client_id).subquery()
    gone = delete(Reaction).where(Reaction.run_id == theirs.c.run_id, Reaction.position == theirs.c.position)
    run_ids = db.session.scalars(gone.returning(Reaction.run_id).execution_options(synchronize_session=False))
    for run_id in sorted(set(run_ids)):
        count_anew(run_id)
