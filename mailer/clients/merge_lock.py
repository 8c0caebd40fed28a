"""Who changes very many clients of one owner takes turns: an import that merges, and a tag that gets another name.

Without it an import that has read the old name would write it after the tag was renamed, and two imports of the same
people could wait for each other in a circle.
"""

from __future__ import annotations

from sqlalchemy import func, select

from mailer.extensions import db

CLASS = 0x474F4C43  # of advisory locks, which end with the transaction


def number_of(owner_id: int) -> int:
    """The number within `CLASS` that stands for this owner."""
    return owner_id % 2**31


def is_free(owner_id: int) -> bool:
    """Take the turn if nobody has it; it ends with the session's transaction."""
    return bool(db.session.scalar(select(func.pg_try_advisory_xact_lock(CLASS, number_of(owner_id)))))
