"""Where one client is in series."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Row, select

from mailer.extensions import db
from mailer.models.client import Client
from mailer.models.series import Enrolment, Series

MOST = 50


def ways_of(client: Client) -> Sequence[Row[tuple[Enrolment, Series]]]:
    """The client's ways through series that are not deleted, the latest first."""
    query = select(Enrolment, Series).join(Series, Series.id == Enrolment.series_id)
    query = query.where(Enrolment.client_id == client.id, Series.deleted_at.is_(None))
    return db.session.execute(query.order_by(Enrolment.id.desc()).limit(MOST)).all()
