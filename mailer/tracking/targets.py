"""Where the links of a run lead: read once for each process, since a run's copy of its message never changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from flask import Flask
from sqlalchemy import select

from mailer.extensions import db
from mailer.models.run import Run

RUNS_KNOWN = 200


@dataclass(frozen=True, slots=True)
class Targets:
    """The addresses behind the links of a run, the first of them number 1; and whether it has a pixel."""

    links: tuple[str, ...]
    counts_opens: bool


class _Unknown(LookupError):
    """Not remembered: there may be such a run in a moment."""


def of_run(app: Flask, run_id: int) -> Targets | None:
    """Of a run that counts clicks or opens; None for any other. Needs no context. Errors: those of the database."""
    try:
        return _known(app, run_id)
    except _Unknown:
        return None


@lru_cache(maxsize=RUNS_KNOWN)
def _known(app: Flask, run_id: int) -> Targets:
    with app.app_context():  # of its own: a session that ends here
        tracking = db.session.scalar(select(Run.snapshot["tracking"]).where(Run.id == run_id))
    if tracking is None:
        raise _Unknown(run_id)
    return Targets(tuple(tracking.get("links", ())), tracking["opens"])
