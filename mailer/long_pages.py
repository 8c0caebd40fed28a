"""Pages of lists that may be a million rows long: no page costs as much as its list is long.

Rows are found by their ids, in an index as far as there is one, and only those of the page are read. What lies in the
second half of a list whose length is known is looked for from its end. A length that nobody keeps is counted up to
`COUNTED`, and then said to be more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask_sqlalchemy.pagination import Pagination
from sqlalchemy import Select, func, literal_column, select

from mailer.extensions import db

COUNTED = 10_000  # rows
NEAR = 1_000  # rows


class LongPage(Pagination):
    """A page; 404 beyond the last.

    Arguments: `ids`, the ids of the list's rows; `order` and `backwards`, their order and the other way round;
    `length`, the number of rows where it is kept; `load`, which reads rows by their ids, in order; `first_of`, where
    the first rows in an order can be told by something quicker than `ids`: it is given the order and how many.
    """

    is_more = False  # the list is longer than `total` says
    _goes_on = False  # there is another page

    def _query_items(self) -> list[Any]:
        length = self._query_args["length"]
        backwards = length is not None and self._query_offset >= length / 2
        ids = self._ids_from_the_end(length) if backwards else self._ids()
        load: Callable[[Sequence[int]], list[Any]] = self._query_args["load"]
        return load(ids) if ids else []

    def _ids(self) -> Sequence[int]:
        ids = self._some("order", self._query_offset, self.per_page + 1)
        self._goes_on = len(ids) > self.per_page
        return ids[: self.per_page]

    def _ids_from_the_end(self, length: int) -> Sequence[int]:
        left = length - self._query_offset
        if left <= 0:
            return []
        self._goes_on = left > self.per_page
        count = min(left, self.per_page)
        return self._some("backwards", left - count, count)[::-1]

    def _some(self, way: str, after: int, count: int) -> Sequence[int]:
        order, first_of = self._query_args[way], self._query_args.get("first_of")
        query: Select[Any] = self._query_args["ids"]
        if first_of is not None and after + count <= NEAR:
            query = first_of(order, after + count)
        return db.session.scalars(query.order_by(*order).offset(after).limit(count)).all()

    def _query_count(self) -> int:
        seen = self._query_offset + len(self.items)
        if not self._goes_on and (self.items or not self._query_offset):
            return seen
        if (length := self._query_args["length"]) is not None:
            return int(length)
        some = self._query_args["ids"].with_only_columns(literal_column("1")).limit(COUNTED + 1).subquery()
        count = db.session.scalar(select(func.count()).select_from(some)) or 0
        self.is_more = count > COUNTED
        return max(COUNTED, seen) if self.is_more else count

    @property
    def has_next(self) -> bool:
        """Whether there is another page."""
        return self._goes_on
