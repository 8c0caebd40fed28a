"""Dataclasses whose fields know what they may hold: built from raw values, and written as JSON again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class BadValue(ValueError):
    """A value that cannot stand in a letter: `code`, and what a sentence about it needs."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code)
        self.code, self.params = code, params


@dataclass(frozen=True, slots=True)
class ValueFault:
    """Where a value is refused: the path of its field (`items-2-link`), a code, and what a sentence needs."""

    field: str
    code: str
    params: Mapping[str, object]


class DocumentError(ValueError):
    """A letter, a block or a theme that is refused, with all its faults."""

    def __init__(self, faults: list[ValueFault]) -> None:
        super().__init__(", ".join(f"{fault.field}: {fault.code}" for fault in faults))
        self.faults = faults


class Shape(Protocol):
    """What a field may be."""

    @property
    def widget(self) -> str:
        """The control that asks for it."""

    def read(self, raw: Any) -> Any:
        """The value to keep; raises BadValue or DocumentError."""


def held_as(shape: Shape, default: Any) -> Any:
    """A dataclass field of that shape."""
    return field(default=default, metadata={"shape": shape})


def shapes_of(kind: type) -> dict[str, Any]:
    """The shapes of a dataclass's fields, by name, in order."""
    return {each.name: each.metadata["shape"] for each in fields(kind)}


def build(kind: type[T], raw: Any) -> T:
    """An instance of `kind` from raw values by name; what is missing has its default. Raises DocumentError."""
    if not isinstance(raw, Mapping):
        raise DocumentError([ValueFault("", "type", {})])
    faults = [ValueFault(str(name)[:40], "unknown_field", {}) for name in raw if name not in shapes_of(kind)]
    values: dict[str, Any] = {}
    for each in fields(kind):  # type: ignore[arg-type]
        default = each.default if each.default is not MISSING else None
        try:
            values[each.name] = each.metadata["shape"].read(raw.get(each.name, default))
        except BadValue as bad:
            faults.append(ValueFault(each.name, bad.code, bad.params))
        except DocumentError as error:
            faults += [ValueFault(f"{each.name}-{fault.field}", fault.code, fault.params) for fault in error.faults]
    if faults:
        raise DocumentError(faults)
    return kind(**values)


def plain(value: Any) -> Any:
    """An instance as JSON holds it."""
    if isinstance(value, tuple):
        return [plain(each) for each in value]
    if hasattr(value, "__dataclass_fields__"):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    return value
