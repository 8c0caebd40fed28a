"""A table of the database to look at: a list, a page for each row, a file, and no address that could change anything:
the routes of Flask-Admin for that are never registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from flask import abort, request
from flask_admin import expose
from flask_admin.contrib.sqla import ModelView
from flask_admin.tools import iterdecode
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import Column, ColumnElement, Enum, select, tuple_

from mailer.admin.column_labels import LABELS
from mailer.admin.guard import Guarded
from mailer.admin.names import REFERENCES, Names, names_of
from mailer.admin.narrowing import Narrowing, in_period, parse_narrowing
from mailer.admin.value_labels import label_of
from mailer.downloads import csv_download
from mailer.extensions import db
from mailer.http import zone_label
from mailer.input_limits import is_impossible, whole_number
from mailer.journal.table_titles import TABLE_TITLES
from mailer.panel_lists import PlainArguments
from mailer.searching import mentions, searched, shortened

OPEN = {"index_view", "details_view", "export"}
BATCH = 1000
LONGEST_KEY = 254  # an address


class Overview(Guarded, PlainArguments, ModelView):  # type: ignore[misc]
    """Rows of one model, the newest first."""

    model: Any
    shown: tuple[str, ...]  # the columns of the list
    more: tuple[str, ...] = ()  # what the page of a row tells besides
    labels: Mapping[str, Any] = {}  # where a column is called otherwise here
    computed: Mapping[str, Callable[[Any], Any]] = {}  # columns that the table has not, made of a row
    choices: tuple[str, ...] = ()  # columns of a few values that the list can be narrowed to
    dated = ""  # the moment that days are asked of
    dated_by_run = False  # days are asked of the runs that rows belong to
    is_searched_by_address = False  # by a whole address, over everybody's
    loads: tuple[Any, ...] = ()  # options of the query: what computed columns need
    is_large = False  # millions of rows: they are not counted, and not sorted by anything without an index

    can_create = can_edit = can_delete = can_export = False
    can_view_details = True
    list_template, details_template = "admin/list.html", "admin/details.html"
    page_size = 25

    def __init__(self) -> None:
        table = self.model.__table__
        keys = [column.name for column in table.primary_key]
        self.column_labels = {**LABELS, **self.labels}
        self.column_list, self.column_details_list = self.shown, [*self.shown, *self.more]
        sortable = [name for name in self.shown if name in table.c and name != "tags"]
        self.column_sortable_list = keys if self.is_large else sortable
        self.column_default_sort = [(key, True) for key in keys]
        self.simple_list_pager = self.is_large
        title = TABLE_TITLES.get(table.name, table.name)
        super().__init__(self.model, db, name=title, endpoint=f"all_{table.name}", url=f"/admin/{table.name}")

    def create_blueprint(self, admin: Any) -> Any:
        """Only the pages that show."""
        self._urls: list[Any] = [route for route in self._urls if route[1] in OPEN]
        return super().create_blueprint(admin)

    @expose("/export.csv")
    def export(self) -> Any:
        """The rows chosen as a file, the newest first, with every column that the pages show."""
        conditions = self.conditions(self.narrowing())
        if self.column_searchable_list:
            columns = [getattr(self.model, name) for name in self.column_searchable_list]
            conditions += mentions(searched(request.args, "search"), columns)
        zone = current_user.timezone
        return csv_download(f"{self.model.__tablename__}.csv", lambda session: self._table(session, conditions, zone))

    def narrowing(self) -> Narrowing:
        """What the address asks for."""
        columns = tuple(column.name for column in self.model.__table__.c)
        return parse_narrowing(request.args, columns, self.kinds(), current_user.timezone)

    def kinds(self) -> dict[str, type[StrEnum]]:
        """The enums behind `choices`."""
        return {name: kind_of(self.model, name) for name in self.choices}

    def conditions(self, asked: Narrowing) -> list[ColumnElement[bool]]:
        """What of the narrowing holds for rows of this table."""
        found = [self.is_value(name, value) for name, value in asked.values.items()]
        found += [getattr(self.model, name) == number for name, number in asked.ids.items()]
        if self.dated:
            found += in_period(getattr(self.model, self.dated), asked.period)
        return found

    def is_value(self, name: str, value: Any) -> ColumnElement[bool]:
        """The condition of one choice."""
        return getattr(self.model, name) == value

    def value_of(self, row: Any, column: str) -> Any:
        """What a column holds, computed or not."""
        make = self.computed.get(column)
        return make(row) if make is not None else getattr(row, column)

    def get_query(self) -> Any:
        """The rows of a page, only as many as the filters leave."""
        return super().get_query().options(*self.loads).filter(*self.conditions(self.narrowing()))

    def get_count_query(self) -> Any:
        """The same rows, counted."""
        return super().get_count_query().filter(*self.conditions(self.narrowing()))

    def _get_list_extra_args(self) -> Any:
        asked = super()._get_list_extra_args()
        asked.search = shortened(asked.search or "") or None
        return asked

    def _apply_sorting(self, *arguments: Any) -> Any:
        """Those alike in the sorted column keep one order, or a page would show again what the one before did."""
        query, joins = super()._apply_sorting(*arguments)
        return query.order_by(*self.model.__table__.primary_key), joins

    def get_one(self, id: Any) -> Any:
        """404 rather than a way back to the list."""
        keys, columns = iterdecode(str(id)), list(self.model.__table__.primary_key)
        try:
            key = tuple(_key_part(*each) for each in zip(keys, columns, strict=True))
        except ValueError:
            abort(404)
        return db.session.get(self.model, key) or abort(404)

    def render(self, template: str, **kwargs: Any) -> Any:
        """The page, with names for ids and words for values."""
        rows = kwargs.get("data") or [kwargs["model"]] if kwargs.get("data") or kwargs.get("model") else []
        columns = self.column_details_list if "model" in kwargs else self.shown
        return super().render(
            template,
            get=self.value_of,
            large=self.is_large,
            names=names_of(db.session, rows, columns),
            references=REFERENCES,
            words=label_of,
            narrowing=self.narrowing(),
            kinds=self.kinds(),
            **kwargs,
        )

    def _table(self, session: Any, conditions: list[ColumnElement[bool]], zone: str) -> Iterator[list[object]]:
        """Read in batches between which no transaction stays open."""
        keys = [getattr(self.model, column.name) for column in self.model.__table__.primary_key]
        query = select(self.model).options(*self.loads).where(*conditions).order_by(*(key.desc() for key in keys))
        columns = list(self.column_details_list)
        yield [self.column_labels.get(name, name) for name in columns] + [
            _("Times are in this zone: %(zone)s", zone=zone_label(zone))
        ]
        rows = session.scalars(query.limit(BATCH)).all()
        while rows:
            names = names_of(session, rows, columns)
            for row in rows:
                yield [*(self._cell(row, name, names, zone) for name in columns), ""]  # under the remark on the zone
            last = tuple(getattr(rows[-1], key.key) for key in keys)
            session.rollback()
            session.expunge_all()
            rows = session.scalars(query.where(tuple_(*keys) < tuple_(*last)).limit(BATCH)).all()

    def _cell(self, row: Any, column: str, names: Names, zone: str) -> object:
        value = self.value_of(row, column)
        if column in REFERENCES and value is not None:
            return names.get((REFERENCES[column], value), value)
        if isinstance(value, datetime):
            return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
        if isinstance(value, StrEnum):
            return label_of(value)
        if column == "timezone":
            return zone_label(value)
        return ", ".join(map(str, value)) if isinstance(value, list) else value


def kind_of(model: Any, name: str) -> type[StrEnum]:
    """The enum of a column."""
    kind = model.__table__.c[name].type
    assert isinstance(kind, Enum)
    assert kind.enum_class is not None
    assert issubclass(kind.enum_class, StrEnum)
    return kind.enum_class


def _key_part(text: str, column: Column[Any]) -> int | date | str:
    """A part of a row's key as the database compares it; raises ValueError for what names no row there."""
    kind = column.type.python_type
    if kind is int:
        return whole_number(text)
    if kind is date:
        return date.fromisoformat(text)
    if issubclass(kind, StrEnum):
        return kind(text)
    if kind is not str or len(text) > LONGEST_KEY or is_impossible(text):  # a digest is nobody's name for a row
        raise ValueError("no key of ours")
    return text
