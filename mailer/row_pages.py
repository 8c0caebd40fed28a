"""Pages of whole rows; Flask-SQLAlchemy's own keep the first column of a row only."""

from __future__ import annotations

from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Row, Select, func, select

from mailer.extensions import db


class RowsPage(Pagination):
    """A page of the rows of `select`; 404 beyond. `key`: the column of a row to count by, for a query whose rows are
    those of one table, so that nothing else is reckoned for the count."""

    def _query_items(self) -> list[Row[Any]]:
        query: Select[Any] = self._query_args["select"]
        return list(db.session.execute(query.limit(self.per_page).offset(self._query_offset)))

    def _query_count(self) -> int:
        query: Select[Any] = self._query_args["select"].order_by(None)
        if (key := self._query_args.get("key")) is not None:
            query = query.with_only_columns(key)
        return db.session.scalar(select(func.count()).select_from(query.subquery())) or 0
