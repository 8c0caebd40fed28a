"""What is asked of runs, slices and deliveries everywhere in sending, each condition written once.

Those with `_SQL` are the same as text for raw statements, in which runs are called `r`, slices `s` and deliveries `d`.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from mailer.models.delivery import UNFINISHED, Delivery
from mailer.models.run import SENDING_STATES, Run, RunState
from mailer.models.slice import Slice

# Open and not sending: by somebody's decision, or outside the sending hours.
HELD_STATES = frozenset({RunState.PAUSED, RunState.WAITING_FOR_WINDOW})
# What a pause holds back: everything that sends or will by itself.
OPEN_SENDING_STATES = SENDING_STATES | {RunState.WAITING_FOR_WINDOW}


def _is_within_hours(run: Any) -> ColumnElement[bool]:
    has_come = and_(run.window_opens_at <= func.now(), run.window_closes_at > func.now())
    return or_(run.window_closes_at.is_(None), has_come)


def _may_send(run: Any) -> ColumnElement[bool]:
    return and_(
        run.state.in_(sorted(SENDING_STATES)),
        run.stop_reason.is_(None),
        or_(run.ends_at.is_(None), run.ends_at > func.now()),
        _is_within_hours(run),
    )


def _is_free(slice_: Any) -> ColumnElement[bool]:
    return or_(slice_.leased_until.is_(None), slice_.leased_until < func.now())


def _is_wave_open(slice_: Any) -> ColumnElement[bool]:
    has_come = or_(slice_.opens_at.is_(None), slice_.opens_at <= func.now())
    return and_(has_come, or_(slice_.closes_at.is_(None), slice_.closes_at > func.now()))


def _is_unfinished(delivery: Any) -> ColumnElement[bool]:
    return delivery.state.in_(sorted(UNFINISHED))


def _text(condition: ColumnElement[bool]) -> str:
    compiled = condition.compile(dialect=PGDialect_psycopg2(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    return f"({compiled})"


def _columns(model: Any, alias: str) -> Any:
    return model.__table__.alias(alias).c


def listed(values: Collection[StrEnum]) -> str:
    """What stands in the parentheses of SQL's `IN`."""
    return ", ".join(f"'{value}'" for value in sorted(values))


MAY_SEND = _may_send(Run)  # nobody stopped it, it did not end, and the clock is within its hours
MAY_SEND_SQL = _text(_may_send(_columns(Run, "r")))
IS_FREE = _is_free(Slice)  # no worker has it, or the one that had it let its lease run out
IS_FREE_SQL = _text(_is_free(_columns(Slice, "s")))
IS_WAVE_OPEN = _is_wave_open(Slice)  # its wave's moment has come, and it is within the sending hours there
IS_WAVE_OPEN_SQL = _text(_is_wave_open(_columns(Slice, "s")))
IS_UNFINISHED = _is_unfinished(Delivery)  # waits for its mail, for the first time or again
IS_UNFINISHED_SQL = _text(_is_unfinished(_columns(Delivery, "d")))
