"""Runs and articles for the front page and the dashboard."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask

from mailer.clock import utcnow
from mailer.extensions import db
from mailer.models.attempt import Attempt
from mailer.models.blog_post import BlogPost, PostStatus
from mailer.models.delivery import Delivery, DeliveryState
from mailer.models.mailing import Mailing
from mailer.models.run import Run, RunState
from mailer.models.user import User
from mailer.smtp.results import Outcome, Phase
from tests.factories import make_client, make_mailing, numbers, save

ANSWERED = {
    DeliveryState.ACCEPTED: (Outcome.ACCEPTED, Phase.CONTENT, 250),
    DeliveryState.REFUSED: (Outcome.PERMANENT, Phase.RCPT, 550),
}


@pytest.fixture
def make_run(app: Flask) -> Callable[..., Run]:
    """A run of `states`: each is a delivery to a client of its own that took one attempt unless it still waits."""

    def make(
        owner: User,
        *states: DeliveryState,
        at: datetime | None = None,
        mailing: Mailing | None = None,
        planned_at: datetime | None = None,
    ) -> Run:
        mailing = mailing or make_mailing(owner)
        at = at or utcnow() - timedelta(minutes=5)
        run = save(
            Run(
                owner_id=owner.id,
                mailing_id=mailing.id,
                occurrence=f"manual:{next(numbers)}",
                planned_at=planned_at or at,
                started_at=at,
                state=RunState.SENDING,
            )
        )
        for position, state in enumerate(states, 1):
            client = make_client(owner)
            db.session.add(
                Delivery(
                    run_id=run.id,
                    position=position,
                    client_id=client.id,
                    email=client.email,
                    email_key=client.email_key,
                    state=state,
                    attempt_count=0 if state is DeliveryState.WAITING else 1,
                )
            )
        db.session.flush()
        for position, state in enumerate(states, 1):
            if state in ANSWERED:
                outcome, phase, code = ANSWERED[state]
                attempt = Attempt(run_id=run.id, position=position, number=1, outcome=outcome, phase=phase)
                attempt.smtp_code, attempt.started_at, attempt.finished_at = code, at, at
                db.session.add(attempt)
        db.session.commit()
        db.session.refresh(run)
        if DeliveryState.WAITING not in states:
            run.state = RunState.COMPLETE_WITH_REFUSALS if run.refused_count else RunState.COMPLETE
            run.closed_at = at + timedelta(minutes=1)
            db.session.commit()
        return run

    return make


@pytest.fixture
def make_post(app: Flask) -> Callable[..., BlogPost]:
    """A published article."""

    def make(title: str = "An article", status: PostStatus = PostStatus.PUBLISHED, **values: object) -> BlogPost:
        number = next(numbers)
        values = {"slug": f"article-{number}", "content": "Words.", "published_at": utcnow()} | values
        return save(BlogPost(title=title, status=status, **values))

    return make
