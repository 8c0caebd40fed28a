"""What series need: segments, fields and tags that must not go, or change their name, without them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select, update

from mailer.extensions import db
from mailer.models.series import Series, SeriesState

IS_LIVE = (Series.deleted_at.is_(None), Series.state != SeriesState.STOPPED)


def with_segment(owner_id: int, segment_id: int) -> list[str]:
    """The names of the series, over and deleted ones too, that people enter or leave by this segment."""
    return _names(owner_id, Series.entry_segment_id == segment_id)


def with_field(owner_id: int, field_id: int) -> list[str]:
    """The names of the live series that people enter by this field."""
    return _names(owner_id, Series.entry_field_id == field_id, *IS_LIVE)


def with_tag(owner_id: int, tag: str) -> list[str]:
    """The names of the live series that people enter or leave by this tag."""
    return _names(owner_id, or_(Series.entry_tag == tag, Series.goal_tag == tag), *IS_LIVE)


def rename_tag(owner_id: int, tag: str, name: str) -> None:
    """The series follow; no commit."""
    for column in (Series.entry_tag, Series.goal_tag):
        renamed = update(Series).where(Series.owner_id == owner_id, column == tag).values({column: name})
        db.session.execute(renamed.execution_options(synchronize_session=False))


def _names(owner_id: int, *conditions: ColumnElement[bool]) -> list[str]:
    query = select(Series.name).where(Series.owner_id == owner_id, *conditions)
    return list(db.session.scalars(query.order_by(Series.id)))
