"""Comparisons of a field's value, by its type, as SQL in which every value is bound.

What says "not" includes people without a value: "city is not Moscow" holds for somebody whose city nobody knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from sqlalchemy import ColumnElement, String, and_, bindparam, extract, func, literal, not_, or_

from mailer.models.client_field import FieldType
from mailer.segments.scope import ConditionScope, Field, require, text_of, texts_of

Column = ColumnElement[Any]
Condition = ColumnElement[bool]
NEEDS_NO_VALUE = frozenset({"empty", "filled", "yes", "no", "not_yes", "not_no"})


def compare(field: Field, op: str, value: Any, scope: ConditionScope, path: str) -> Condition:
    """Whether the field's value stands in that relation to `value`."""
    require(isinstance(op, str) and op in OPS[field.type], path, "comparison")
    if op in NEEDS_NO_VALUE:
        require(value is None, path, "unknown_key")
    if op in ("empty", "filled"):
        return _is_empty(field) if op == "empty" else not_(_is_empty(field))
    if field.type is FieldType.DATE:
        return _day(field, op, value, scope, path)
    if field.alike is not None:
        return _known(field, op, value, path)
    return OPS[field.type][op](field.column, value, path)


def whole(condition: Condition) -> Condition:
    """The condition with "unknown" as "no": what is behind a "not" then means what a person reads."""
    return func.coalesce(condition, False)


def _is_empty(field: Field) -> Condition:
    is_text = field.type in (FieldType.TEXT, FieldType.CHOICE)
    return func.coalesce(field.column, "") == "" if is_text else field.column.is_(None)


def _is(column: Column, value: Any, path: str) -> Condition:
    return func.lower(column) == func.lower(bindparam(None, text_of(value, path), String))


def _one_of(column: Column, value: Any, path: str) -> Condition:
    # `lower` of the whole array is no function of PostgreSQL's: the values are lowered as it lowers them.
    return or_(*(func.lower(column) == func.lower(bindparam(None, one, String)) for one in texts_of(value, path)))


def _known(field: Field, op: str, value: Any, path: str) -> Condition:
    """Of values that are known: written in one way only, and of several that mean the same each counts."""
    assert field.alike is not None
    asked = [field.alike(one) for one in texts_of(value if op in ("one_of", "none_of") else [value], path)]
    require(all(asked), path, field.unknown)
    found: Condition = field.column.in_([one for alike in asked for one in alike])
    return found if op in ("is", "one_of") else not_(found)


def _contains(column: Column, value: Any, path: str) -> Condition:
    return func.strpos(func.lower(column), func.lower(bindparam(None, text_of(value, path), String))) > 0


def _starts(column: Column, value: Any, path: str) -> Condition:
    return func.starts_with(func.lower(column), func.lower(bindparam(None, text_of(value, path), String)))


def _negated(compare_: Callable[[Column, Any, str], Condition]) -> Callable[[Column, Any, str], Condition]:
    return lambda column, value, path: not_(whole(compare_(column, value, path)))


def _number(op: Callable[[Column, Any], Condition]) -> Callable[[Column, Any, str], Condition]:
    return lambda column, value, path: op(column, literal(number_of(value, path)))


def _between(column: Column, value: Any, path: str) -> Condition:
    require(isinstance(value, list) and len(value) == 2, path, "two")
    return column.between(literal(number_of(value[0], path)), literal(number_of(value[1], path)))


def number_of(value: Any, path: str) -> Decimal:
    """A number, written as one or as text, of a size that people use."""
    is_written = isinstance(value, (int, str)) and not isinstance(value, bool) and len(str(value)) <= 30
    require(is_written and str(value).isascii(), path, "number")
    try:
        number = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        number = Decimal("NaN")
    require(number.is_finite() and abs(number.adjusted()) <= 30, path, "number")
    return number


def _day(field: Field, op: str, value: Any, scope: ConditionScope, path: str) -> Condition:
    """Days compared; a moment, which has a time zone, is on a day from its beginning to that of the next one."""
    if op == "yearly":
        require(isinstance(value, dict) and set(value) == {"days"}, path, "days")
        return _comes_round(_as_day(field, scope), scope.day(value, path))
    if op == "between":
        require(isinstance(value, list) and len(value) == 2, path, "two")
        first, last = (scope.day(one, path) for one in value)
    else:
        first = last = scope.day(value, path)
    start, end = _bound(field, first, scope), _bound(field, last + timedelta(1), scope)
    if op == "before":
        return field.column < start
    return field.column >= end if op == "after" else and_(field.column >= start, field.column < end)


def _bound(field: Field, day: date, scope: ConditionScope) -> Column:
    return literal(scope.starts(day)) if _is_moment(field) else literal(day)


def _is_moment(field: Field) -> bool:
    return getattr(field.column, "key", "") == "created_at"


def _as_day(field: Field, scope: ConditionScope) -> Column:
    return func.timezone(scope.zone.key, field.column) if _is_moment(field) else field.column


def _comes_round(column: Column, on: date) -> Condition:
    """Whether the day comes round on `on`; 29 February does on the 28th of a common year."""
    days = [on.month * 100 + on.day]
    if days == [228] and (on + timedelta(1)).day != 29:
        days.append(229)
    return (extract("month", column) * 100 + extract("day", column)).in_(days)


_TEXT: dict[str, Any] = {
    "is": _is, "is_not": _negated(_is), "one_of": _one_of, "none_of": _negated(_one_of), "contains": _contains,
    "not_contains": _negated(_contains), "starts": _starts, "empty": None, "filled": None,
}  # fmt: skip
OPS: Mapping[FieldType, Mapping[str, Any]] = {
    FieldType.TEXT: _TEXT,
    FieldType.CHOICE: {op: _TEXT[op] for op in ("is", "is_not", "one_of", "none_of", "empty", "filled")},
    FieldType.NUMBER: {
        "is": _number(lambda column, number: column == number),
        "is_not": _negated(_number(lambda column, number: column == number)),
        "at_least": _number(lambda column, number: column >= number),
        "at_most": _number(lambda column, number: column <= number),
        "more": _number(lambda column, number: column > number),
        "less": _number(lambda column, number: column < number),
        "between": _between,
        "empty": None,
        "filled": None,
    },
    FieldType.DATE: dict.fromkeys(("before", "after", "on", "between", "yearly", "empty", "filled")),
    FieldType.BOOLEAN: {
        "yes": lambda column, _value, _path: column.is_(True),
        "no": lambda column, _value, _path: column.is_(False),
        "not_yes": lambda column, _value, _path: column.is_not(True),
        "not_no": lambda column, _value, _path: column.is_not(False),
        "empty": None,
        "filled": None,
    },
}
