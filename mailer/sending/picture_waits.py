"""Runs whose pictures travel inside wait while the storage of pictures is away: no mail leaves without them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import update

from mailer.clock import database_now
from mailer.extensions import cache, db
from mailer.models.run import PICTURES_AWAY, SENDING_STATES, Run, RunState
from mailer.models.types import MAX_RESPONSE
from mailer.picture_names import StoreAway
from mailer.sending import server_faults
from mailer.smtp.results import Phase

KEY, REST_SECONDS = "pictures-away", 15  # no worker asks again before that: each would wait for it in turn
SERVER = "storage of pictures"


def require_storage() -> None:
    """Raise StoreAway where some worker has found the storage of pictures away a moment ago."""
    if said := cache.get(KEY):
        raise StoreAway(str(said), is_refusal=False)


@contextmanager
def letting_run_wait(run_id: int) -> Iterator[None]:
    """Around what is done before anybody is claimed: a StoreAway makes the run wait, says why, and goes no further.

    Commits then.
    """
    try:
        yield
    except StoreAway as away:
        db.session.rollback()
        if not cache.get(KEY):
            cache.set(KEY, str(away), timeout=REST_SECONDS)
        now, said = database_now(), f"{PICTURES_AWAY}{away}"[:MAX_RESPONSE]
        db.session.execute(
            update(Run)
            .where(Run.id == run_id, Run.state.in_(SENDING_STATES))
            .values(state=RunState.WAITING_FOR_SERVER, last_fault=said, last_fault_at=now)
        )
        server_faults.note(run_id, SERVER, Phase.CONNECT, None, str(away), now)
        db.session.commit()
