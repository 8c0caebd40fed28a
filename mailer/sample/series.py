"""A series of an invented tea shop: three letters to somebody new, not started yet."""

from __future__ import annotations

from datetime import time

from mailer.extensions import db
from mailer.models.message import Message
from mailer.models.series import DelayKind, Entry
from mailer.models.topic import Topic
from mailer.models.user import User
from mailer.sample.people import DIGEST_TAG, NEW_TAG
from mailer.series.plan import SeriesPlan, StepPlan
from mailer.series.services import save_series

MORNING = time(10)


def add_topics(owner_id: int) -> None:
    """What readers choose from behind the link of each mail; no commit."""
    db.session.add(Topic(owner_id=owner_id, tag=DIGEST_TAG, label="Новости лавки", hint="Что привезли, раз в неделю"))


def add_welcome(owner: User, messages: dict[str, Message]) -> None:
    """The series, a draft; commits, with everything before it."""
    steps = [
        StepPlan(messages["welcome.txt"], DelayKind.HOURS, 0, None),
        StepPlan(messages["brewing.txt"], DelayKind.DAYS, 2, MORNING),
        StepPlan(messages["club.html"], DelayKind.WORKING_DAYS, 5, MORNING),
    ]
    save_series(owner, SeriesPlan("Знакомство с лавкой", owner.timezone, steps, Entry.TAG, entry_tag=NEW_TAG))
